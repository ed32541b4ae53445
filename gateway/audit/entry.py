"""What is to be written into the trail, before it is a link of a chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.auth.principal import ADMIN, ANYONE, Principal
from schemas.events import Head

ALLOWED, REFUSED, FAILED = "allowed", "refused", "failed"
"""`failed`: it was allowed, and could not be done, or nobody knows whether it was."""

NOBODY = "nothing"
_MOST_ID = 200


@dataclass(frozen=True, slots=True)
class Target:
    """What something is about."""

    kind: str
    id: str
    is_known: bool = True
    """Whether there is such a thing; a stranger may ask for anything."""

    @classmethod
    def named(cls, kind: str, id: str) -> Target:
        """By what a stranger may have typed: cut, and always good for the wire."""
        return cls(kind, id[:_MOST_ID].encode(errors="replace").decode(), is_known=False)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wants something, how they came in, and from where."""

    id: str
    came_by: str
    address: str | None = None
    """In clear: it is sealed, or made unreadable, when it is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One decision."""

    at: datetime
    action: str
    outcome: str
    actor: Actor
    target: Target | None = None
    request_id: str | None = None
    method: str | None = None
    route: str | None = None
    count: int = 1
    details: Mapping[str, str] = field(default_factory=dict)
    heads: tuple[Head, ...] = ()

    @property
    def weighs(self) -> bool:
        """Whether it goes before, where not all can be kept: whatever was not just looked at."""
        return self.outcome != ALLOWED

    @property
    def alike(self) -> tuple[object, ...]:
        """The same for entries that one with a count can stand for.

        Strangers may ask for anything, as often as they like: where it is not there, it counts by route.
        """
        is_anything = self.actor.came_by == NOBODY and self.target is not None and not self.target.is_known
        target = None if is_anything else self.target
        return (
            self.action,
            self.outcome,
            self.actor,
            target,
            self.method,
            self.route,
            self.details.get("code"),
        )


def actor_of(principal: Principal, address: str | None) -> Actor:
    """Someone who asks, as the trail names them."""
    return Actor(principal.id, _came_by(principal), address)


def _came_by(principal: Principal) -> str:
    ways = {
        NOBODY: principal.id == ANYONE,
        "admin-token": principal.id == ADMIN,
        "session": principal.session_id is not None,
        "key": principal.key_id is not None,
        "link": principal.only is not None,
    }
    return next((way for way, is_it in ways.items() if is_it), "sign-in")
