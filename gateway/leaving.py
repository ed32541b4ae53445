"""What a client waits for, for as long as it waits."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

T = TypeVar("T")


async def unless_gone(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result; it is given up when the client hangs up. Raises ClientDisconnect."""
    working: asyncio.Task[T] = asyncio.create_task(work)
    tasks: list[asyncio.Task[Any]] = [working]
    try:
        # Where the reading of a body is given up, even of an empty one, Granian now and then tells who asks
        # next that the client is gone. So it is read to its end, and only what comes after is given up.
        await request.body()
        tasks.append(asyncio.create_task(_hung_up(request)))
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
