"""A second factor: the codes of an authenticator app (RFC 6238), and codes on paper for who has lost it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

import orjson
import pyotp
from pyotp.exceptions import OTPVerificationError

from connectors.sealing import Secret
from gateway.auth.accounts import Credential
from gateway.auth.handed_out import digest_of, is_it
from gateway.claims import Claims
from gateway.errors import Invalid

RECOVERY_CODES = 10
OFFERED_FOR = timedelta(minutes=10)
_ALPHABET = "23456789abcdefghjkmnpqrstvwxyz"
"""Nothing in it looks like something else."""
_GROUP, _GROUPS = 4, 6
"""117 bits: so many that a plain hash is enough to keep."""
_NEIGHBOURS = 1
"""Clocks differ, and people are slow: the code before and the one after are right too."""
_STEP = timedelta(seconds=30)
_ABOUT, _OFFER = "second factor", "second factor offer"


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What is kept of it: what the codes are made from, and a hash of each recovery code not used yet."""

    secret: str
    recovery: tuple[str, ...]

    @classmethod
    def read(cls, kept: Credential) -> SecondFactor:
        """From a credential."""
        said = orjson.loads(kept.value)
        return cls(said["secret"], tuple(said["recovery"]))

    def written(self) -> bytes:
        """As a credential keeps it."""
        return orjson.dumps(asdict(self))

    def step_of(self, code: str, now: datetime) -> int | None:
        """Which half-minute's code this is; None where it is none of those about now."""
        try:
            return pyotp.TOTP(self.secret).verify_and_get_timecode(
                code, for_time=now, valid_window=_NEIGHBOURS
            )
        except OTPVerificationError:
            return None

    def without(self, recovery_code: str) -> SecondFactor | None:
        """What is left once a recovery code is used; None where it is no such code."""
        left = tuple(digest for digest in self.recovery if not is_it(_plain(recovery_code), digest))
        return replace(self, recovery=left) if len(left) < len(self.recovery) else None


@dataclass(frozen=True, slots=True)
class Offer:
    """A second factor that someone may take up."""

    token: str
    """To be sent back with a code: it says which secret was offered to whom, to us alone."""
    secret: str
    uri: str
    """For an authenticator app, often as a picture."""


class SecondFactors:
    """Offers second factors, and tells right codes from wrong ones. Raises DatabaseUnavailable."""

    def __init__(self, secret: Secret, claims: Claims, issuer: str) -> None:
        self._secret = secret
        self._claims = claims
        self._issuer = issuer

    def offer(self, user_id: str, login: str, now: datetime) -> Offer:
        """A new one, of which nothing is kept until it is taken up."""
        secret = pyotp.random_base32()
        uri = pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=self._issuer)
        said = orjson.dumps([secret, now + OFFERED_FOR])
        return Offer(self._secret.seal(said, f"{_OFFER}/{user_id}").hex(), secret, uri)

    async def taken_up(
        self, token: str, code: str, user_id: str, now: datetime
    ) -> tuple[SecondFactor, list[str]]:
        """What to keep, and the recovery codes to show once. Raises Invalid."""
        secret = self._offered(token, user_id, now)
        codes = list(_recovery_codes())
        made = SecondFactor(secret, tuple(digest_of(_plain(each)) for each in codes))
        if not await self.is_code(made, user_id, code, now):
            raise Invalid("wrong-code", "The code is another one. Is the clock of your device right?")
        return made, codes

    def _offered(self, token: str, user_id: str, now: datetime) -> str:
        """The secret that was offered to someone. Raises Invalid."""
        try:
            secret, until = orjson.loads(self._secret.open(bytes.fromhex(token), f"{_OFFER}/{user_id}"))
        except ValueError as error:
            raise Invalid("offer-over", "This was not offered to you: begin anew.") from error
        if now >= datetime.fromisoformat(until):
            raise Invalid("offer-over", "This was offered too long ago: begin anew.")
        return str(secret)

    async def is_code(self, factor: SecondFactor, user_id: str, code: str, now: datetime) -> bool:
        """Whether this is a code of the app's, of about now, that was not used before."""
        step = factor.step_of(_plain(code), now)
        return step is not None and await self._claims.take(
            f"{_ABOUT}/{user_id}/{step}", _STEP * (2 * _NEIGHBOURS + 2)
        )


def _recovery_codes() -> Iterator[str]:
    for _ in range(RECOVERY_CODES):
        yield "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _plain(code: str) -> str:
    """As it was meant, however it was typed."""
    return "".join(code.split()).replace("-", "").lower()
