"""What people have configured of one kind, by name: kept in memory by each replica from the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from gateway.following import Following
from schemas.events import Event, ResourceChanged

T = TypeVar("T")


class Catalog(Generic[T]):
    """The last version of each. Reading raises Unavailable before the log was read."""

    def __init__(self, following: Following, kind: str, read: Callable[[str], T]) -> None:
        self._following = following
        self._kind = kind
        self._read = read
        self._versions: dict[str, int] = {}
        self._made: dict[str, T] = {}

    def hear(self, event: Event) -> bool:
        """Takes note of one event; whether it changed anything here."""
        if not isinstance(event, ResourceChanged) or event.kind != self._kind:
            return False
        if self._versions.get(event.id, 0) >= event.version:
            return False
        self._versions[event.id] = event.version
        if event.value:
            self._made[event.id] = self._read(event.value)
        else:
            self._made.pop(event.id, None)
        return True

    def all(self) -> Mapping[str, T]:
        """Those that there are now."""
        self._following.refuse_unheard()
        return self._made

    def last_version(self, name: str) -> int:
        """The last version there ever was, also of one that was removed; 0 where there was none."""
        self._following.refuse_unheard()
        return self._versions.get(name, 0)
