"""What is kept while someone is at a provider: sealed, in a cookie, for whichever replica takes them back."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import orjson
from starlette.requests import Request
from starlette.responses import Response

from connectors.sealing import CannotOpen, Secret
from gateway.auth.identity import Identity
from gateway.errors import BadRequest, Forbidden
from gateway.providers.asking import Way

COOKIE = "__Host-sluice-trip"

_ABOUT = "a trip to a provider"
_LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Trip:
    """Someone's way to a provider and back."""

    provider: str
    way: Way
    return_to: str
    invitation: str | None
    link_to: str | None
    """The account that is to be linked; None for who signs in."""
    began_at: datetime


def local(address: str) -> str:
    """An address of ours. Raises BadRequest for one that leads elsewhere, whatever browsers make of it."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\"))
    if not plain or any(ord(character) <= 32 or character == "\\" for character in address):
        raise BadRequest("bad-address", "return_to is a path here, like /play/….")
    return address


def pack(response: Response, secret: Secret, trip: Trip) -> None:
    """Gives the trip to the browser."""
    said = base64.urlsafe_b64encode(secret.seal(orjson.dumps(asdict(trip)), _ABOUT)).decode()
    kept_s = int(_LASTS.total_seconds())
    response.set_cookie(COOKIE, said, kept_s, path="/", secure=True, httponly=True, samesite="lax")


def forget(response: Response) -> None:
    """The trip is over."""
    response.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="lax")


async def unpacked(
    request: Request, identity: Identity, provider: str, state: str | None, now: datetime
) -> Trip:
    """The trip that a browser comes back from, once. Raises Forbidden for any other."""
    trip = _read(request.cookies.get(COOKIE, ""), identity.secret)
    if trip is None or trip.provider != provider or now - trip.began_at > _LASTS:
        raise Forbidden("bad-state", "This browser did not set out for here, or too long ago: begin again.")
    if not hmac.compare_digest((state or "").encode(), trip.way.state.encode()):
        raise Forbidden("bad-state", "This is not what this browser set out for: begin again.")
    if not await identity.claims.take(f"trip/{trip.way.state}", 2 * _LASTS):
        raise Forbidden("bad-state", "This browser has come back already: begin again.")
    return trip


def _read(text: str, secret: Secret) -> Trip | None:
    try:
        said = orjson.loads(secret.open(base64.urlsafe_b64decode(text), _ABOUT))
    except (CannotOpen, ValueError, binascii.Error):
        return None
    began_at = datetime.fromisoformat(said.pop("began_at"))
    return Trip(**{**said, "way": Way(**said["way"]), "began_at": began_at})
