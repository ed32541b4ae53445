"""What every answer tells browsers not to do with it, unless its route says otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import Message, Scope

from gateway.settings import Settings

_POLICY = b"content-security-policy"
_NO_FRAMES = (b"x-frame-options", b"DENY")
_NOTHING = b"default-src 'none'; frame-ancestors 'none'"
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
_STAY = (b"strict-transport-security", b"max-age=31536000")
_NOT_KEPT = (b"cache-control", b"no-store")
_JSON = (b"application/json", b"application/problem+json")


class SafeHeaders:
    """Hears of answers as they start, and does so."""

    def __init__(self, settings: Settings) -> None:
        self._https = settings.scheme == "https" or (settings.origin or "").startswith("https:")

    def __call__(self, scope: Scope, message: Message) -> None:
        """Adds to the headers of one answer."""
        stays = self._https and not _is_this_machine(Headers(scope=scope).get("host", ""))
        message["headers"] += _missing(message["headers"], stays)


def _missing(headers: Sequence[tuple[bytes, bytes]], stays: bool) -> list[tuple[bytes, bytes]]:
    said = {name.lower(): value for name, value in headers}
    wanted = [*_ALWAYS]
    if _POLICY not in said:  # browsers that know the policy go by that, and by nothing else
        wanted += [(_POLICY, _NOTHING), _NO_FRAMES]
    if said.get(b"content-type", b"").partition(b";")[0] in _JSON:
        wanted.append(_NOT_KEPT)
    if stays:
        wanted.append(_STAY)
    return [each for each in wanted if each[0] not in said]


def _is_this_machine(host: str) -> bool:
    """Browsers would take the promise for every server of this machine, whichever port it has."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
