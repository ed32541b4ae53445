"""The gateway's connection to Kafka: it comes up by itself, whenever Kafka does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

import structlog

from connectors.breaker import Breaker
from connectors.ports import BrokerUnavailable, Position, Publisher
from gateway.metrics import Metrics
from schemas.events import Event
from schemas.topics import topic_of

log = structlog.get_logger()


class Broker:
    """A Publisher that may be asked before Kafka is there: until then it raises BrokerUnavailable."""

    def __init__(
        self,
        publisher: Publisher,
        session: AbstractAsyncContextManager[object],
        metrics: Metrics,
        breaker: Breaker,
        pause_s: float = 1.0,
    ) -> None:
        self._publisher = publisher
        self._breaker = breaker
        self._session = session
        self._published = metrics.events_published
        self._pause_s = pause_s
        self._is_open = False
        self._acknowledged_at: float | None = None
        self._trouble = "Kafka has not been reached yet"

    async def run(self) -> None:
        """Connects, however long that takes, and stays connected until it is cancelled."""
        while True:
            try:
                async with self._session:
                    self._is_open = True
                    await asyncio.Event().wait()
            except BrokerUnavailable as error:
                self._note(str(error))
            finally:
                self._is_open = False
            await asyncio.sleep(self._pause_s)

    async def publish(self, events: Sequence[Event]) -> list[Position]:
        """See ports.Publisher."""
        if not self._is_open:
            raise BrokerUnavailable(self._trouble)
        try:
            positions = await self._breaker.run(lambda: self._publisher.publish(events))
        except BrokerUnavailable as error:
            self._acknowledged_at, self._trouble = None, str(error)
            raise
        self._acknowledged_at = time.monotonic()
        for event in events:
            self._published.labels(topic_of(event).name).inc()
        return positions

    def _note(self, trouble: str) -> None:
        """Logs a trouble once, however often it is met again."""
        if trouble != self._trouble:
            log.warning("kafka is away", error=trouble)
        self._trouble = trouble

    def acknowledged_within(self, seconds: float) -> bool:
        """Whether Kafka took something so recently, and nothing has failed since."""
        return self._acknowledged_at is not None and time.monotonic() - self._acknowledged_at <= seconds
