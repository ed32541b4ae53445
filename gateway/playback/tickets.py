"""Signed addresses: what one viewing may fetch, and until when. Any replica knows a ticket of any other."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson
from itsdangerous import BadData, URLSafeSerializer

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
        self._signer = URLSafeSerializer(
            key, salt=_PURPOSE, serializer=_Json, signer_kwargs={"digest_method": hashlib.sha256}
        )

    def write(self, ticket: Ticket) -> str:
        """A ticket as a part of an address."""
        return str(self._signer.dumps(list(asdict(ticket).values())))

    def read(self, text: str, now: datetime) -> Ticket:
        """The ticket in an address. Raises BadTicket."""
        try:
            values = self._signer.loads(text)
            ticket = Ticket(**dict(zip(Ticket.__slots__, values, strict=True)))
            is_over = ticket.expires_at < now.timestamp()
        except (BadData, TypeError, ValueError) as error:
            raise BadTicket("this address was not made here") from error
        if self._signed(text.rpartition(".")[0]) != text:  # base64 has other spellings of the same signature
            raise BadTicket("this address was not made here")
        if is_over:
            raise BadTicket("this address is no longer good: ask for playback again")
        return ticket

    def _signed(self, payload: str) -> str:
        return self._signer.make_signer(_PURPOSE).sign(payload).decode()


class _Json:
    """orjson as itsdangerous wants it."""

    @staticmethod
    def dumps(value: object) -> str:
        return orjson.dumps(value).decode()

    @staticmethod
    def loads(text: str | bytes) -> object:
        return orjson.loads(text)
