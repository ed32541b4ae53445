"""Reads on for a moment after a request was refused in the middle of its body.

A connection that is closed while the client still sends is reset, and a reset takes with it the answer that
the client has not read yet: it would hear "broken pipe" and not "too large".
"""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.allowed_methods import READS

_MOST_BYTES = 64 * 1024 * 1024
_LONGEST_S = 2.0


class Linger:
    """The middleware that does so, for a bounded time and a bounded number of bytes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or scope["method"] in READS or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        body = _Body(receive)
        await self._app(scope, body, send)
        await body.drain()


class _Body:
    """A `receive` that knows whether the body has ended."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._ended = not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Reads what still comes, up to the bounds."""
        room = _MOST_BYTES
        try:
            async with asyncio.timeout(_LONGEST_S):
                while not self._ended and room > 0:
                    room -= len((await self()).get("body", b""))
        except TimeoutError:
            return


def _has_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
