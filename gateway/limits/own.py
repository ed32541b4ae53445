"""The budgets that people were given apart from everyone's, kept in memory by each replica from the log."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from gateway.limits.budgets import KINDS, Budget, Kind, parse
from gateway.quotas import amounts
from schemas.events import Event, ResourceChanged

LIMITS = "limits"
"""The kind of resource; its id is the account's."""
STORAGE = "storage"
"""What the quota of stored bytes is called among them."""


class OwnLimits:
    """Whose budgets are others than everyone's."""

    def __init__(self) -> None:
        self._versions: dict[str, int] = {}
        self._given: dict[str, dict[Kind, Budget | None]] = {}
        self._storage: dict[str, int | None] = {}

    def hear(self, event: Event) -> None:
        """Takes note of one event."""
        if not isinstance(event, ResourceChanged) or event.kind != LIMITS:
            return
        if self._versions.get(event.id, 0) < event.version:
            self._versions[event.id] = event.version
            said = orjson.loads(event.value) if event.value else {}
            self._given[event.id] = {kind: parse(said[kind]) for kind in KINDS if kind in said}
            self._storage.pop(event.id, None)
            if STORAGE in said:
                self._storage[event.id] = amounts.amount(said[STORAGE])

    def of(self, user_id: str) -> Mapping[Kind, Budget | None]:
        """What was given to someone."""
        return self._given.get(user_id, {})

    def storage_of(self, user_id: str, everyone: int | None) -> int | None:
        """How many bytes someone may keep: what they were given, or what everyone may."""
        return self._storage.get(user_id, everyone)

    def next_version(self, user_id: str) -> int:
        """What the next change is numbered."""
        return self._versions.get(user_id, 0) + 1


def as_value(given: Mapping[str, str]) -> str | None:
    """What was given, as people write it, as it is kept; nothing where nothing is given."""
    return orjson.dumps(dict(given)).decode() if given else None
