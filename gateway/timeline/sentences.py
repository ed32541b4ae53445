"""What each kind of event says, in plain words, with the reasons that it carries. Pure.

No sentence names a person: who did it is said beside it, to those who may know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import orjson

from schemas import artwork, events, health, pictures, record, storage, viewings
from schemas.events import Event
from schemas.versions import FIRST_DROPPED, version_of

_NOW = "now"


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and the reasons for what it tells."""

    text: str
    why: tuple[str, ...] = ()


def said(event: Event) -> Said:
    """The sentence for an event."""
    return SENTENCES[type(event)](event)


def _because(*reasons: str | None) -> tuple[str, ...]:
    return tuple(reason for reason in reasons if reason)


def _uploaded(event: events.MediaUploaded) -> Said:
    what = "in to take its file's place" if version_of(event.media_id) else "in"
    return Said(f"“{event.name}” was taken {what}: {event.size_bytes} bytes, and they are safe.")


def _probed(event: events.MediaProbed) -> Said:
    kinds = ", ".join(f"{stream.kind} in {stream.codec}" for stream in event.streams) or "no streams"
    return Said(f"It was looked at and accepted: {event.container} of {_time(event.duration_ms)}, {kinds}.")


def _rejected(event: events.MediaRejected) -> Said:
    return Said(f"It was not accepted ({event.code}).", _because(event.reason))


def _changed(event: events.MediaChanged) -> Said:
    told = _CHANGES.get(event.change)
    if event.change == "deleted" and version_of(event.media_id):
        return Said("A version of it was deleted.")
    values = event.values
    if event.change == pictures.CHANGE:
        return _pictured(values)
    if event.change == health.CHANGE:
        return Said(
            f"Its bytes were read again: {values.get('state', 'done')}.", _because(values.get("what"))
        )
    if event.change == storage.CHANGE:
        return Said(_where_it_is(values.get(storage.CLASS, storage.STANDARD)))
    if event.change == record.CHANGE:
        return Said(f"What is said of it was edited: {', '.join(values) or 'nothing'}.")
    reason = _because(values.get("finding"), values.get("reason"))
    return Said(told, reason) if told else Said(f"It was changed: {event.change}.", reason)


_CHANGES = {
    "deleted": "It was deleted.",
    FIRST_DROPPED: "Its first file is not kept any more.",
    "quarantined": "It was put into quarantine.",
    "released": "It was released from quarantine.",
    "destroyed": "It was ordered to be destroyed.",
    artwork.WANTED: "An image was given to it, or found beside it.",
    artwork.CHANGE: "Its images were made, or taken away.",
    "placed": "It was put into its place in the hierarchy.",
    "described": "A file beside it says what it is.",
    "moved": "Its file is at another place in its library's folder.",
    "library": "It was put into another library, or out of one.",
}


def _where_it_is(where: str) -> str:
    return f"Its file was archived: {where}." if storage.is_archived(where) else "Its file is back."


def _pictured(values: dict[str, str]) -> Said:
    drawn = {kind: pictures.read(text) for kind, text in values.items() if kind in pictures.KINDS}
    failed = [f"{kind}: {one.reason}" for kind, one in drawn.items() if isinstance(one, pictures.NotDrawn)]
    which = ", ".join(drawn) or "nothing"
    return Said(f"Its pictures were drawn, as far as they can be: {which}.", tuple(failed))


def _item(event: events.ItemChanged) -> Said:
    return Said(f"Something is known of {event.item}: {event.change}.")


def _requested(event: events.TranscodeRequested) -> Said:
    return Said(f"It was asked for in the profile {event.profile}, at {event.priority} priority.")


def _progressed(event: events.TranscodeProgress) -> Said:
    return Said(f"{event.worker} has come to {event.frames_done} of {event.frames_total}.")


def _processed(event: events.MediaProcessed) -> Said:
    run, took = f"Run {event.run}", _time(event.metrics.processing_time_ms)
    if event.status == "completed":
        return Said(f"{run} completed after {took} of work.")
    return Said(f"{run} ended: {event.status} ({event.code or 'no code'}).", _because(event.reason))


def _controlled(event: events.JobControlled) -> Said:
    if event.command == "priority":
        return Said(f"Its priority was set to {event.priority}.", _because(event.reason))
    return Said(f"Run {event.run} was told to {event.command}.", _because(event.reason))


def _chore(event: events.ChoreRequested) -> Said:
    by = [f"the schedule {event.schedule} was due"] if event.schedule else []
    missed = [f"it stands for {event.missed} more that were missed"] if event.missed else []
    return Said(f"A {event.kind} was asked for, at {event.priority} priority.", (*by, *missed))


def _chore_progressed(event: events.JobProgress) -> Said:
    return Said(f"{event.worker} has come to {event.done} of {event.total}.")


def _task(event: events.TaskChanged) -> Said:
    name, worker = f"The task {event.kind} ({event.task_id[:8]})", event.worker or "a worker"
    texts = {
        "planned": "was planned",
        "ready": "was let in: workers may take it",
        "running": f"is worked on by {worker}",
        "completed": f"was completed by {worker}",
        "failed": f"failed on {worker}, {_times(event.attempts)}, and is tried again",
        "released": f"was given back by {worker}, uncounted",
        "expired": f"was taken back from {worker}, and goes to another",
        "dead": "is given up",
        "cancelled": "is not done any more",
    }
    return Said(f"{name} {texts.get(event.state, f'became {event.state}')}.", _task_reasons(event))


def _task_reasons(event: events.TaskChanged) -> tuple[str, ...]:
    if event.state == "ready" and event.plan is not None:
        urgent = "a viewer waits for what it makes"
        return (
            urgent if event.plan.priority == _NOW else f"its turn came, at {event.plan.priority} priority",
        )
    if event.state == "planned" and event.plan is not None:
        return _plan_reasons(event.plan)
    if event.state == "completed":
        return _because(_result(event.outcome).get("encoder"))
    return _because(event.error or event.code)


def _plan_reasons(plan: events.TaskPlan) -> tuple[str, ...]:
    order = _result(plan.order)
    once = "media like this failed before, so it goes last and is tried once"
    return _because(order.get("reason"), once if plan.cpu == 0 and plan.max_attempts == 1 else None)


def _result(text: str | None) -> dict[str, Any]:
    """The JSON of an order or an outcome; nothing where it is none, or says things in another way."""
    try:
        found = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return {}
    return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}


def _watched(event: events.PlaybackChanged) -> Said:
    if event.state == "started":
        return Said(f"Someone began to watch it, by {event.method}.", tuple(event.reasons))
    if event.state == "waiting":
        return Said(f"A viewer waits for segment {event.segment}.")
    return Said(f"A viewer is {event.state}.")


def _viewed(event: events.ViewingChanged) -> Said:
    if event.user_id is None:
        return Said("Someone's own state of it was forgotten.")
    if event.change == viewings.POSITION:
        return Said(
            f"Someone is at {_time(event.position_ms)} in it." if event.position_ms else "Someone left it."
        )
    names = {viewings.PLAYED: "played", viewings.FAVOURITE: "a favourite"}
    is_it = "is" if event.on else "is not"
    return Said(f"To someone it {is_it} {names.get(event.change, event.change)}.")


def _configured(event: events.ResourceChanged) -> Said:
    what = "set" if event.value else "removed"
    return Said(f"The {event.kind} {event.id} was {what} (version {event.version}).")


def _account(event: events.UserChanged) -> Said:
    return Said(f"The account was changed: {event.change}.")


def _credential(event: events.CredentialChanged) -> Said:
    return Said(f"A {event.kind} was {'set' if event.value else 'withdrawn'}.")


def _session(event: events.SessionChanged) -> Said:
    return Said(f"A session was {event.state} by {event.method}.", _because(event.reason))


def _audited(event: events.AuditRecorded) -> Said:
    times = f", {event.count} times within a minute" if event.count > 1 else ""
    reasons = (event.details.get(name) for name in ("why", "reason", "code"))
    method = f" by {event.details['method']}" if "method" in event.details else ""
    return Said(f"{event.action}{method}: {event.outcome}{times}.", _because(*reasons))


def _usage(event: events.UsageSampled) -> Said:
    return Said(f"What is stored was counted for {event.day}.")


def _beat(event: events.ServiceBeat) -> Said:
    return Said(f"{event.instance} is {event.state}.")


def _dead(event: events.DeadLetter) -> Said:
    where = f"{event.topic} {event.partition}/{event.offset}"
    return Said(
        f"The stage {event.stage} set a record aside: {where} ({event.code}).", _because(event.reason)
    )


def _time(ms: int) -> str:
    seconds = ms / 1000
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


Sentence = Callable[[Any], Said]
SENTENCES: dict[type[Any], Sentence] = {
    events.MediaUploaded: cast(Sentence, _uploaded),
    events.MediaProbed: cast(Sentence, _probed),
    events.MediaRejected: cast(Sentence, _rejected),
    events.ItemChanged: cast(Sentence, _item),
    events.MediaChanged: cast(Sentence, _changed),
    events.TranscodeRequested: cast(Sentence, _requested),
    events.TranscodeProgress: cast(Sentence, _progressed),
    events.MediaProcessed: cast(Sentence, _processed),
    events.JobControlled: cast(Sentence, _controlled),
    events.ChoreRequested: cast(Sentence, _chore),
    events.JobProgress: cast(Sentence, _chore_progressed),
    events.TaskChanged: cast(Sentence, _task),
    events.PlaybackChanged: cast(Sentence, _watched),
    events.ViewingChanged: cast(Sentence, _viewed),
    events.ResourceChanged: cast(Sentence, _configured),
    events.UserChanged: cast(Sentence, _account),
    events.CredentialChanged: cast(Sentence, _credential),
    events.SessionChanged: cast(Sentence, _session),
    events.AuditRecorded: cast(Sentence, _audited),
    events.UsageSampled: cast(Sentence, _usage),
    events.ServiceBeat: cast(Sentence, _beat),
    events.DeadLetter: cast(Sentence, _dead),
}
"""By what an event is. A kind without a sentence fails a test."""
