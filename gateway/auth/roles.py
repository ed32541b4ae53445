"""What may be done at all, and which roles may do it. Whether it may be done to one thing is for `access`."""

from __future__ import annotations

from typing import Literal, get_args

Permission = Literal[
    "media:read",
    "media:write",
    "jobs:read",
    "jobs:write",
    "playback",
    "profiles:read",
    "profiles:write",
    "events:read",
    "system:read",
    "system:write",
    "users:read",
    "users:write",
    "account",
    "quarantine:read",
    "quarantine:write",
    "audit:read",
    "files:read",
    "files:write",
]
"""`account` is what concerns oneself: sessions, keys, the password."""

Role = Literal["admin", "editor", "viewer", "service"]

ROLES: tuple[Role, ...] = get_args(Role)
EVERYTHING: frozenset[Permission] = frozenset(get_args(Permission))

_VIEWER: frozenset[Permission] = frozenset(
    {"media:read", "jobs:read", "playback", "profiles:read", "events:read", "account"}
)
_MAKES: frozenset[Permission] = frozenset({"media:write", "jobs:write"})
_LOOKS_AFTER: frozenset[Permission] = frozenset({"system:read"})
_EDITOR = _VIEWER | _MAKES
_SERVICE = (_EDITOR | _LOOKS_AFTER) - {"account"}

_MAY: dict[str, frozenset[Permission]] = {
    "admin": EVERYTHING,
    "editor": _EDITOR,
    "viewer": _VIEWER,
    "service": _SERVICE,
}


def permissions_of(role: str) -> frozenset[Permission]:
    """What a role may do; nothing for a role of a later version."""
    return _MAY.get(role, frozenset())
