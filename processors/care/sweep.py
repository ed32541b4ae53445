"""What a worker runs to clean up: it goes through the store, and removes what nothing refers to if told to.

Nothing goes that is younger than the grace, or than this look at what is known; media that come meanwhile are
learned of every second; and what someone puts there again at this moment stays: `BlobStore.discard`.
"""

from __future__ import annotations

import asyncio
import time
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
from processors.care.swept import PARTS, TOTAL, Swept, part_of
from processors.work.execution import Execution, GivenBack, TaskFailed

log = structlog.get_logger()

_LEARN_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class SweepWork:
    """Does the task of a cleanup."""

    blobs: BlobStore
    everything: Everything
    clock: Clock
    grace: timedelta
    """How long something stays that nothing refers to, where the order does not say."""
    keep_every_s: float = 30.0
    """How much is done again at most by who goes on after one that was killed."""

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
        swept = await Swept.last(self.blobs, order.folder)
        pace = Pace(execution, self.clock, TOTAL)
        sweep = _Sweep(self, execution, pace, known, limits, began, swept, delete=order.delete)
        await sweep.go_on()
        report = cleanup_report(order.delete, limits, swept.tallies)
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
    swept: Swept
    """How far this or an earlier attempt is."""
    delete: bool
    _learned_at: float = 0.0
    _kept_at: float = field(default_factory=time.monotonic)

    async def go_on(self) -> None:
        """From where the last one was that kept it. Raises GivenBack."""
        while self.swept.parts < TOTAL:
            await self._through(self.swept.parts)
            self.swept.parts += 1
            try:
                self.pace.reach(self.swept.parts)
            except GivenBack:
                await self.swept.keep()
                raise
            if time.monotonic() - self._kept_at >= self.work.keep_every_s:
                await self.swept.keep()
                self._kept_at = time.monotonic()

    async def _through(self, number: int) -> None:
        area = AREAS[number // PARTS]
        tally = self.swept.tallies.setdefault(area, Tally())
        async with aclosing(self.work.blobs.listing(part_of(area, number))) as found:
            async for blob in found:
                self.pace.reach(number)
                tally.see(blob)
                if is_orphan(blob, self.known):
                    await self._orphan(area, tally, blob)

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
