"""Shared libraries and links to media, kept in memory by each replica from the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gateway.access.policy import Access, Level, given
from gateway.auth.principal import Principal
from schemas.events import Event, ResourceChanged

LIBRARY, SHARE, ACCESS = "library", "share", "access"
"""The kinds of resources: libraries, links to a medium, and what was granted of a medium."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Media that several people have together."""

    id: str
    version: int
    name: str
    owner_id: str
    access: Access
    created_at: datetime
    folders: tuple[str, ...] = ()
    """The operator's folders that it is made of, as root/path."""

    def written(self) -> str:
        """As it is kept."""
        said = {name: getattr(self, name) for name in ("name", "owner_id", "access", "created_at", "folders")}
        return orjson.dumps(said).decode()

    @classmethod
    def read(cls, event: ResourceChanged) -> Library:
        """From what was kept."""
        said = _said(event)
        return cls(
            id=event.id,
            version=event.version,
            name=said["name"],
            owner_id=said["owner_id"],
            access=said["access"],
            created_at=datetime.fromisoformat(said["created_at"]),
            folders=tuple(said.get("folders") or ()),
        )

    def level(self, principal: Principal) -> Level:
        """What someone may do with the library, and with what is in it."""
        if principal.only is not None:
            return Level.NONE
        if principal.sees_all or principal.id == self.owner_id:
            return Level.MANAGE
        return given(self.access, principal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A link to one medium, for whoever has it."""

    id: str
    version: int
    media_id: str
    by: str
    created_at: datetime
    expires_at: datetime

    def written(self) -> str:
        """As it is kept; what it takes to open it is kept as a credential."""
        names = ("media_id", "by", "created_at", "expires_at")
        return orjson.dumps({name: getattr(self, name) for name in names}).decode()

    @classmethod
    def read(cls, event: ResourceChanged) -> Share:
        """From what was kept."""
        said = _said(event)
        times = {name: datetime.fromisoformat(said[name]) for name in ("created_at", "expires_at")}
        return cls(**{**said, **times, "id": event.id, "version": event.version})


class Libraries:
    """The libraries and links that there are now."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._libraries: dict[str, Library] = {}
        self._shares: dict[str, Share] = {}

    def hear(self, event: Event) -> None:
        """Takes note of one event."""
        if not isinstance(event, ResourceChanged) or event.kind not in (LIBRARY, SHARE):
            return
        if self._versions.get(event.resource, 0) >= event.version:
            return
        self._versions[event.resource] = event.version
        if event.kind == LIBRARY:
            _note(self._libraries, event, Library.read)
        else:
            _note(self._shares, event, Share.read)

    def get(self, library_id: str | None) -> Library | None:
        """One library."""
        return self._libraries.get(library_id or "")

    def all(self) -> Iterable[Library]:
        """Every library."""
        return list(self._libraries.values())

    def share(self, share_id: str) -> Share | None:
        """One link."""
        return self._shares.get(share_id)

    def shares_of(self, media_id: str) -> list[Share]:
        """The links to a medium, the newest first."""
        found = [share for share in self._shares.values() if share.media_id == media_id]
        return sorted(found, key=lambda share: share.id, reverse=True)

    def seen_by(self, principal: Principal) -> Iterable[Library]:
        """The libraries that someone sees."""
        return [each for each in self._libraries.values() if each.level(principal) >= Level.VIEW]


def _note(kept: dict[str, Any], event: ResourceChanged, read: Any) -> None:
    if event.value is None:
        kept.pop(event.id, None)
    else:
        kept[event.id] = read(event)


def _said(event: ResourceChanged) -> dict[str, Any]:
    said: dict[str, Any] = orjson.loads(event.value or "{}")
    return said
