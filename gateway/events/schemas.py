"""Live messages as JSON, on both transports."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from pydantic import Field

from gateway.errors import Invalid
from gateway.events.messages import LIVE_TOPICS, Filter
from gateway.json_types import Exact


class Subscription(Exact):
    """What a WebSocket client sends, first and whenever it wants something else."""

    subscribe: Filter
    after: str | None = Field(None, max_length=200, description="The id of the last event that one had.")


def checked(wanted: Filter) -> Filter:
    """Raises Invalid for topics that do not go out."""
    unknown = wanted.topic - set(LIVE_TOPICS)
    if unknown:
        detail = f"{', '.join(sorted(unknown))} can't be followed; {', '.join(LIVE_TOPICS)} can."
        raise Invalid("unknown-topic", detail, topics=list(LIVE_TOPICS))
    return wanted


async def filter_of_query(
    job_id: Annotated[str | None, Query(max_length=128, description="Only events of this job.")] = None,
    media_id: Annotated[
        str | None, Query(max_length=128, description="Only events naming this medium.")
    ] = None,
    topic: Annotated[list[str] | None, Query(description="Only events of these topics.")] = None,
) -> Filter:
    """The filter that a request's query asks for."""
    return checked(Filter(job_id=job_id, media_id=media_id, topic=frozenset(topic or ())))
