"""Has background work give way to others on this machine: slowed by stopping it for a part of each moment.

A low priority would not do: each tool has a session of its own, and Linux shares the processor out between
sessions first (tried: with nice 19 others got no more than without).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from processors.work.admission import Limits
from processors.work.giving_way import Load, memory_is_short, share
from processors.work.minder import Minder

log = structlog.get_logger()

_MOMENT_S = 1.0
_WORTH_A_WORD = 0.5


@dataclass(slots=True)
class Governor:
    """Looks at the machine once in each moment."""

    minder: Minder
    limits: Limits
    meter: Callable[[], Load]
    moment_s: float = _MOMENT_S
    share: float = 1.0
    """Which part of the time background work runs."""

    async def run(self) -> None:
        """Never ends."""
        while True:
            self._look(await asyncio.to_thread(self.meter))
            if self.share < 1:
                self._breathe(True)
                await asyncio.sleep((1 - self.share) * self.moment_s)
            self._breathe(False)
            await asyncio.sleep(self.share * self.moment_s)

    def _look(self, load: Load) -> None:
        before, self.share = self.share, share(self.share, load, self.limits)
        if (before < _WORTH_A_WORD) != (self.share < _WORTH_A_WORD):
            log.info("gives way to others on this machine", share=round(self.share, 2), cpu=load.cpu_percent)
        self.minder.memory_short = memory_is_short(load, self.limits)

    def _breathe(self, breathing: bool) -> None:
        self.minder.breathing = breathing
        self.minder.look()
