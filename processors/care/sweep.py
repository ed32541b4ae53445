"""What a worker runs to clean up: it goes through the store, and removes what nothing refers to if told to.

Nothing goes that is younger than the grace, or than this look at what is known; media that come meanwhile are
learned of every second; and what someone puts there again at this moment stays: `BlobStore.discard`.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from connectors.ports import BlobStore, Clock, Listed
from processors.care.known import Everything, Known
from processors.care.orphans import AREAS, Limits, Tally, cleanup_report, is_orphan
from processors.care.pace import Pace
from processors.care.plan import SweepOrder, read, written
from processors.care.reports import keep
from processors.work.execution import Execution, TaskFailed

log = structlog.get_logger()

_LEARN_EVERY_S = 1.0
_FANS = 256
"""An area's blobs lie in so many folders."""


@dataclass(frozen=True, slots=True)
class SweepWork:
    """Does the task of a cleanup."""

    blobs: BlobStore
    everything: Everything
    clock: Clock
    grace: timedelta
    """How long something stays that nothing refers to, where the order does not say."""

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed and GivenBack."""
        order = read(SweepOrder, execution.task.plan.order)
        began = self.clock.now()
        grace = self.grace if order.grace_s is None else timedelta(seconds=order.grace_s)
        known, under_way = await self.everything.known(began - grace)
        limits = Limits(before=began - grace, made_before=under_way)
        if order.delete and not known.media:
            said = "no medium is known, so nothing is deleted: is this the log of this store?"
            raise TaskFailed("nothing_known", said, again=False)
        pace = Pace(execution, self.clock, len(AREAS) * _FANS)
        sweep = _Sweep(self, execution, pace, known, limits, began, delete=order.delete)
        for number, area in enumerate(AREAS):
            await sweep.through(area, number)
        report = cleanup_report(order.delete, limits, sweep.tallies)
        return written(await keep(self.blobs, order.folder, report))


@dataclass(slots=True)
class _Sweep:
    """One way through the store."""

    work: SweepWork
    execution: Execution
    pace: Pace
    known: Known
    limits: Limits
    began: datetime
    delete: bool
    tallies: dict[str, Tally] = field(default_factory=dict)
    _learned_at: float = 0.0

    async def through(self, area: str, number: int) -> None:
        tally, fans = self.tallies.setdefault(area, Tally()), set[str]()
        async with aclosing(self.work.blobs.listing(area)) as found:
            async for blob in found:
                fans.add(blob.location.split("/")[1])
                self.pace.reach(number * _FANS + len(fans) - 1)
                tally.see(blob)
                if is_orphan(blob, self.known):
                    await self._orphan(area, tally, blob)
        self.pace.reach((number + 1) * _FANS)

    async def _orphan(self, area: str, tally: Tally, blob: Listed) -> None:
        before = self.limits.of(area)
        if blob.since >= before:
            tally.young += 1
            return
        if self.delete:
            await self._learn()
            if not is_orphan(blob, self.known):
                return
        tally.find(blob)
        if self.delete and await self.work.blobs.discard(blob.location, before):
            tally.remove(blob)
            log.info("removed, for nothing refers to it", location=blob.location, size_bytes=blob.size_bytes)

    async def _learn(self) -> None:
        """Looks again at what has come, where the last look is old. Raises ClaimLost, TaskFailed."""
        now = asyncio.get_running_loop().time()
        if now - self._learned_at > _LEARN_EVERY_S:
            await self.execution.confirm()
            await self.work.everything.learn(self.known, self.began, self.limits.before)
            self._learned_at = now
