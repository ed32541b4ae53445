"""The leader's rest between two looks, in which it still lets in what comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from connectors.ports import Transient

log = structlog.get_logger()


async def rest(span: timedelta, wake: asyncio.Event, at_news: Callable[[], Awaitable[None]]) -> None:
    """Waits so long, and calls `at_news` whenever it is woken; an error that may pass ends the rest."""
    loop = asyncio.get_running_loop()
    until = loop.time() + span.total_seconds()
    while (left := until - loop.time()) > 0:
        try:
            async with asyncio.timeout(left):
                await wake.wait()
        except TimeoutError:
            return
        wake.clear()
        try:
            await at_news()
        except Transient as error:
            log.warning("tasks wait to be let in", error=str(error))
            return
