"""What an address permits to whoever has it: one file, in the name of who made it, until a moment."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Literal

from gateway.signing import Forged, Signer

_PURPOSE = b"sluice file"

Kind = Literal["media", "job"]


class BadPermit(ValueError):
    """It is not one of ours, or its time is over."""


@dataclass(frozen=True, slots=True)
class Permit:
    """One file. It goes out as an attachment, under the name that it has."""

    kind: Kind
    """Whether it is a medium as it was uploaded, or what a job made."""
    id: str
    maker_id: str
    expires_at: int
    """Seconds since 1970."""


class Permits:
    """Signs permits, and reads them again. Any replica knows one of any other."""

    def __init__(self, key: bytes) -> None:
        self._signer = Signer(key, _PURPOSE)

    def write(self, permit: Permit) -> str:
        """A permit as a part of an address."""
        return self._signer.write(list(astuple(permit)))

    def read(self, text: str, now: datetime) -> Permit:
        """The permit in an address. Raises BadPermit."""
        try:
            permit = Permit(*self._signer.read(text))
        except (Forged, TypeError) as error:
            raise BadPermit("this address was not made here") from error
        if permit.expires_at <= now.timestamp():
            raise BadPermit("this address is no longer good: ask for another")
        return permit
