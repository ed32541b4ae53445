"""What is about to happen, by the events that will tell of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from gateway.audit.entry import Target
from gateway.auth.accounts import API_KEY, IDENTITY, INVITATION, PASSWORD, SHARE, USER_KEY
from schemas import artwork, events, record
from schemas.events import Event
from schemas.topics import topic_of
from schemas.versions import FIRST_DROPPED, version_of, work_of
from schemas.viewings import FAVOURITE, PLAYED

_DETAIL = frozenset({PASSWORD, USER_KEY})
"""Credentials that are set because something else happens, which says so itself."""
_NAMES = {API_KEY: "key", INVITATION: "invitation", SHARE: "share", IDENTITY: "identity"}
_CREATED = "created"


@dataclass(frozen=True, slots=True)
class Act:
    """What is done to what."""

    action: str
    target: Target
    details: Mapping[str, str] = field(default_factory=dict)
    changes: bool = True
    """Whether it has to be in the trail before it happens."""


def act_of(said: Sequence[Event]) -> Act:
    """What these events, published together, come to; by the name of the first where that says no more."""
    found = [act for event in said if (act := _act(event)) is not None]
    return max(found, key=lambda act: act.action.startswith("user."), default=_unnamed(said[0]))


def acts_of(said: Sequence[Event]) -> list[Act]:
    """The same, one for each medium where the same is done to many."""
    records = [each for each in said if isinstance(each, events.MediaChanged)]
    return [_changed(each) for each in records] if len(records) == len(said) else [act_of(said)]


def _act(event: Event) -> Act | None:
    told = ACTS.get(type(event))
    return told(event) if told else None


def _unnamed(event: Event) -> Act:
    topic = topic_of(event)
    return Act(topic.name, Target(topic.key, str(getattr(event, topic.key))))


def _uploaded(event: events.MediaUploaded) -> Act:
    version = version_of(event.media_id)
    return Act("media.replaced" if version else "media.uploaded", _medium(event), _version(event))


def _changed(event: events.MediaChanged) -> Act:
    if event.change == record.CHANGE:
        return Act("media.edited", _medium(event), {"fields": ",".join(event.values)[:_MOST]})
    if event.change in (artwork.WANTED, artwork.CHANGE):
        return Act("media.pictured", _medium(event), {"fields": ",".join(event.values)[:_MOST]})
    if event.change == FIRST_DROPPED or version_of(event.media_id):
        return Act("media.version_deleted", _medium(event), {"version": str(version_of(event.media_id))})
    name = "media.placed" if event.change == "library" else f"media.{event.change}"
    return Act(name, _medium(event), event.values)


def _item(event: events.ItemChanged) -> Act:
    kind, _, id = event.item.partition("/")
    said = {"fields": ",".join(event.values)[:_MOST]}
    return Act("item.pictured", Target("person" if kind == "person" else "item", id), said)


def _medium(event: events.MediaUploaded | events.MediaChanged | events.PlaybackChanged) -> Target:
    return Target("media", work_of(event.media_id))


def _version(event: events.MediaUploaded) -> dict[str, str]:
    version = version_of(event.media_id)
    return {"version": str(version)} if version else {}


def _ordered(event: events.TranscodeRequested) -> Act:
    about = {"media": work_of(event.media_id), "profile": event.profile}
    return Act("job.ordered", Target("job", event.job_id), about)


def _chore(event: events.ChoreRequested) -> Act:
    said = {"chore": event.kind, "options": event.options, "schedule": event.schedule or ""}
    return Act("job.ordered", Target("job", event.job_id), {name: v[:_MOST] for name, v in said.items() if v})


def _steered(event: events.JobControlled) -> Act:
    details = {"priority": event.priority} if event.priority else {}
    return Act(f"job.{event.command}", Target("job", event.job_id), details)


def _watched(event: events.PlaybackChanged) -> Act:
    why = {"why": "; ".join(event.reasons)[:_MOST]} if event.reasons else {}
    return Act("playback.started", _medium(event), {"method": event.method} | why, changes=False)


def _viewed(event: events.ViewingChanged) -> Act:
    """What concerns nobody else needs not be written down first."""
    if event.user_id is None:
        return Act("viewing.forgotten", Target("viewing", event.viewing), changes=False)
    names = {PLAYED: ("unplayed", "played"), FAVOURITE: ("unfavourited", "favourited")}
    name = names.get(event.change, ("left", "moved"))[event.on]
    return Act(f"media.{name}", Target("media", work_of(event.media_id or "")), changes=False)


def _configured(event: events.ResourceChanged) -> Act:
    if event.kind == "worker":
        return Act("worker.ordered", Target(event.kind, event.id), {"order": event.value or ""})
    if event.kind == "access":
        return Act("access.changed", Target("media", event.id), {"access": (event.value or "{}")[:_MOST]})
    if event.kind == SHARE:
        return Act("share.made" if event.value else "share.withdrawn", Target(SHARE, event.id))
    return Act(f"{event.kind}.{'changed' if event.value else 'removed'}", Target(event.kind, event.id))


def _account(event: events.UserChanged) -> Act:
    details = {"role": event.role, "state": event.state, "groups": ",".join(event.groups)[:_MOST]}
    return Act(f"user.{event.change}", Target("user", event.user_id), details)


def _credential(event: events.CredentialChanged) -> Act | None:
    if event.kind in _DETAIL or event.kind == SHARE:
        return None
    name = _NAMES.get(event.kind, event.kind)
    about = {"user": event.user_id} if event.user_id else {}
    return Act(f"{name}.{'made' if event.value else 'withdrawn'}", Target(name, event.id), about)


def _session(event: events.SessionChanged) -> Act:
    details = {"method": event.method} | ({"reason": event.reason} if event.reason else {})
    return Act(f"session.{event.state}", Target("session", event.session_id), details)


_MOST = 1000

Told = Callable[[Any], Act | None]
ACTS: dict[type[Any], Told] = {
    events.MediaUploaded: cast(Told, _uploaded),
    events.MediaChanged: cast(Told, _changed),
    events.ItemChanged: cast(Told, _item),
    events.TranscodeRequested: cast(Told, _ordered),
    events.ChoreRequested: cast(Told, _chore),
    events.JobControlled: cast(Told, _steered),
    events.PlaybackChanged: cast(Told, _watched),
    events.ViewingChanged: cast(Told, _viewed),
    events.ResourceChanged: cast(Told, _configured),
    events.UserChanged: cast(Told, _account),
    events.CredentialChanged: cast(Told, _credential),
    events.SessionChanged: cast(Told, _session),
}
"""By what the gateway publishes."""
