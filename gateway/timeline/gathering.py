"""Gathers what happened to one thing, from the log and, for who manages it, from the audit log."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from connectors.ports import Delivery, Document, Position, Query
from gateway.audit.looking import AUDIT
from gateway.audit.render import record_of
from gateway.errors import Unavailable
from gateway.jobs.makers import JOBS
from gateway.media import versions
from gateway.services import Services

_OF_MEDIA = ("media.uploaded", "media.probed", "media.rejected", "media.changed", "task.changed")
_HEADS = ("transcode.requested", "job.controlled", "media.processed")
"""What a medium's timeline tells of its jobs; theirs tell the rest."""
_OF_JOB = (*_HEADS, "chore.requested", "task.changed")
_PROGRESS = ("transcode.progress", "job.progress")
_EARLY, _LATE = timedelta(minutes=1), timedelta(minutes=10)
"""Clocks differ, and what a thing's document tells of comes a little after other things."""
_OPEN = frozenset({"pending", "processing", "uploaded", "quarantined"})
_WITHIN_S = 20.0
_MOST_DECISIONS, _MOST_JOBS = 1000, 1000
_TOLD_ONCE = frozenset({"playback.started", "media.downloaded", "job.downloaded", "access.changed"})
"""Decisions that no event of the log tells of, or not for ever; refusals are told as well."""


async def of_job(services: Services, document: Document, *, progress: bool) -> list[Delivery]:
    """Everything about a job, in the order of its happening."""
    topics = (*_OF_JOB, *(_PROGRESS if progress else ()))
    wanted = {topic: [document["_id"]] for topic in topics}
    return in_order(await _about(services, wanted, [document]))


async def of_media(services: Services, document: Document) -> list[Delivery]:
    """All about a medium, in all its versions; of its jobs that they were asked for, steered and ended."""
    files = [document, *await versions.later(services.read_models, document["_id"])]
    where = {"request.media_id": document["_id"]}
    jobs = [job for job in await services.read_models.select(JOBS, where, _MOST_JOBS) if "created_at" in job]
    sources, ids = [each["_id"] for each in files], [job["_id"] for job in jobs]
    found = await _about(services, dict.fromkeys(_OF_MEDIA, sources), files)
    if jobs:
        found += await _about(services, dict.fromkeys(_HEADS, ids), jobs)
    return in_order(found)


async def decisions(services: Services, target_id: str) -> list[Delivery]:
    """What people were let do with it, or were refused, and no event tells."""
    query = Query(key={"record.target_id": target_id}, limit=_MOST_DECISIONS)
    records = map(record_of, (await services.read_models.page(AUDIT, query)).items)
    told = [each for each in records if each.action in _TOLD_ONCE or each.outcome != "allowed"]
    return [Delivery(each, Position("audit.recorded", 0, each.number)) for each in told]


async def _about(
    services: Services, wanted: Mapping[str, Collection[str]], documents: Sequence[Document]
) -> list[Delivery]:
    """Between the first and the last that is known of these. Raises Unavailable."""
    since = min(document["created_at"] for document in documents) - _EARLY
    until = None if any(map(_goes_on, documents)) else _last(documents) + _LATE
    try:
        async with asyncio.timeout(_WITHIN_S):
            return await services.trace.about(wanted, since, until)
    except TimeoutError as error:
        raise Unavailable("The log is too long to be looked through now; try again in a while.") from error


def _goes_on(document: Document) -> bool:
    """A job that has not ended, or a medium that was not decided on."""
    told = document.get("state") or document.get("status") or {}
    return told.get("name") in _OPEN


def _last(documents: Iterable[Document]) -> datetime:
    last: datetime = max(document["updated_at"] for document in documents)
    return last


def in_order(found: Iterable[Delivery]) -> list[Delivery]:
    """As they happened. An event that was published twice is told once."""
    once = {delivery.event.meta.event_id: delivery for delivery in found}
    return sorted(once.values(), key=place)


def place(delivery: Delivery) -> tuple[datetime, str, int, int]:
    """Where an event stands in a timeline."""
    at = delivery.position
    return (delivery.event.meta.occurred_at, at.topic, at.partition, at.offset)
