"""A first scan of a large library goes no faster than its files are probed: the ledger holds a few."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from processors.work.jobs import KnownMedia, has_ended, is_held

_LOOK_EVERY_S = 0.2
_WINDOW = 1000


class Pace(Protocol):
    """Says when more may be told of."""

    async def room(self) -> None:
        """Returns once there is room for more."""
        ...

    def told(self, media_ids: Iterable[str]) -> None:
        """These were told of."""
        ...


@dataclass(slots=True)
class PaceOfProbes:
    """Waits for the media that were told of first to be accepted, held or refused."""

    media: KnownMedia
    window: int = _WINDOW
    _under_way: deque[str] = field(default_factory=deque)

    async def room(self) -> None:
        """See Pace. Raises DatabaseUnavailable."""
        while len(self._under_way) > self.window:
            known = await self.media.get(self._under_way[0])
            if "probed" in known or has_ended(known) or is_held(known):
                self._under_way.popleft()
            else:
                await asyncio.sleep(_LOOK_EVERY_S)

    def told(self, media_ids: Iterable[str]) -> None:
        """See Pace."""
        self._under_way.extend(media_ids)
