"""Tokens in cookies, for pages: out of reach of scripts, and of no use to other sites."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import partial

from starlette.requests import HTTPConnection
from starlette.responses import Response

from connectors.sealing import Secret
from gateway.errors import Forbidden

ACCESS = "__Host-sluice-access"
REFRESH = "__Host-sluice-refresh"
CSRF_HEADER = "X-CSRF-Token"

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FROM_US = frozenset({"same-origin", "none"})
"""What browsers say of who sends them, where that is a page of ours, or their user by hand."""
_SCHEMES = {"ws": "http", "wss": "https"}


class Cookies:
    """Puts tokens into cookies, and tells requests of our pages from those of others."""

    def __init__(self, secret: Secret, origin: str | None) -> None:
        self._keys = secret.every("csrf")
        self._origin = origin

    def put(self, response: Response, access: str, refresh: str, *, access_s: int, refresh_s: int) -> None:
        """Sets both."""
        kept = partial(response.set_cookie, path="/", secure=True, httponly=True)
        kept(ACCESS, access, max_age=access_s, samesite="lax")
        kept(REFRESH, refresh, max_age=refresh_s, samesite="strict")

    def clear(self, response: Response) -> None:
        """Removes both."""
        for name in (ACCESS, REFRESH):
            response.delete_cookie(name, path="/", secure=True, httponly=True)

    def csrf_token(self, session_id: str) -> str:
        """What only a page that may read our answers can know."""
        return _signature(self._keys[0], session_id)

    def refuse_forged(self, request: HTTPConnection, session_id: str) -> None:
        """Raises Forbidden for a request that another site had its visitor's browser make."""
        self.refuse_other_origin(request)
        if request.scope["type"] == "websocket":
            self._refuse_without_origin(request)
            return
        if request.scope["method"] in _SAFE:
            return
        given = request.headers.get(CSRF_HEADER, "")
        good = [hmac.compare_digest(given.encode(), _signature(k, session_id).encode()) for k in self._keys]
        if not any(good):
            raise Forbidden("csrf", f"Send the header {CSRF_HEADER} with the session's csrf_token.")

    def refuse_other_origin(self, request: HTTPConnection) -> None:
        """Raises Forbidden for a request that a page of another site makes."""
        origin = request.headers.get("origin")
        if origin is not None and origin != (self._origin or _own(request)):
            raise Forbidden("cross-origin", "Pages of other sites can't use this session.")

    def refuse_sent(self, request: HTTPConnection) -> None:
        """Raises Forbidden for a browser that a page of another site sends here."""
        if request.headers.get("sec-fetch-site", "none") not in _FROM_US:
            raise Forbidden("cross-origin", "Another site sent you here: begin at a page of this one.")

    def _refuse_without_origin(self, request: HTTPConnection) -> None:
        """Scripts can't add headers to a WebSocket's handshake, but every browser says where it is from."""
        if "origin" not in request.headers:
            raise Forbidden("cross-origin", "A browser says which page opens a WebSocket: this one did not.")


def _own(request: HTTPConnection) -> str:
    scheme = request.url.scheme
    return f"{_SCHEMES.get(scheme, scheme)}://{request.headers.get('host', '')}"


def _signature(key: bytes, session_id: str) -> str:
    said = hmac.new(key, session_id.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(said).decode().rstrip("=")
