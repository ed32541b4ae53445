"""Keeps a process's own tasks going: one that fails is logged and started again.

A cancellation counts as a failure where nobody asked for it: libraries let those of their own tasks out.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()

Duty = Callable[[], Awaitable[None]]


def asked_to_stop() -> bool:
    """Whether someone cancelled the task that asks this, and did not take it back."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


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
        except asyncio.CancelledError:
            if asked_to_stop():
                raise
            log.warning("background task was cancelled by mistake, starting it again", task=name)
        except Exception:  # nothing that a duty meets may end the process; the log has the cause
            log.exception("background task failed, starting it again", task=name)
        await asyncio.sleep(pause_s)
