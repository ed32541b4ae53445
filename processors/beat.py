"""Says at regular times that this process is alive, and at its end that it goes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog

from connectors.ports import Clock, Publisher, Transient
from connectors.version import version
from schemas.events import Meta, ServiceBeat

log = structlog.get_logger()


@dataclass(slots=True)
class Beat:
    """The beats of one process."""

    service: str
    instance: str
    every_s: float
    publisher: Publisher
    clock: Clock
    started_at: datetime
    details: Callable[[], Mapping[str, str]]

    async def run(self) -> None:
        """Beats until cancelled, then says that the process goes."""
        try:
            while True:
                await self._say("up")
                await asyncio.sleep(self.every_s)
        finally:
            await asyncio.shield(self._say("down"))

    async def _say(self, state: str) -> None:
        with contextlib.suppress(Transient):
            await self.publisher.publish([self._beat(state)])

    def _beat(self, state: str) -> ServiceBeat:
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
