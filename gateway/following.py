"""Follows the topics that decide who may do what: each replica hears all of them, from their beginning."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

from connectors.ports import Feed, Position
from gateway.errors import Unavailable
from schemas.events import CredentialChanged, Event, ResourceChanged, SessionChanged, UserChanged
from schemas.topics import BY_RECORD

RECORDS = (UserChanged, CredentialChanged, SessionChanged, ResourceChanged)
TOPICS = tuple(BY_RECORD[record].name for record in RECORDS)


class Following:
    """Tells its listeners what was decided, and knows how far that goes."""

    def __init__(self, feed: Feed, patience_s: float, *listeners: Callable[[Event], object]) -> None:
        self._feed = feed
        self._patience_s = patience_s
        self._listeners = list(listeners)
        self._heard: dict[tuple[str, int], int] = {}
        self._news = asyncio.Condition()

    def tell(self, listener: Callable[[Event], object]) -> None:
        """Tells one more, after those that were there before."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Hears the log for as long as the process lives."""
        async for delivery in self._feed.deliveries():
            for listener in self._listeners:
                listener(delivery.event)
            place = delivery.position
            self._heard[place.topic, place.partition] = place.offset
            async with self._news:
                self._news.notify_all()

    async def heard(self, positions: Sequence[Position], within_s: float) -> bool:
        """Waits until this replica has heard these records; False where that takes too long."""
        wanted = [place for place in positions if place.topic in TOPICS]
        if not wanted:
            return True
        try:
            async with asyncio.timeout(within_s), self._news:
                await self._news.wait_for(lambda: all(map(self._has, wanted)))
        except TimeoutError:
            return False
        return True

    def _has(self, place: Position) -> bool:
        return self._heard.get((place.topic, place.partition), -1) >= place.offset

    @property
    def age_s(self) -> float:
        """How old what is known here may be."""
        return self._feed.age_s

    def refuse_unheard(self) -> None:
        """Raises Unavailable where this replica has not read the log yet."""
        if self.age_s == math.inf:
            raise Unavailable("The log was not read yet: Kafka does not answer.")

    def refuse_stale(self) -> None:
        """Raises Unavailable where this replica may have missed that someone was shut out."""
        if self.age_s > self._patience_s:
            raise Unavailable("Who may come in can't be told now: Kafka does not answer.")
