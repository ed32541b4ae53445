"""Any page may play an address: it is a permission by itself, so browsers are told so on every answer."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FOLDER = "/stream/"
_ANY = {"Access-Control-Allow-Origin": "*"}
_ALLOWED = {
    **_ANY,
    "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE",
    "Access-Control-Allow-Headers": "Content-Type, If-None-Match, Range",
    "Access-Control-Max-Age": "86400",
}
_SHOWN = "Accept-Ranges, Content-Length, Content-Range, ETag, Retry-After, X-Request-ID"


class OpenToPages:
    """Answers what browsers ask beforehand, and opens all other answers below `/stream`, problems too."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http" or not scope["path"].startswith(_FOLDER):
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_ALLOWED)(scope, receive, send)
        else:
            await self._app(scope, receive, _opening(send))


def _opening(send: Send) -> Send:
    async def opening(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update({**_ANY, "Access-Control-Expose-Headers": _SHOWN})
        await send(message)

    return opening
