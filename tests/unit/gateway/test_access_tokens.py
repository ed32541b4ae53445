"""Access tokens that are not ours, not meant for this, or not in their time: each kind is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from connectors.sealing import Secret
from gateway.auth.access_tokens import AccessTokens
from gateway.errors import Unauthorized
from tests.unit.gateway.doubles import START, FakeClock

SECRET = Secret(["what only this installation knows"])
OTHER = Secret(["what only that installation knows"])
LIFETIME = timedelta(minutes=15)


def tokens(secret: Secret = SECRET, issuer: str = "sluice", clock: FakeClock | None = None) -> AccessTokens:
    return AccessTokens(secret, issuer, clock or FakeClock(), LIFETIME)


def signed(claims: dict[str, Any], header: dict[str, Any] | None = None, key: ECKey | None = None) -> str:
    """A token as we would sign it, but for what is said."""
    ours = tokens()
    good = ours._keys_of(int(START.timestamp() // (30 * 86400)))[0]
    now = START.timestamp()
    said = {
        "iss": "sluice",
        "aud": "sluice",
        "sub": "u1",
        "sid": "s1",
        "iat": now,
        "nbf": now,
        "exp": now + 900,
        **claims,
    }
    head = {"alg": "ES256", "typ": "at+jwt", "kid": good.kid, **(header or {})}
    return jwt.encode(
        head, {k: v for k, v in said.items() if v is not None}, key or good, algorithms=["ES256"]
    )


def unsigned(token: str, **header: Any) -> str:
    """The same claims with no signature, and a header that says that this is well."""
    return f"{_part({'typ': 'at+jwt', **header})}.{token.split('.')[1]}."


def _part(said: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip("=")


def test_ours_is_good_with_any_replica() -> None:
    claims = tokens().read(tokens().issue("u1", "s1"))
    assert (claims.user_id, claims.session_id) == ("u1", "s1")
    assert claims.expires_at - claims.issued_at == LIFETIME
    assert tokens().read(signed({})) == claims


NOW = START.timestamp()


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": None},
        {"iss": "another"},
        {"iss": None},
        {"sub": None},
        {"sid": None},
        {"exp": NOW - 31},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": NOW + 60},
        {"iat": NOW + 3600, "nbf": NOW},
        {"iat": None},
    ],
    ids=str,
)
def test_claims_that_are_not_right_are_refused(claims: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        tokens().read(signed(claims))


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": "rt+jwt"}, {"kid": "another"}], ids=str)
def test_another_kind_of_token_or_key_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized):
        tokens().read(signed({}, header))


def test_a_key_of_someone_else_is_refused() -> None:
    private = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
    with pytest.raises(Unauthorized):
        tokens().read(signed({}, key=private))
    with pytest.raises(Unauthorized):
        tokens().read(tokens(OTHER).issue("u1", "s1"))


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "HS256"])
def test_the_algorithm_is_ours_to_choose(alg: str) -> None:
    token = tokens().issue("u1", "s1")
    with pytest.raises(Unauthorized):
        tokens().read(unsigned(token, alg=alg))


@pytest.mark.parametrize("brings", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_a_token_brings_along_is_none(brings: str) -> None:
    own = ECKey.import_key(ec.generate_private_key(ec.SECP256R1()))
    public: Any = own.as_dict(private=False)
    more = {
        "jwk": public,
        "jku": "https://evil.example/jwks",
        "x5u": "https://evil.example/x",
        "x5c": ["MIIB"],
    }
    for kid in ({}, {"kid": own.thumbprint()}):
        with pytest.raises(Unauthorized):
            tokens().read(signed({}, {brings: more[brings], **kid}, own))


def test_the_public_key_is_no_secret_to_sign_with() -> None:
    """The oldest trick: our public key, taken for the shared secret of another algorithm."""
    published = tokens().published()["keys"][0]
    public = ECKey.import_key(published).as_pem(private=False)
    head = {"alg": "HS256", "typ": "at+jwt", "kid": published["kid"]}
    said = f"{_part(head)}.{tokens().issue('admin', 's').split('.')[1]}"
    signature = hmac.new(public, said.encode(), hashlib.sha256).digest()
    with pytest.raises(Unauthorized):
        tokens().read(f"{said}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}")


def test_no_part_can_be_changed() -> None:
    token = tokens().issue("u1", "s1")
    header, claims, signature = token.split(".")
    other = _part({"sub": "u2"})
    for changed in (
        f"{header}.{other}.{signature}",
        f"{header}.{claims}.",
        f"{header}.{claims}",
        "",
        "a.b.c",
        ".",
    ):
        with pytest.raises(Unauthorized):
            tokens().read(changed)
    with pytest.raises(Unauthorized):
        tokens().read(token + "x" * 3000)


def test_keys_change_with_time_and_the_last_ones_stay_good() -> None:
    clock = FakeClock()
    replica = tokens(clock=clock)
    before = {key["kid"] for key in replica.published()["keys"]}
    token = replica.issue("u1", "s1")
    period = timedelta(days=30)
    to_the_next = period - timedelta(seconds=START.timestamp() % period.total_seconds())
    clock.move(seconds=to_the_next.total_seconds() - 5)
    late = replica.issue("u1", "s1")
    clock.move(seconds=10)
    assert replica.read(late).session_id == "s1"
    assert replica.issue("u1", "s1").split(".")[0] != token.split(".")[0]
    after = {key["kid"] for key in replica.published()["keys"]}
    assert (len(before), len(after), len(before & after)) == (3, 3, 2)


def test_a_new_secret_takes_over_while_the_old_one_still_reads() -> None:
    old = tokens().issue("u1", "s1")
    both = Secret(["a new one, which nobody knows yet at all", "what only this installation knows"])
    assert tokens(both).read(old).user_id == "u1"
    with pytest.raises(Unauthorized):
        tokens().read(tokens(both).issue("u1", "s1"))


def test_what_is_published_is_public() -> None:
    for key in tokens().published()["keys"]:
        assert "d" not in key
        assert (key["alg"], key["use"], key["kty"]) == ("ES256", "sig", "EC")
