"""Knows the requests under way, so that a stop can let them end, and then end them with a word."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import Unavailable, problem_response
from gateway.metrics import Metrics
from gateway.middleware import begun


class InFlight:
    """The requests under way in one application."""

    def __init__(self, metrics: Metrics) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        metrics.requests_in_flight.set_function(lambda: len(self._tasks))
        self.stopping = False

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; one that a stop ends is answered with 503."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            if not self.stopping:
                raise
            task.uncancel()
            if scope["type"] == "http" and begun(scope) is None:
                await problem_response(Unavailable("The gateway is stopping."))(scope, receive, send)
        finally:
            self._tasks.discard(task)

    async def drain(self, grace_s: float) -> None:
        """Returns when no request is under way: those that last longer than the grace are ended."""
        self.stopping = True
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=grace_s)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=grace_s)


class CountInFlight:
    """The middleware that keeps count."""

    def __init__(self, app: ASGIApp, in_flight: InFlight) -> None:
        self._app = app
        self._in_flight = in_flight

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See InFlight.run."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            await self._in_flight.run(self._app, scope, receive, send)
