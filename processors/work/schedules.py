"""Schedules: the leader has a chore asked for once for each moment that comes, whoever leads by then.

Which moment was heeded last is kept, and moves on by compare-and-set, together with the event that asks. So
of two leaders one asks, and what neither could tell is told from the outbox. The job's id derives from
schedule and moment: even told twice, it is one job. After an outage one run stands for all that passed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from connectors.ports import Document, Publisher
from connectors.read_models import NotBuilt, ReadModels
from processors.work.ledger import JOBS, SCHEDULES, Ledger, Told
from schemas.chores import PRIORITY
from schemas.events import ChoreRequested, Meta, derived_id
from schemas.schedules import KIND, Due, Schedule, due, next_due, read

log = structlog.get_logger()

_ACTOR = "service:ledger"
_RESOURCES = "resources"
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """A schedule as it was last said."""

    name: str
    version: int
    said_at: datetime
    schedule: Schedule


@dataclass(slots=True)
class Schedules:
    """All of them, looked at again and again."""

    ledger: Ledger
    publisher: Publisher
    _next: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    """By schedule its version and when to look at it again."""

    def forget(self) -> None:
        """Someone else may have led meanwhile."""
        self._next.clear()

    async def heed(self, now: datetime) -> None:
        """Has everything asked for that has come due. Raises DatabaseUnavailable and BrokerUnavailable."""
        for kept in await self._kept():
            version, at = self._next.get(kept.name, (0, now))
            if version != kept.version or at <= now:
                await self._look(kept, now)

    async def _look(self, kept: Kept, now: datetime) -> None:
        document = await self.ledger.database.get(SCHEDULES, kept.name)
        last = document["due_at"] if document else None
        since = max(last or kept.said_at, kept.said_at)
        found = due(kept.schedule.cron, kept.schedule.zone, since, now)
        if found is None:
            following = next_due(kept.schedule.cron, kept.schedule.zone, now)
            self._next[kept.name] = (kept.version, following or datetime.max.replace(tzinfo=now.tzinfo))
        elif last is None or await self._has_ended(job_id(kept.name, last)):
            await self._ask(kept, found, document, now)

    async def _has_ended(self, id: str) -> bool:
        """Whether the run before is over; if not, it is followed by one for all, and not overtaken. What has
        ended was told of: the outbox has nothing that is still needed.
        """
        job = await self.ledger.database.get(JOBS, id)
        return job is not None and job["verdict"] is not None

    async def _ask(self, kept: Kept, found: Due, document: Document | None, now: datetime) -> None:
        event = chore_of(kept, found, now)
        to = {"due_at": found.at, "outbox": self.ledger.outbox(event)}
        if not await self._move_on(kept.name, document, to):
            return
        log.info("a schedule is due", schedule=kept.name, job=event.job_id, missed=found.missed)
        await self.publisher.publish([event])
        await self.ledger.settle(Told(SCHEDULES, kept.name, event))

    async def _move_on(self, name: str, document: Document | None, to: Document) -> bool:
        """False where another leader was faster."""
        if document is None:
            return await self.ledger.database.insert(SCHEDULES, {"_id": name, **to})
        return await self.ledger.database.change(SCHEDULES, name, {"due_at": document["due_at"]}, to)

    async def _kept(self) -> list[Kept]:
        """The schedules that are not paused; none while the read models are being built."""
        try:
            found = await ReadModels(self.ledger.database).select(_RESOURCES, {"kind": KIND}, _MOST)
        except NotBuilt:
            return []
        return [kept for document in found for kept in _read(document)]


def job_id(name: str, due_at: datetime) -> str:
    """The job of a schedule's moment."""
    return derived_id(KIND, name, due_at.isoformat())


def chore_of(kept: Kept, found: Due, now: datetime) -> ChoreRequested:
    """The event that asks for what a schedule is for."""
    id, schedule = job_id(kept.name, found.at), kept.schedule
    meta = Meta(
        event_id=derived_id(id, "requested"),
        occurred_at=now,
        correlation_id=id,
        causation_id=None,
        actor=_ACTOR,
    )
    return ChoreRequested(
        meta=meta,
        job_id=id,
        run=1,
        kind=schedule.chore,
        owner_id=schedule.owner_id,
        priority=PRIORITY,
        options=schedule.said_options(),
        schedule=kept.name,
        due_at=found.at,
        missed=found.missed,
    )


def _read(document: Document) -> Iterator[Kept]:
    now: dict[str, Any] = document["now"]
    if not now["value"]:
        return
    name = document["_id"].partition("/")[2]
    try:
        schedule = read(now["value"])
    except (ValueError, KeyError) as error:
        log.error("a schedule cannot be read", schedule=name, error=str(error))
        return
    if not schedule.paused:
        yield Kept(name, now["version"], now["at"], schedule)
