"""Turns requests away while there are too many, or too little memory is left: a quick 503 for some is better
than a slow end for all. Probes and metrics are always answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus

import psutil
from prometheus_client import Counter
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.errors import Problem, problem_response

_ALWAYS = frozenset({"/health", "/ready", "/metrics"})
_LOOK_EVERY_S = 0.25
_RETRY_AFTER_S = 1


class Overloaded(Problem):
    """There is too much to do just now."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self) -> None:
        super().__init__(
            "overloaded",
            "This gateway has too much to do just now; ask again in a moment.",
            headers={"Retry-After": str(_RETRY_AFTER_S)},
        )


def resident_bytes() -> int:
    """The memory that this process has."""
    return int(psutil.Process().memory_info().rss)


class Load:
    """How much is being done, and how much may be."""

    def __init__(
        self,
        *,
        most_requests: int,
        most_live: int,
        most_bytes: int | None,
        turned_away: Counter,
        used_bytes: Callable[[], int] = resident_bytes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = {False: most_requests, True: most_live}
        self._now = {False: 0, True: 0}
        self._most_bytes = most_bytes
        self._used_bytes = used_bytes
        self._monotonic = monotonic
        self._looked_at = float("-inf")
        self._is_full = False
        self.turned_away = turned_away

    def why_not(self, *, live: bool) -> str | None:
        """What speaks against one more: requests or memory; nothing where there is room."""
        if self._now[live] >= self._most[live]:
            return "live" if live else "requests"
        return "memory" if self._memory_is_full() else None

    def enter(self, *, live: bool) -> None:
        """One more is being answered."""
        self._now[live] += 1

    def leave(self, *, live: bool) -> None:
        """One fewer is."""
        self._now[live] -= 1

    def _memory_is_full(self) -> bool:
        if self._most_bytes is None:
            return False
        if self._monotonic() - self._looked_at > _LOOK_EVERY_S:
            self._looked_at = self._monotonic()
            self._is_full = self._used_bytes() > self._most_bytes
        return self._is_full


class Shed:
    """The middleware that turns away."""

    def __init__(self, app: ASGIApp, load: Load, live: frozenset[str]) -> None:
        self._app = app
        self._load = load
        self._live = live

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "lifespan" or scope["path"] in _ALWAYS:
            await self._app(scope, receive, send)
            return
        live = scope["type"] == "websocket" or scope["path"] in self._live
        if (why := self._load.why_not(live=live)) is not None:
            self._load.turned_away.labels(why).inc()
            await _turn_away(scope, receive, send)
            return
        self._load.enter(live=live)
        try:
            await self._app(scope, receive, send)
        finally:
            self._load.leave(live=live)


async def _turn_away(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()  # it can be refused once it has asked to be connected
    await problem_response(Overloaded())(scope, receive, send)
