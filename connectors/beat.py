"""A process's own word that it is there, and at a graceful stop that it no longer is."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from connectors.ports import BrokerUnavailable, Clock, Publisher
from connectors.version import version
from schemas.events import Meta, ServiceBeat

log = structlog.get_logger()

_LAST_WORD_S = 2.0
_AGAIN_S = 0.5
_LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """The beats of one process."""

    service: str
    """gateway, processors or worker."""
    instance: str
    every_s: float
    publisher: Publisher
    clock: Clock
    started_at: datetime
    details: Callable[[], Mapping[str, str]]
    """What else there is to say, looked at for each beat."""
    state: Callable[[], str] = lambda: "up"
    """What the process calls itself while it lives."""

    async def run(self) -> None:
        """Beats until it is cancelled: in time, and once more as soon as the state is another, for work waits
        for a worker that says it is up. One that could not be sent is sent again soon.
        """
        loop = asyncio.get_running_loop()
        said, due_at = "", 0.0
        while True:
            try:
                if (state := self.state()) != said or loop.time() >= due_at:
                    await self.send(state)
                    said, due_at = state, loop.time() + self.every_s
                await asyncio.sleep(min(_LOOK_EVERY_S, self.every_s))
            except BrokerUnavailable as error:
                log.info("beat not sent", error=str(error))
                await asyncio.sleep(min(_AGAIN_S, self.every_s))

    async def send(self, state: str) -> None:
        """One beat. Raises BrokerUnavailable."""
        await self.publisher.publish([self._event(state)])

    async def last(self) -> None:
        """Says that this process goes, if that can be said quickly."""
        try:
            async with asyncio.timeout(_LAST_WORD_S):
                await self.send("down")
        except (BrokerUnavailable, TimeoutError) as error:
            log.warning("last beat not sent", error=repr(error))

    def _event(self, state: str) -> ServiceBeat:
        return ServiceBeat(
            meta=Meta.first(f"service:{self.instance}", self.clock.now()),
            service=self.service,
            instance=self.instance,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=version(),
            started_at=self.started_at,
            state=state,
            interval_ms=round(self.every_s * 1000),
            details=dict(self.details()),
        )
