"""What every answer tells browsers not to do with it, unless its route says otherwise."""

from __future__ import annotations

from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.settings import Settings

_POLICY = "Content-Security-Policy"
_NOTHING = "default-src 'none'; frame-ancestors 'none'"
_API_PAGE = (
    "default-src 'none'; script-src https://cdn.jsdelivr.net 'unsafe-inline'; "
    "style-src https://cdn.jsdelivr.net 'unsafe-inline'; img-src https://fastapi.tiangolo.com data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of the page of the API's documentation, which FastAPI makes."""
_API_PATH = "/docs"
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_STARTS = frozenset({"http.response.start", "websocket.http.response.start"})
_STAY = ("Strict-Transport-Security", "max-age=31536000")
_JSON = ("application/json", "application/problem+json")


class SafeHeaders:
    """The middleware that does so."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._https = settings.scheme == "https" or (settings.origin or "").startswith("https:")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        stays = self._https and not _is_this_machine(Headers(scope=scope).get("host", ""))

        async def adding(message: Message) -> None:
            if message["type"] in _STARTS:
                _add(MutableHeaders(scope=message), scope["path"], stays)
            await send(message)

        await self._app(scope, receive, adding)


def _add(headers: MutableHeaders, path: str, stays: bool) -> None:
    for name, value in _ALWAYS.items():
        headers.setdefault(name, value)
    if _POLICY not in headers:
        headers[_POLICY] = _API_PAGE if path == _API_PATH else _NOTHING
        headers["X-Frame-Options"] = "DENY"  # browsers that know the policy go by that
    if headers.get("content-type", "").partition(";")[0] in _JSON:
        headers.setdefault("Cache-Control", "no-store")
    if stays:
        headers.setdefault(*_STAY)


def _is_this_machine(host: str) -> bool:
    """Browsers would take the promise for every server of this machine, whichever port it has."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
