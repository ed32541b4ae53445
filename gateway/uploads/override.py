"""Lets those send PATCH and DELETE whose surroundings know only GET and POST."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.uploads.protocol import OVERRIDE

_METHODS = frozenset({"PATCH", "DELETE"})


class MethodOverride:
    """The middleware that does so, below one path."""

    def __init__(self, app: ASGIApp, below: str) -> None:
        self._app = app
        self._below = below

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].startswith(self._below):
            said = Headers(scope=scope).get(OVERRIDE, "").upper()
            if said in _METHODS:
                scope["method"] = said
        await self._app(scope, receive, send)
