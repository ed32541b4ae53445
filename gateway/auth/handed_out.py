"""Texts that are handed out once, and of which only a hash is kept: keys, invitations, links."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_SECRET_BYTES = 32


def new_secret() -> str:
    """What only the holder will know."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def written(mark: str, id: str, secret: str) -> str:
    """The text as it is shown, once: a mark that says what it is, an id, and the secret."""
    return f"{mark}{id}_{secret}"


def read(mark: str, text: str) -> tuple[str, str]:
    """The id and the secret in a text; empty where there are none."""
    id, _, secret = text.removeprefix(mark).partition("_")
    return id, secret


def digest_of(secret: str) -> str:
    """What is kept of a secret: it has so many bits that a plain hash is enough."""
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def is_it(secret: str, digest: str) -> bool:
    """Whether this is the secret of which that was kept."""
    return hmac.compare_digest(digest_of(secret), digest)
