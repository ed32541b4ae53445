"""Who waits for which segment here, and what workers announce. A hint alone: the store is the truth."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from schemas.events import Event, TranscodeProgress

_Place = tuple[str, int]


class Arrivals:
    """Wakes those who wait for a segment once it is announced."""

    def __init__(self) -> None:
        self._waiting: dict[_Place, set[asyncio.Event]] = {}

    def hear(self, event: Event) -> None:
        """Takes in what a worker tells."""
        if isinstance(event, TranscodeProgress):
            for stored in event.stored:
                for woken in self._waiting.get((stored.rendition, stored.segment), ()):
                    woken.set()

    @contextmanager
    def of(self, rendition: str, segment: int) -> Iterator[asyncio.Event]:
        """An event that is set when the segment is announced."""
        place, arrived = (rendition, segment), asyncio.Event()
        self._waiting.setdefault(place, set()).add(arrived)
        try:
            yield arrived
        finally:
            self._waiting[place].discard(arrived)
            if not self._waiting[place]:
                del self._waiting[place]
