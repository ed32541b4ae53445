"""What each event changes in the read models: pure, and a lattice.

Every step is "become the greater of the two", so any order of any events, with any repeats, gives the same
documents. What orders a value is written first in it: a state is (run, rank, …), the rest (time, …).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

import orjson

from connectors.ports import Merge
from connectors.rooted.located import is_in_root
from processors.views.activity import acted
from processors.views.places import NODE_INDEXES, NODES, PLACE_INDEXES, PLACES, placed, unplaced
from processors.views.viewings import VIEWING_INDEXES, VIEWINGS, viewed
from processors.work.tasks import WAITS
from schemas import artwork, described, events, health, marks, pictures, record, shelving, storage, versions
from schemas.activity import MONTHS
from schemas.events import Event
from schemas.medium import Medium

MEDIA = "media"
VERSIONS = "versions"
JOBS = "jobs"
RESOURCES = "resources"
USERS = "users"
AUDIT = "audit"
CHAINS = "audit_chains"
EXTENTS = "extents"
ITEMS, BORN = "items", "born"
USAGE = "usage"

UPLOADED, READY, REJECTED, DELETED = "uploaded", "ready", "rejected", "deleted"
QUARANTINED, RELEASED = "quarantined", "released"
PENDING, PROCESSING = "pending", "processing"

_MEDIA_RANKS = {UPLOADED: 0, QUARANTINED: 0.3, RELEASED: 0.6, READY: 1, REJECTED: 2, DELETED: 3}
"""What came later has a place between those that documents have already."""
_JOB_RANKS = {PENDING: 0, PROCESSING: 1, "cancelled": 2, "failed": 3, "completed": 4}

_ACCESS = "access"
"""The kind of resource that says who else may have a medium."""
_LIBRARY = "library"
_FOLDERS_FROM = 5
"""Which part of a location in an operator's folder is the first below its root."""
_MOVED = "moved"
"""A medium's file is at another place of the operator's folders."""
_PLACES = {
    _LIBRARY: ("id", "library_id", None),
    _MOVED: ("place", "place", ""),
    storage.CHANGE: ("class", storage.CLASS, storage.STANDARD),
}
"""Where a medium is, by the change that says so: each is a register of its own, with one name in it, the
value of the event that it is, and what it is where the event has none.
"""

_AT_REST = frozenset({"completed", "failed", "released", "expired", "dead", "cancelled"})
"""Of tasks: nobody works on them."""
_BEGUN = {"planned": PENDING, "running": PROCESSING}
"""What a task's state says of its job's."""
_NOT_JOBS = frozenset({"probe", "check", artwork.TASK, *pictures.KINDS})
"""Tasks of taking a medium in: they belong to no job."""

_NEWEST = "created_at"


def _listed_by(*paths: str) -> list[list[str]]:
    """Indexes for pages, newest first: of all, and of those that have one value in one of these places."""
    return [[_NEWEST], *([path, _NEWEST] for path in paths)]


_SEEN_BY = ("upload.owner_id", "access.names", "library.id")
"""What decides who sees a medium."""
_LABELS = [f"record.{field}.labels" for field in record.LABELS]

INDEXES: dict[str, list[list[str]]] = {
    MEDIA: [
        *_listed_by(*_SEEN_BY, "status.name", "upload.name", "upload.sha256", *_LABELS, *record.STARTS),
        [versions.ANY_LATER, _NEWEST],
        *([order] for order in record.ORDERS[1:]),
    ],
    VERSIONS: _listed_by("of", "status.name", "upload.owner_id", "upload.sha256"),
    JOBS: _listed_by("request.owner_id", "request.media_id", "request.schedule", "state.name", "pause.on"),
    RESOURCES: [["kind", "now.at"]],
    USERS: _listed_by("now.state", "now.role"),
    AUDIT: _listed_by(
        "record.target_id", "record.actor_id", "record.action", "record.target_kind", "record.outcome"
    ),
    VIEWINGS: VIEWING_INDEXES,
    MONTHS: [],
    CHAINS: [["head.anchored"]],
    EXTENTS: [],
    ITEMS: [[BORN]],
    marks.MARKS: marks.INDEXES,
    NODES: NODE_INDEXES,
    PLACES: PLACE_INDEXES,
    USAGE: [["by", "now.at"]],
}
"""What the gateway asks by."""

TOPICS = (
    "media.uploaded",
    "media.probed",
    "media.rejected",
    "media.changed",
    "item.changed",
    "transcode.requested",
    "transcode.progress",
    "chore.requested",
    "job.progress",
    "task.changed",
    "job.controlled",
    "media.processed",
    "viewing.changed",
    "resource.changed",
    "user.changed",
    "usage.sampled",
    "audit.recorded",
)


def steps(event: Event, offset: int = 0) -> list[Merge]:
    """The steps that an event is worth; none for events that the read models do not show.

    Its offset orders what the log keeps only the last of.
    """
    if isinstance(event, events.ViewingChanged):
        return viewed(event, offset)
    step = _STEPS.get(type(event))
    return step(event) if step else []


def _extents(values: dict[str, datetime | int]) -> list[Merge]:
    """How far the orders of media reach, both ways: to look for an end of one costs a look at all of it."""
    found: dict[str, Any] = {}
    for path, value in values.items():
        number = value if isinstance(value, int) else int(value.timestamp() * 1000)
        found |= {
            f"{record.extent_of(path)}.{end}": each for end, each in (("up", number), ("down", -number))
        }
    return [Merge(EXTENTS, MEDIA, found)]


def _media_status(name: str) -> dict[str, Any]:
    return {"rank": _MEDIA_RANKS[name], "name": name}


def _job_state(run: int, name: str) -> dict[str, Any]:
    return {"run": run, "rank": _JOB_RANKS[name], "name": name}


def _said(event: Any, *without: str) -> dict[str, Any]:
    """The event's own fields, after the time that orders them."""
    body = asdict(event)
    meta = body.pop("meta")
    return {"at": meta["occurred_at"], **{k: v for k, v in body.items() if k not in without}}


def _media(event: Any, **fields: Any) -> list[Merge]:
    """What took the place of a medium's first file has a document of its own."""
    known, work = {**fields, "updated_at": event.meta.occurred_at}, versions.work_of(event.media_id)
    if work == event.media_id:
        return [Merge(MEDIA, work, known)]
    return [Merge(VERSIONS, event.media_id, {**known, "of": work}), *_later(work, fields)]


def _later(work: str, fields: Mapping[str, Any]) -> list[Merge]:
    """That a later file of a medium was so once: it is listed by what its files are."""
    said = [fields["status"]["name"]] if "status" in fields else []
    if storage.is_archived(fields.get(storage.CHANGE, {}).get("class", storage.STANDARD)):
        said.append(versions.ARCHIVED)
    told = {versions.ANY_LATER: True} | {versions.later(each): True for each in said}
    return [Merge(MEDIA, work, told)] if said else []


def _job(event: Any, **fields: Any) -> list[Merge]:
    return [Merge(JOBS, event.job_id, {**fields, "updated_at": event.meta.occurred_at})]


def _uploaded(event: events.MediaUploaded) -> list[Merge]:
    upload = {**_said(event, "media_id"), **record.found_by([event.name, *_names(event)])}
    at = event.meta.occurred_at
    born = {"library": {"version": 0, "at": at, "id": event.library_id}} if event.library_id else {}
    extents = _extents({"created_at": at})
    return _media(event, **born, upload=upload, created_at=at, status=_media_status(UPLOADED)) + extents


def _names(event: events.MediaUploaded) -> list[str]:
    """The folders that a file was found in: a work's title is often there alone."""
    return event.location.split("/")[_FOLDERS_FROM:-1] if is_in_root(event.location) else []


def _probed(event: events.MediaProbed) -> list[Merge]:
    medium = Medium.of(event)
    kind = next((kind for kind in ("video", "audio") if medium.main(kind)), None)
    probe = {**_said(event, "media_id"), "kind": kind}
    extents = _extents({record.SIZE: event.size_bytes, record.DURATION: event.duration_ms})
    return [*_media(event, probe=probe, status=_media_status(READY)), _current(event, kind), *extents]


def _current(event: events.MediaProbed, kind: str | None) -> Merge:
    """The latest version that was accepted is shown, with what media are put in order by."""
    said: dict[str, Any] = {"version": versions.version_of(event.media_id)}
    said |= {"size_bytes": event.size_bytes, "duration_ms": event.duration_ms, "kind": kind}
    return Merge(MEDIA, versions.work_of(event.media_id), {"current": said})


def _rejected(event: events.MediaRejected) -> list[Merge]:
    return _media(event, rejection=_said(event, "media_id"), status=_media_status(REJECTED))


def _changed(event: events.MediaChanged) -> list[Merge]:
    if event.change == DELETED:
        gone = _media(event, deleted_at=event.meta.occurred_at, status=_media_status(DELETED))
        return [*gone, unplaced(event.media_id)]
    if event.change == versions.FIRST_DROPPED:
        return _media(event, dropped_at=event.meta.occurred_at)
    if event.change in _PLACES:
        name, value, otherwise = _PLACES[event.change]
        where = {"version": event.version, "at": event.meta.occurred_at}
        if event.change == _MOVED:
            where |= record.found_by(event.values.get("place", "").split("/")[1:])
        return _media(event, **{event.change: {**where, name: event.values.get(value, otherwise)}})
    if event.change == record.CHANGE:
        said = record.registers(event.version, event.values)
        released = said.get(record.RELEASED, {}).get("at")
        extents = _extents({record.RELEASED_AT: released}) if released else []
        return _media(event, **{f"record.{place}": each for place, each in said.items()}) + extents
    if event.change == health.CHANGE:
        return _media(event, health={"at": event.meta.occurred_at, **event.values})
    if event.change == QUARANTINED:
        held = {"at": event.meta.occurred_at, "finding": event.values.get("finding", "")}
        return _media(event, quarantine=held, status=_media_status(QUARANTINED))
    if event.change == RELEASED:
        return _media(event, status={**_media_status(RELEASED), "name": UPLOADED})
    return _found_out(event)


def _found_out(event: events.MediaChanged) -> list[Merge]:
    """What the platform learned of a medium."""
    if event.change == shelving.CHANGE:
        return placed(event)
    if event.change == described.CHANGE:
        return _media(event, **described.register(event.version, event.values))
    return _pictured(event)


def _pictured(event: events.MediaChanged) -> list[Merge]:
    if event.change in (artwork.WANTED, artwork.CHANGE):
        return _media(event, **artwork.registers(event.change, event.version, event.values))
    if event.change != pictures.CHANGE:
        return []
    said = {
        f"pictures.{kind}": {"at": event.meta.occurred_at, **asdict(pictures.read(text))}
        for kind, text in event.values.items()
        if kind in pictures.KINDS
    }
    return _media(event, **said)


def _item(event: events.ItemChanged) -> list[Merge]:
    """Folders, nodes and people: what is known of each, apart from the media that make them."""
    if event.change == described.CHANGE:
        said = described.register(event.version, event.values)
    else:
        said = artwork.registers(event.change, event.version, event.values)
    born = -int(event.meta.occurred_at.timestamp() * 1000)
    return [Merge(ITEMS, event.item, {BORN: born, **said})]


def _requested(event: events.TranscodeRequested) -> list[Merge]:
    request = {**_said(event, "job_id", "run"), "kind": "transcode", **_about(event.media_id)}
    return _job(
        event, request=request, created_at=event.meta.occurred_at, state=_job_state(event.run, PENDING)
    )


def _about(source_id: str) -> dict[str, Any]:
    return {"media_id": versions.work_of(source_id), "version": versions.version_of(source_id)}


def _chore_requested(event: events.ChoreRequested) -> list[Merge]:
    """A job about no medium, in no profile; its kind is its name."""
    request = {**_said(event, "job_id", "run"), "media_id": "", "profile": "", "name": event.kind}
    return _job(
        event, request=request, created_at=event.meta.occurred_at, state=_job_state(event.run, PENDING)
    )


def _task_changed(event: events.TaskChanged) -> list[Merge]:
    """A planned task opens its run, a running one shows that it has begun, and one that ended rests.

    What a run waits for is what a task was given back for, until one gets through.
    """
    if event.kind in _NOT_JOBS:
        return []
    fields: dict[str, Any] = {}
    if event.state in _AT_REST:
        rest = {"at": event.meta.occurred_at, "per_s": 0.0, "speed": 0.0}
        fields[f"rates.{event.run}.{event.task_id}"] = rest
    if event.state == "completed" or event.code == WAITS:
        fields["waits"] = {"run": event.run, "at": event.meta.occurred_at, "why": event.error}
    if event.state in _BEGUN:
        fields["state"] = _job_state(event.run, _BEGUN[event.state])
    return _job(event, **fields) if fields else []


def _progressed(event: events.TranscodeProgress) -> list[Merge]:
    pace = {
        "run": event.run,
        "frames_done": event.frames_done,
        "at": event.meta.occurred_at,
        "speed": event.speed,
        "eta_ms": event.eta_ms,
    }
    total = {"run": event.run, "value": event.frames_total}
    done = {f"progress.{event.run}.{event.task_id}": event.frames_done}
    rate = {"at": event.meta.occurred_at, "per_s": event.units_per_s, "speed": event.speed}
    return _job(event, pace=pace, frames_total=total, **done, **{f"rates.{event.run}.{event.task_id}": rate})


def _chore_progressed(event: events.JobProgress) -> list[Merge]:
    at, task = event.meta.occurred_at, f"{event.run}.{event.task_id}"
    rate = {"at": at, "per_s": event.units_per_s, "speed": 0.0}
    total = {"run": event.run, "value": event.total}
    return _job(event, frames_total=total, **{f"progress.{task}": event.done, f"rates.{task}": rate})


def _controlled(event: events.JobControlled) -> list[Merge]:
    at = event.meta.occurred_at
    match event.command:
        case "priority":
            return _job(event, priority={"at": at, "value": event.priority})
        case "pause" | "resume":
            return _job(event, pause={"run": event.run, "rank": 0, "at": at, "on": event.command == "pause"})
        case _:
            return []


def _processed(event: events.MediaProcessed) -> list[Merge]:
    state = _job_state(event.run, event.status)
    outcome = {"run": event.run, "rank": state["rank"], **_said(event, "job_id", "run")}
    pause = {"run": event.run, "rank": 1, "at": event.meta.occurred_at, "on": False}
    return _job(event, outcome=outcome, state=state, pause=pause)


def _configured(event: events.ResourceChanged) -> list[Merge]:
    """The last version stands; what was removed stays as a version without a value."""
    order = {"version": event.version, "at": event.meta.occurred_at}
    merges = [Merge(RESOURCES, event.resource, {"kind": event.kind, "now": {**order, "value": event.value}})]
    if event.kind == _ACCESS:
        given = orjson.loads(event.value or "{}")
        access = {**order, "names": sorted(given), "value": given}
        merges.append(Merge(MEDIA, event.id, {"access": access, "updated_at": event.meta.occurred_at}))
    return merges


def _account(event: events.UserChanged) -> list[Merge]:
    """The last version stands; of two that claim the same number, the first."""
    order = {"version": event.version, "before": -int(event.meta.occurred_at.timestamp() * 1000)}
    said = _said(event, "user_id", "version", "created_at")
    return [Merge(USERS, event.user_id, {"created_at": event.created_at, "now": {**order, **said}})]


def _audited(event: events.AuditRecorded) -> list[Merge]:
    """A row of its own, and where its chain and those that it vouches for are.

    Of two that claim the same place one stands, whichever: `sluice audit verify` sees both.
    """
    record = {"hash": event.hash, **asdict(event)}
    row = Merge(AUDIT, event.meta.event_id, {"created_at": event.meta.occurred_at, "record": record})
    known = [_chain_head(each, anchored=True) for each in event.heads]
    return [row, _chain_head(event, anchored=False), *known, *acted(event)]


def _chain_head(link: events.AuditRecorded | events.Head, *, anchored: bool) -> Merge:
    head = {"number": link.number, "anchored": anchored, "hash": link.hash}
    return Merge(CHAINS, link.chain, {"head": head})


def _sampled(event: events.UsageSampled) -> list[Merge]:
    """A document of each, with its last sample of each day."""
    return [_amount(event, each) for each in event.amounts]


def _amount(event: events.UsageSampled, amount: events.UsageAmount) -> Merge:
    now = {"at": event.meta.occurred_at, "files": amount.files, "size_bytes": amount.size_bytes}
    said = {"by": event.by, "key": amount.key, "now": now, f"days.{event.day}": now}
    return Merge(USAGE, f"{event.by}/{amount.key}", said)


Step = Callable[[Any], list[Merge]]
_STEPS: dict[type[Any], Step] = {
    events.MediaUploaded: cast(Step, _uploaded),
    events.MediaProbed: cast(Step, _probed),
    events.MediaRejected: cast(Step, _rejected),
    events.MediaChanged: cast(Step, _changed),
    events.ItemChanged: cast(Step, _item),
    events.TranscodeRequested: cast(Step, _requested),
    events.TranscodeProgress: cast(Step, _progressed),
    events.ChoreRequested: cast(Step, _chore_requested),
    events.JobProgress: cast(Step, _chore_progressed),
    events.TaskChanged: cast(Step, _task_changed),
    events.JobControlled: cast(Step, _controlled),
    events.MediaProcessed: cast(Step, _processed),
    events.ResourceChanged: cast(Step, _configured),
    events.UserChanged: cast(Step, _account),
    events.AuditRecorded: cast(Step, _audited),
    events.UsageSampled: cast(Step, _sampled),
}
