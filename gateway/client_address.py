"""Where a request comes from, also behind a proxy that may say so."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from starlette.requests import HTTPConnection

Network = IPv4Network | IPv6Network
_SUBSCRIBER_BITS = 64
"""Of an IPv6 address, so much is one subscriber's."""


def address_of(connection: HTTPConnection, proxies: Collection[Network]) -> str:
    """The nearest address that is no proxy of ours; what proxies forward is believed of ours alone."""
    nearest = connection.client.host if connection.client else ""
    said = connection.headers.get("x-forwarded-for", "").split(",")
    while said and _within(nearest, proxies):
        before = said.pop().strip()
        if not _is_address(before):
            break
        nearest = before
    return nearest


def subscriber_of(address: str) -> str:
    """The address, and for IPv6 the network of one subscriber, who has all of it."""
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
