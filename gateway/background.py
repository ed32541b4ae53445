"""Keeps the gateway's own tasks going: one that fails is logged and started again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()

Duty = Callable[[], Awaitable[None]]


@asynccontextmanager
async def running(duties: Mapping[str, Duty], pause_s: float = 1.0) -> AsyncIterator[None]:
    """Runs all duties until the block ends."""
    tasks = [asyncio.create_task(_keep(name, duty, pause_s), name=name) for name, duty in duties.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _keep(name: str, duty: Duty, pause_s: float) -> None:
    while True:
        try:
            await duty()
        except Exception:  # nothing that a duty meets may end the process; the log has the cause
            log.exception("background task failed, starting it again", task=name)
        await asyncio.sleep(pause_s)
