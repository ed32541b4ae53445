"""The routes that say why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Query

from connectors import opaque
from connectors.ports import BadCursor, Delivery
from gateway import pages
from gateway.access.policy import Level
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.auth.principal import Principal
from gateway.events.messages import medium_of
from gateway.jobs import lookup as jobs
from gateway.jobs.makers import JOBS
from gateway.media.existing import document_of, there
from gateway.openapi import problems
from gateway.routing import Router
from gateway.services import ServicesOf
from gateway.timeline import gathering
from gateway.timeline.schemas import Happening, Timeline
from gateway.timeline.sentences import said

router = Router(tags=["events"])

_USER = "user:"


@router.get(
    "/media/{media_id}/timeline", dependencies=[allow("media:read")], responses=problems(400, 404, 410)
)
async def get_media_timeline(
    services: ServicesOf, principal: CurrentPrincipal, media_id: str, paging: pages.Paged
) -> Timeline:
    """Tells what happened to a medium and why, the oldest first; of its jobs the beginning, steering and end.

    Who manages it is also told how it was played and fetched, and what was refused; of a deleted one too.
    """
    document = await document_of(services.read_models, media_id)
    services.gate.refuse_below(principal, document, Level.VIEW)
    level = services.gate.level(principal, document)
    if level < Level.MANAGE:
        there(document)
    found = await gathering.of_media(services, document)
    if level >= Level.MANAGE:
        found = gathering.in_order([*found, *await gathering.decisions(services, media_id)])
    return _page(principal, found, paging)


@router.get("/jobs/{job_id}/timeline", dependencies=[allow("jobs:read")], responses=problems(400, 404))
async def get_job_timeline(
    services: ServicesOf,
    principal: CurrentPrincipal,
    job_id: str,
    paging: pages.Paged,
    progress: Annotated[
        bool, Query(description="Tell of progress too, as long as the log has it: for a day.")
    ] = False,
) -> Timeline:
    """Tells what happened to a job and why: each task's planning, admission, attempts and end."""
    await jobs.find(services, principal, job_id)
    document = await services.read_models.get(JOBS, job_id)
    found = await gathering.of_job(services, document or {}, progress=progress)
    return _page(principal, found, paging)


def _page(principal: Principal, found: Sequence[Delivery], paging: pages.Paging) -> Timeline:
    after = _read(paging.cursor) if paging.cursor else None
    left = [each for each in found if after is None or gathering.place(each) > after]
    items = left[: paging.limit]
    more = _write(items[-1]) if len(left) > len(items) else None
    return Timeline(items=[_told(principal, each) for each in items], next=more)


def _told(principal: Principal, delivery: Delivery) -> Happening:
    event, at = delivery.event, delivery.position
    words = said(event)
    return Happening(
        at=event.meta.occurred_at,
        topic=at.topic,
        place=f"{at.topic}/{at.partition}/{at.offset}",
        event_id=event.meta.event_id,
        by=_by(principal, event.meta.actor),
        text=words.text,
        why=list(words.why),
        job_id=getattr(event, "job_id", None),
        media_id=medium_of(event),
    )


def _by(principal: Principal, actor: str) -> str:
    """Who did it, as far as whoever asks may know."""
    if actor == principal.actor:
        return "you"
    return actor if not actor.startswith(_USER) or "users:read" in principal.may else "someone"


def _write(delivery: Delivery) -> str:
    at, *rest = gathering.place(delivery)
    return opaque.write([at.isoformat(), *rest])


def _read(cursor: str) -> tuple[datetime, str, int, int]:
    """Raises BadCursor."""
    try:
        at, topic, partition, offset = opaque.read(cursor)
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("it has no zone")
        return moment, str(topic), int(partition), int(offset)
    except (ValueError, TypeError) as error:
        raise BadCursor from error
