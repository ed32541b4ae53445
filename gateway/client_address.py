"""Where a request comes from, also behind a proxy that may say so."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network
_SUBSCRIBER_BITS = 64
"""Of an IPv6 address, so much is one subscriber's."""


class BehindProxies:
    """The middleware that puts the client in the place of the proxies that asked for it."""

    def __init__(self, app: ASGIApp, proxies: Collection[Network]) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if self._proxies and scope.get("client"):
            address, port = scope["client"]
            forwarded = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))  # some proxies add a line
            scope["client"] = (first_beyond(address, forwarded, self._proxies), port)
        await self._app(scope, receive, send)


def first_beyond(nearest: str, forwarded: str, proxies: Collection[Network]) -> str:
    """The nearest address that is no proxy of ours; what proxies forward is believed of ours alone."""
    said = forwarded.split(",")
    while said and _within(nearest, proxies):
        before = said.pop().strip()
        if not _is_address(before):
            break
        nearest = before
    return nearest


def subscriber_of(connection: HTTPConnection) -> str:
    """The client's address, and for IPv6 the network of one subscriber, who has all of it."""
    address = connection.client.host if connection.client else ""
    if not _is_address(address):
        return address
    parsed = ip_address(address)
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Network((parsed, _SUBSCRIBER_BITS), strict=False))


def _within(address: str, networks: Collection[Network]) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
