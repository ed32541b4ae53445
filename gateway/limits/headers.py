"""Tells each client how it stands with its budgets, in the headers RateLimit and RateLimit-Policy."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.limits.counting import Standing
from gateway.limits.limits import STANDINGS


class TellStandings:
    """The middleware that does so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start" and (told := scope["state"].get(STANDINGS)):
                _tell(MutableHeaders(scope=message), told)
            await send(message)

        await self._app(scope, receive, telling if scope["type"] == "http" else send)


def _tell(headers: MutableHeaders, told: dict[str, Standing]) -> None:
    headers["RateLimit-Policy"] = ", ".join(
        f'"{kind}";q={each.budget.amount};w={each.budget.window_s}' for kind, each in told.items()
    )
    headers["RateLimit"] = ", ".join(
        f'"{kind}";r={each.left};t={each.resets_in_s}' for kind, each in told.items()
    )
