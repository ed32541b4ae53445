"""Accounts as they are kept in memory, and what their sealed parts hold."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from datetime import datetime

import orjson

ACTIVE, DISABLED, ERASED = "active", "disabled", "erased"

PASSWORD, USER_KEY, API_KEY = "password", "user-key", "api-key"
INVITATION, SHARE, IDENTITY = "invitation", "share", "identity"
SECOND_FACTOR, RESET = "second-factor", "reset"
"""The kinds of credentials."""


@dataclass(frozen=True, slots=True)
class Personal:
    """What is personal about someone."""

    login: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None

    def written(self) -> bytes:
        """As it is sealed."""
        return orjson.dumps(asdict(self))

    @classmethod
    def read(cls, said: bytes) -> Personal:
        """From what was sealed."""
        return cls(**orjson.loads(said))

    @property
    def names(self) -> frozenset[str]:
        """What they may sign in as, folded."""
        return frozenset(folded(name) for name in (self.login, self.email) if name)


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """An account."""

    id: str
    version: int
    role: str
    state: str
    groups: frozenset[str]
    created_at: datetime
    valid_from: datetime
    sealed: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What it takes to check one proof of who someone is."""

    kind: str
    id: str
    user_id: str | None
    version: int
    value: bytes


def folded(name: str) -> str:
    """The form in which names to sign in with are compared."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()
