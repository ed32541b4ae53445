"""Answers that come at even times, so that how long they took tells nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable


class EvenTime:
    """Waits, from when it is made, for the next full step."""

    def __init__(
        self,
        step_s: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._step_s = step_s
        self._now = now
        self._sleep = sleep
        self._began = now()

    async def wait(self) -> None:
        """Returns at the end of the step that is under way."""
        if self._step_s:
            await self._sleep(self._step_s - (self._now() - self._began) % self._step_s)
