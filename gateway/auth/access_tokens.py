"""Access tokens: short-lived, signed with keys that derive from the installation's secret and the date, so
that every replica has them and nothing has to be stored, sent or agreed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet
from joserfc.jwt import JWTClaimsRegistry

from connectors.ports import Clock
from connectors.sealing import Secret
from gateway.errors import Unauthorized
from schemas.events import new_id

ALGORITHM = "ES256"
AUDIENCE = "sluice"
_TYPE = "at+jwt"
_PERIOD = timedelta(days=30)
_SKEW = timedelta(seconds=30)
"""The clocks of replicas may differ by this."""
_CURVE_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_MOST_CHARACTERS = 2000
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says, once it is known to be ours and in its time."""

    user_id: str
    session_id: str
    issued_at: datetime
    expires_at: datetime


class AccessTokens:
    """Issues tokens and reads them."""

    def __init__(self, secret: Secret, issuer: str, clock: Clock, lifetime: timedelta) -> None:
        self._secret = secret
        self._issuer = issuer
        self._clock = clock
        self.lifetime = lifetime
        self._keys: dict[int, list[ECKey]] = {}
        self._read: dict[str, Claims] = {}

    def issue(self, user_id: str, session_id: str) -> str:
        """A token for one session of someone."""
        now = self._clock.now()
        key = self._keys_of(_period(now))[0]
        issued_at = now.timestamp()
        claims = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sub": user_id,
            "sid": session_id,
            "jti": new_id(),
            "iat": issued_at,
            "nbf": issued_at,
            "exp": issued_at + self.lifetime.total_seconds(),
        }
        header = {"alg": ALGORITHM, "typ": _TYPE, "kid": key.kid}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    def read(self, token: str) -> Claims:
        """What a token says. Raises Unauthorized."""
        now = self._clock.now()
        found = self._read.get(token)
        if found is None:
            found = self._verified(token, now)
            if len(self._read) >= _KEPT:
                self._read.clear()
            self._read[token] = found
        if not found.issued_at - _SKEW <= now < found.expires_at:
            raise Unauthorized("This token is no longer good: sign in again, or renew it.")
        return found

    def published(self) -> dict[str, Any]:
        """The public keys, as a JSON Web Key Set: of now, of before and of the time to come."""
        return {"keys": [key.as_dict(private=False) for key in self._accepted(self._clock.now())]}

    def _verified(self, token: str, now: datetime) -> Claims:
        try:
            if len(token) > _MOST_CHARACTERS:
                raise ValueError("too long")
            read = jwt.decode(token, KeySet(list(self._accepted(now))), algorithms=[ALGORITHM])
            if read.header.get("typ") != _TYPE:
                raise ValueError("another kind of token")
            self._rules(now).validate(read.claims)
            said = read.claims
            return Claims(str(said["sub"]), str(said["sid"]), _time(said["iat"]), _time(said["exp"]))
        except (JoseError, ValueError, TypeError, KeyError, OverflowError) as error:
            raise Unauthorized("This token is not known here, or no longer good.") from error

    def _rules(self, now: datetime) -> JWTClaimsRegistry:
        wanted: dict[str, Any] = {name: {"essential": True} for name in ("sub", "sid", "iat", "nbf", "exp")}
        said = {"iss": self._issuer, "aud": AUDIENCE}
        wanted |= {name: {"essential": True, "value": value} for name, value in said.items()}
        return JWTClaimsRegistry(now=int(now.timestamp()), leeway=int(_SKEW.total_seconds()), **wanted)

    def _accepted(self, now: datetime) -> Sequence[ECKey]:
        """A token outlives the period that it was issued in, and another replica's clock may be ahead."""
        this = _period(now)
        return [key for period in (this, this - 1, this + 1) for key in self._keys_of(period)]

    def _keys_of(self, period: int) -> list[ECKey]:
        if period not in self._keys:
            self._keys[period] = [_key(seed) for seed in self._secret.every(f"signing {period}")]
        return self._keys[period]


def _period(now: datetime) -> int:
    return int(now.timestamp() // _PERIOD.total_seconds())


def _key(seed: bytes) -> ECKey:
    number = int.from_bytes(seed) % (_CURVE_ORDER - 1) + 1
    private = ec.derive_private_key(number, ec.SECP256R1())
    key = ECKey.import_key(private, {"use": "sig", "alg": ALGORITHM})
    key.ensure_kid()
    return key


def _time(seconds: Any) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
