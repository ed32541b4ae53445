"""From a token to the person behind it; accounts will be another `Authenticator`."""

from __future__ import annotations

import hashlib
import hmac
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gateway.errors import Unauthorized

ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone who may act."""

    id: str

    @property
    def actor(self) -> str:
        """How events name them."""
        return f"user:{self.id}"


class Authenticator(Protocol):
    """Knows who a token belongs to."""

    async def principal(self, token: str) -> Principal:
        """The token's owner. Raises Unauthorized."""
        ...


class TokenFileUnusable(ValueError):
    """The administrator's token can't be read, or others can read it too."""


class AdminToken:
    """One token, one administrator."""

    def __init__(self, token: str) -> None:
        self._digest = _digest(token)

    async def principal(self, token: str) -> Principal:
        """See Authenticator. Takes the same time for every token."""
        if not hmac.compare_digest(_digest(token), self._digest):
            raise Unauthorized("This token is not known here.")
        return Principal(ADMIN)


def read_token_file(path: Path) -> str:
    """The token in a file that only its owner may read. Raises TokenFileUnusable."""
    try:
        mode = path.stat().st_mode
        token = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise TokenFileUnusable(f"the token file {path} can't be read: {error}") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise TokenFileUnusable(f"others may read the token file {path}: run chmod 600 on it")
    if not token:
        raise TokenFileUnusable(f"the token file {path} is empty")
    return token


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode(errors="surrogateescape")).digest()
