"""Who is asking, once that is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from connectors.private_file import read_private
from gateway.auth.roles import EVERYTHING, Permission

ADMIN = "admin"
"""The id of whoever holds the administrator's token, and the role that may do everything."""
ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class Principal:
    """Someone who may act."""

    id: str
    role: str = ADMIN
    may: frozenset[Permission] = EVERYTHING
    groups: frozenset[str] = field(default_factory=frozenset)
    session_id: str | None = None
    """The session that they are signed in with; None for a key or the administrator's token."""
    issued_at: datetime | None = None
    """Since when they have what they came by; what was issued before they were signed out counts no more."""
    key_id: str | None = None
    """The key that they came by."""
    lacks_second_factor: bool = False
    """Whether they may do next to nothing before they have one."""
    only: str | None = None
    """The one medium that is not kept from them, for whoever has a link to it."""

    @property
    def actor(self) -> str:
        """How events name them."""
        return f"user:{self.id}"

    @property
    def sees_all(self) -> bool:
        """Whether nothing is kept from them."""
        return self.role in (ADMIN, "service")


NOBODY = Principal(ANYONE, role="", may=frozenset())
"""Who has not said who they are."""


class Authenticator(Protocol):
    """Knows who a token belongs to."""

    async def principal(self, token: str) -> Principal:
        """The token's owner. Raises Unauthorized, and Unavailable where that cannot be told now."""
        ...

    def still_good(self, principal: Principal) -> bool:
        """Whether someone who was let in would be let in again, as the same."""
        ...


class TokenFileUnusable(ValueError):
    """The administrator's token can't be read, or others can read it too."""


def read_token_file(path: Path) -> str:
    """The token in a file that only its owner may read. Raises TokenFileUnusable."""
    token = read_private(path, "token", TokenFileUnusable).strip()
    if not token:
        raise TokenFileUnusable(f"the token file {path} is empty")
    return token
