"""Where an encode that is to be left is left: at the end of its segment, or after a moment wherever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from processors.work.execution import GivenBack

_PATIENCE_S = 10.0
"""How long an encode that is to be left goes on to the end of its segment."""


@dataclass(slots=True)
class Border:
    """Watches over one attempt."""

    leave: asyncio.Event
    patience_s: float = _PATIENCE_S
    _leave_by: float | None = None

    def reached(self) -> None:
        """A segment is whole. Raises GivenBack where this was waited for."""
        if self.leave.is_set():
            raise GivenBack

    async def news(self, encoding: asyncio.Future[None], news: Coroutine[Any, Any, Any]) -> None:
        """Waits until the encode has ended, or something else is to be thought of.

        Raises GivenBack where the encode was to be left and no border has come.
        """
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(news)]
        if not self.leave.is_set():
            self._leave_by = None
            waits.append(asyncio.ensure_future(self.leave.wait()))
        await asyncio.wait([encoding, *waits], timeout=self._left_s(), return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        if self.leave.is_set() and self._left_s() == 0 and not encoding.done():
            raise GivenBack

    def _left_s(self) -> float | None:
        """How long there is to the border; None while nobody wants this to be left."""
        now = asyncio.get_running_loop().time()
        if not self.leave.is_set():
            return None
        if self._leave_by is None:
            self._leave_by = now + self.patience_s
        return max(0.0, self._leave_by - now)
