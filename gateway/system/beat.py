"""The gateway's own beat: that it is there, and at a graceful stop that it no longer is."""

from __future__ import annotations

import asyncio
import os
import socket
from datetime import datetime

import structlog

from connectors.ports import BrokerUnavailable, Clock, Publisher
from gateway.settings import Settings
from schemas.events import Meta, ServiceBeat

log = structlog.get_logger()

SERVICE = "gateway"
_LAST_WORD_S = 2.0
_AGAIN_S = 0.5


class Beat:
    """Says that this process is alive."""

    def __init__(
        self, publisher: Publisher, clock: Clock, settings: Settings, version: str, started_at: datetime
    ) -> None:
        self._publisher = publisher
        self._clock = clock
        self._settings = settings
        self._version = version
        self._started_at = started_at

    async def run(self) -> None:
        """Beats until it is cancelled; one that could not be sent is sent again soon."""
        every_s = self._settings.beat_s
        while True:
            try:
                await self.send("up")
                await asyncio.sleep(every_s)
            except BrokerUnavailable as error:
                log.info("beat not sent", error=str(error))
                await asyncio.sleep(min(_AGAIN_S, every_s))

    async def send(self, state: str) -> None:
        """One beat. Raises BrokerUnavailable."""
        await self._publisher.publish([self._event(state)])

    async def last(self) -> None:
        """Says that this process goes, if that can be said quickly."""
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                await self.send("down")
        except (BrokerUnavailable, TimeoutError) as error:
            log.warning("last beat not sent", error=repr(error))

    def _event(self, state: str) -> ServiceBeat:
        settings = self._settings
        return ServiceBeat(
            meta=Meta.first(f"service:{settings.instance}", self._clock.now()),
            service=SERVICE,
            instance=settings.instance,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=self._version,
            started_at=self._started_at,
            state=state,
            interval_ms=int(settings.beat_s * 1000),
            details={"address": f"http://{settings.host}:{settings.port}"},
        )
