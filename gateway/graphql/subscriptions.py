"""What may be followed, over the same hub and for the same audience as the other live events."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import orjson
import strawberry
from strawberry.scalars import JSON

from connectors.ports import Position
from gateway.commands import VIEWS
from gateway.errors import Invalid, Problem
from gateway.events.live import Outbox
from gateway.events.messages import Filter, Message
from gateway.events.schemas import checked
from gateway.freshness import wait_for
from gateway.graphql.asking import Asking, Info
from gateway.graphql.shapes import gives
from gateway.graphql.types import JobType
from gateway.jobs import lookup
from gateway.jobs.render import ENDED
from gateway.jobs.schemas import Job
from schemas.topics import BY_NAME

TRANSPORT = "graphql-subscription"
_LONGEST_ID = 128
_LOOK_AGAIN_S = 1.0


class LetGo(Problem):
    """Nothing more will come of a subscription."""

    status = HTTPStatus.GONE

    def __init__(self, reason: str) -> None:
        super().__init__("closed", reason)


@strawberry.type(description="Something that happened.")
class Event:
    topic: str
    id: str = strawberry.field(description="Its place in the log.")
    data: JSON = strawberry.field(description="The event's fields, as in /asyncapi.json.")


@strawberry.type(
    description="What may be followed. Where nothing more will come, the last word is an error that says why."
)
class Subscription:
    @gives(Event, live=True)
    async def events(
        self,
        info: Info,
        topics: list[str] | None = None,
        media_id: strawberry.ID | None = None,
        job_id: strawberry.ID | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Events of what one may see, from now on."""
        asking = info.context.allowed("events:read")
        async with _followed(asking, _filter(topics, media_id, job_id)) as (_, messages):
            async for message in messages:
                yield Event(topic=message.topic, id=message.id, data=orjson.loads(message.data))

    @gives(JobType, live=True)
    async def job_progress(self, info: Info, id: strawberry.ID) -> AsyncGenerator[Any, None]:
        """A job, now and whenever it has changed, until it has ended."""
        asking = info.context.allowed("events:read").allowed("jobs:read")
        async with _followed(asking, _filter(None, None, id)) as (outbox, messages):
            shown = await lookup.find(asking.services, asking.principal, id)
            yield shown
            async for message in messages if shown.state not in ENDED else _nothing():
                job = await _after(asking, outbox, message, id)
                asking.forget()
                if job != shown:
                    yield (shown := job)
                if job.state in ENDED:
                    return


def _filter(topics: list[str] | None, media_id: str | None, job_id: str | None) -> Filter:
    """Raises Invalid for what can't be followed."""
    if len(media_id or "") > _LONGEST_ID or len(job_id or "") > _LONGEST_ID:
        raise Invalid("invalid", f"Ids have up to {_LONGEST_ID} characters.")
    return checked(Filter(job_id=job_id, media_id=media_id, topic=frozenset(topics or ())))


@asynccontextmanager
async def _followed(asking: Asking, wanted: Filter) -> AsyncIterator[tuple[Outbox, AsyncIterator[Message]]]:
    """The events of what someone may see. Raises LetGo after the last of them."""
    with asking.services.hub.client(TRANSPORT, wanted, asking.principal) as outbox:
        yield outbox, asking.services.audience.messages(outbox)
        if outbox.closed_because is not None:
            raise LetGo(outbox.closed_because)


async def _nothing() -> AsyncIterator[Message]:
    return
    yield


async def _after(asking: Asking, outbox: Outbox, message: Message, job_id: str) -> Job:
    """The job once the read models know of an event: live clients hear of it sooner."""
    topic, partition, offset = message.id.split("/")
    place = Position(topic, int(partition), int(offset))
    if VIEWS in BY_NAME[topic].consumers:
        while outbox.closed_because is None:
            if await wait_for(asking.services.read_models, [place], _LOOK_AGAIN_S):
                break
    return await lookup.find(asking.services, asking.principal, job_id)
