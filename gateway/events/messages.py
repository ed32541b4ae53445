"""Events as live clients get them: which go out, what they look like, and which replace each other."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from sse_starlette import ServerSentEvent

from connectors.ports import Delivery
from schemas.events import Event, JobProgress, TaskChanged, TranscodeProgress
from schemas.topics import TOPICS
from schemas.versions import work_of

LIVE_TOPICS = tuple(
    topic.name
    for topic in TOPICS
    if topic.name.startswith(("media.", "transcode.", "playback."))
    or topic.name in ("job.controlled", "job.progress", "chore.requested", "task.changed", "service.beat")
)
"""The topics that go out; the others are between the processes of an installation."""


@dataclass(frozen=True)
class Message:
    """One event on its way to live clients. Of those with one `slot`, only the latest is worth sending."""

    topic: str
    id: str
    data: bytes
    slot: str
    job_id: str | None
    media_id: str | None

    @cached_property
    def about(self) -> str:
        """What decides who may know of it."""
        return f"media/{self.media_id}" if self.media_id else f"job/{self.job_id}"

    @cached_property
    def as_sse(self) -> bytes:
        """What a stream of server-sent events says; made once for all clients."""
        return ServerSentEvent(event=self.topic, id=self.id, data=self.data.decode()).encode()

    @cached_property
    def as_text(self) -> str:
        """What a WebSocket says; made once for all clients."""
        said = {"type": "event", "topic": self.topic, "id": self.id, "data": orjson.Fragment(self.data)}
        return orjson.dumps(said).decode()


class Filter(BaseModel):
    """Which events are wanted: those that match all that is given."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    job_id: str | None = Field(None, max_length=128, description="Only those of this job.")
    media_id: str | None = Field(None, max_length=128, description="Only those that name this medium.")
    topic: frozenset[str] = Field(frozenset(), description="Only those of these topics.")

    def wants(self, message: Message) -> bool:
        """Whether a message matches."""
        return (
            (self.job_id is None or message.job_id == self.job_id)
            and (self.media_id is None or message.media_id == self.media_id)
            and (not self.topic or message.topic in self.topic)
        )


def message_of(delivery: Delivery) -> Message:
    """The message for an event."""
    event, place = delivery.event, delivery.position
    id = f"{place.topic}/{place.partition}/{place.offset}"
    slot = f"{event.job_id}/{event.task_id}" if isinstance(event, TranscodeProgress | JobProgress) else id
    return Message(
        topic=place.topic,
        id=id,
        data=orjson.dumps(_flat(event), option=orjson.OPT_UTC_Z),
        slot=slot,
        job_id=getattr(event, "job_id", None),
        media_id=medium_of(event),
    )


def _flat(event: Event) -> dict[str, Any]:
    """An event's fields beside what it says about itself, as on the wire."""
    said = {f.name: getattr(event, f.name) for f in fields(event) if f.name != "meta"}
    if "media_id" in said:
        said["media_id"] = work_of(said["media_id"])
    return {f.name: getattr(event.meta, f.name) for f in fields(event.meta)} | said


def medium_of(event: Event) -> str | None:
    """The medium that an event is about, whichever of its versions."""
    named = event.plan if isinstance(event, TaskChanged) else event
    said = getattr(named, "media_id", None)
    return work_of(said) if said is not None else None
