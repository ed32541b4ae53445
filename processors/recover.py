"""Deriving a lost ledger again from the log: a new incarnation, whose fences no earlier claim passes.

Claims stay shut until everything up to the log's end at the start has been read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from connectors.ports import Clock, Database, Document, FromNow, History, Transient
from connectors.read_models import POINTER, STATE
from processors.care.handle import chore_job
from processors.folders.recalled import Recalled
from processors.transcode import poison
from processors.transcode.handle import requested_job
from processors.views.rebuild import Rebuild
from processors.work.jobs import CLOSED, PLANNED, Job
from processors.work.ledger import INDEXES, JOBS, LEDGER, MEDIA, SCHEDULES, TASKS
from processors.work.tasks import CANCELLED, COMPLETED, DEAD, WAITING, Task
from schemas import events
from schemas.events import Event, new_id
from schemas.medium import Medium

log = structlog.get_logger()

_LOOK_AGAIN_S = 0.1
_SILENT = timedelta(seconds=15)
_STILL_HERE_S = 3.0
_NOW = FromNow(timedelta(0))

TOPICS = (
    "transcode.requested",
    "chore.requested",
    "media.uploaded",
    "media.probed",
    "media.rejected",
    "media.changed",
    "job.controlled",
    "media.processed",
    "task.changed",
)


@dataclass(slots=True)
class Found:
    """What the log says, gathered in any order."""

    jobs: dict[str, Job] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
    """The highest run of each job that was really opened."""
    verdicts: dict[tuple[str, int], dict[str, str | None]] = field(default_factory=dict)
    retried: dict[tuple[str, int], events.JobControlled] = field(default_factory=dict)
    pauses: dict[tuple[str, int], events.JobControlled] = field(default_factory=dict)
    """What was last said of pausing each run."""
    media: dict[str, Document] = field(default_factory=dict)
    plans: dict[str, Task] = field(default_factory=dict)
    last: dict[str, events.TaskChanged] = field(default_factory=dict)
    """The last that was told of each task."""
    dues: dict[str, datetime] = field(default_factory=dict)
    """The last moment at which each schedule was heeded."""
    folders: Recalled = field(default_factory=Recalled)

    def hear(self, event: Event) -> None:
        """Takes one event in."""
        match event:
            case events.TranscodeRequested():
                self.jobs[event.job_id] = requested_job(event)
            case events.ChoreRequested():
                self.jobs[event.job_id] = chore_job(event)
                self._hear_due(event)
            case events.MediaProcessed():
                self.verdicts[event.job_id, event.run] = {"status": event.status, "code": event.code}
            case events.JobControlled(command="retry"):
                self.retried[event.job_id, event.run] = event
            case events.JobControlled(command="pause" | "resume"):
                self._hear_pause(event)
            case events.TaskChanged():
                self._hear_task(event)
            case (
                events.MediaUploaded() | events.MediaProbed() | events.MediaRejected() | events.MediaChanged()
            ):
                if fact := _fact(event):
                    self.media.setdefault(event.media_id, {}).update(fact)
                self.folders.hear(event)
            case _:
                pass

    def _hear_pause(self, event: events.JobControlled) -> None:
        known = self.pauses.get((event.job_id, event.run))
        if known is None or _said_at(event) > _said_at(known):
            self.pauses[event.job_id, event.run] = event

    def _hear_due(self, event: events.ChoreRequested) -> None:
        if event.schedule is not None and event.due_at is not None:
            known = self.dues.get(event.schedule, event.due_at)
            self.dues[event.schedule] = max(known, event.due_at)

    def _hear_task(self, event: events.TaskChanged) -> None:
        if event.plan is not None and event.state == "planned":
            self.plans[event.task_id] = Task.planned(event)
            self.runs[event.job_id] = max(event.run, self.runs.get(event.job_id, 1))
        known = self.last.get(event.task_id)
        if known is None or _order(event) > _order(known):
            self.last[event.task_id] = event

    def died(self, media_id: str) -> Document:
        """The jobs over a medium whose tasks died, by code; nothing where another has completed."""
        jobs = [job.id for job in self.jobs.values() if job.media_id == media_id]
        ends = [verdict["status"] for (job_id, _), verdict in self.verdicts.items() if job_id in jobs]
        dead = [event for event in self.last.values() if event.state == DEAD and event.job_id in jobs]
        fact: dict[str, list[str]] = {}
        for event in dead if "completed" not in ends else []:
            fact = poison.died({poison.FACT: fact}, event.code or "failed", event.job_id)
        return {poison.FACT: fact} if fact else {}

    def run_of(self, job_id: str) -> int:
        """The job's present run: the last that was planned, or retried after one that ended."""
        run = self.runs.get(job_id, 1)
        while (job_id, run + 1) in self.retried and (job_id, run) in self.verdicts:
            run += 1
        return run

    def job(self, found: Job) -> Job:
        """A job as it stands."""
        run = self.run_of(found.id)
        again = self.retried.get((found.id, run))
        status = self.verdicts.get((found.id, run))
        pause = None if status else self.pauses.get((found.id, run))
        at_on = _said_at(pause) if pause else None
        planned = any(task.job_id == found.id and task.run == run for task in self.plans.values())
        return replace(
            found,
            run=run,
            requested_at=again.meta.occurred_at if again else found.requested_at,
            state=CLOSED if status else PLANNED if planned else found.state,
            verdict={"run": run, **status} if status else None,
            pause={"run": run, "at": at_on[0], "on": at_on[1]} if at_on else None,
        )

    def task(self, planned: Task) -> Task:
        """A task as it stands; what ran when the ledger was lost waits again, past its old epochs."""
        last = self.last[planned.id]
        state = {"completed": COMPLETED, "dead": DEAD}.get(last.state, WAITING)
        if (planned.job_id, planned.run) in self.verdicts and state == WAITING:
            state = CANCELLED
        return replace(planned, state=state, epoch=last.epoch, attempts=last.attempts)


def _fact(
    event: events.MediaUploaded | events.MediaProbed | events.MediaRejected | events.MediaChanged,
) -> Document:
    """What stages remember of a medium for this."""
    match event:
        case events.MediaUploaded():
            return {"uploaded": {"location": event.location}}
        case events.MediaProbed():
            return {"probed": Medium.of(event).written()}
        case events.MediaRejected():
            return {"rejected": {"code": event.code, "reason": event.reason}}
        case events.MediaChanged(change="quarantined"):
            return {"held": dict(event.values)}
        case events.MediaChanged(change="moved"):
            return {"moved": {"version": event.version, "place": event.values.get("place", "")}}
        case events.MediaChanged(change="deleted" | "released" as change):
            return {change: {"at": event.meta.occurred_at}}
        case _:
            return {}


def _said_at(event: events.JobControlled) -> tuple[datetime, bool]:
    return (event.meta.occurred_at, event.command == "pause")


def _order(event: events.TaskChanged) -> tuple[int, int]:
    ranks = ("planned", "ready", "running", "released", "failed", "expired", "cancelled", "dead", "completed")
    return (event.epoch, ranks.index(event.state) if event.state in ranks else 0)


async def ensure_state(database: Database, history: History, clock: Clock) -> str:
    """Makes sure that there are a ledger and read models; returns the ledger's incarnation.

    A database that is new, or was lost, gets both from the log, by one process; the others wait for it.
    """
    begun: str | None = None
    while True:
        try:
            document = await database.get(STATE, LEDGER)
            if document is not None and document["open"]:
                await _index(database)
                return str(document["incarnation"])
            if begun is None and await _begin(database, document, mine := new_id()):
                begun = mine
            if begun is not None:
                await _derive_and_say_so(database, history, clock, begun)
        except Transient as error:
            log.warning("deriving from the log has to wait", error=str(error))
        await asyncio.sleep(_LOOK_AGAIN_S)


async def _index(database: Database) -> None:
    """Makes the indexes that are missing: also those that this version is the first to need."""
    for name, indexes in INDEXES.items():
        for fields in indexes:
            await database.index(name, fields)


async def _begin(database: Database, found: Document | None, incarnation: str) -> bool:
    """Whether it is for this process to derive: nobody else has begun, or who had begun went silent."""
    now = await database.now()
    begun: Document = {"incarnation": incarnation, "open": False, "begun_at": now}
    if found is None:
        return await database.insert(STATE, {"_id": LEDGER, **begun})
    if now - found["begun_at"] < _SILENT:
        return False
    return await database.change(STATE, LEDGER, {"incarnation": found["incarnation"]}, begun)


async def _derive_and_say_so(database: Database, history: History, clock: Clock, incarnation: str) -> None:
    """Derives, and shows meanwhile that this process is alive, so that nobody else begins."""

    async def still_here() -> None:
        while True:
            await asyncio.sleep(_STILL_HERE_S)
            await database.change(STATE, LEDGER, {"incarnation": incarnation}, {"begun_at": _NOW})

    saying = asyncio.create_task(still_here())
    try:
        await _derive(database, history, clock, incarnation)
    finally:
        saying.cancel()
        await asyncio.gather(saying, return_exceptions=True)


async def _derive(database: Database, history: History, clock: Clock, incarnation: str) -> None:
    log.info("deriving the ledger and the read models from the log")
    await _index(database)
    found = Found()
    async for deliveries in history.read({}, await history.ends(TOPICS)):
        for delivery in deliveries:
            found.hear(delivery.event)
    for name, document in _documents(found):
        await database.insert(name, document)
    if await database.get(STATE, POINTER) is None:
        await Rebuild(database, history, clock, log.info).first()
    await database.change(STATE, LEDGER, {"incarnation": incarnation}, {"open": True})
    log.info("the ledger is open", jobs=len(found.jobs), tasks=len(found.plans))


def _documents(found: Found) -> Iterable[tuple[str, Document]]:
    yield from found.folders.documents()
    for media_id, facts in found.media.items():
        yield MEDIA, {"_id": media_id, **facts, **found.died(media_id)}
    for job in map(found.job, found.jobs.values()):
        body = asdict(job)
        yield JOBS, {"_id": body.pop("id"), **body, "outbox": None}
    for name, due_at in found.dues.items():
        yield SCHEDULES, {"_id": name, "due_at": due_at, "outbox": None}
    for task in map(found.task, found.plans.values()):
        yield TASKS, task.written()
