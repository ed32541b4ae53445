"""Signed addresses: what one viewing may fetch, and until when. Any replica knows a ticket of any other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from gateway.signing import Signer

_PURPOSE = b"sluice playback"


class BadTicket(ValueError):
    """It is not one of ours, or its time is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One viewing of one medium by one viewer."""

    session_id: str
    media_id: str
    viewer_id: str
    method: str
    profile: str | None
    version: int
    """Of the profile."""
    start_ms: int
    max_height: int | None
    max_bit_rate: int | None
    expires_at: int
    """Seconds since 1970."""


class Tickets:
    """Signs tickets, and reads them again."""

    def __init__(self, key: bytes) -> None:
        self._signer = Signer(key, _PURPOSE)

    def write(self, ticket: Ticket) -> str:
        """A ticket as a part of an address."""
        return self._signer.write(list(asdict(ticket).values()))

    def read(self, text: str, now: datetime) -> Ticket:
        """The ticket in an address. Raises BadTicket."""
        try:
            ticket = Ticket(**dict(zip(Ticket.__slots__, self._signer.read(text), strict=True)))
            is_over = ticket.expires_at < now.timestamp()
        except (TypeError, ValueError) as error:
            raise BadTicket("this address was not made here") from error
        if is_over:
            raise BadTicket("this address is no longer good: ask for playback again")
        return ticket
