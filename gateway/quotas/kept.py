"""What one person has in the store, as it is written down: what was counted, and what is on its way.

A hold is room for something on its way. It ends by itself, so that what dies in between holds nothing for
ever. When its bytes have become a medium it names that, and goes on until a count has seen it or, later,
becomes part of what was counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors.ports import Document

COLLECTION = "stored"
COUNTED_AT = "counted_at"


@dataclass(frozen=True, slots=True)
class Hold:
    """Room for one file."""

    size_bytes: int
    until: datetime
    media_id: str | None = None
    """The medium that it has become."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What one person has."""

    version: int
    """None is written over another that came meanwhile."""
    counted: int
    counted_at: datetime
    holds: dict[str, Hold] = field(default_factory=dict)

    @property
    def used(self) -> int:
        """All of it."""
        return max(0, self.counted + sum(each.size_bytes for each in self.holds.values()))

    def at(self, now: datetime) -> Kept:
        """The same without holds that have ended: of those that became media, the bytes stay."""
        over = [each for each in self.holds.values() if each.until <= now]
        became = sum(each.size_bytes for each in over if each.media_id)
        live = {id: each for id, each in self.holds.items() if each.until > now}
        return replace(self, counted=self.counted + became, holds=live)

    def holding(self, id: str, hold: Hold | None) -> Kept:
        """The same with this hold, or without it."""
        others = {name: each for name, each in self.holds.items() if name != id}
        return replace(self, holds=others | ({id: hold} if hold else {}))

    def less(self, size_bytes: int) -> Kept:
        """The same after so much has gone, which may be among the holds still."""
        return replace(self, counted=self.counted - size_bytes)

    def recounted(self, size_bytes: int, seen: set[str], at: datetime) -> Kept:
        """The same after a count that has seen these media."""
        holds = {id: each for id, each in self.holds.items() if each.media_id not in seen}
        return replace(self, counted=size_bytes, counted_at=at, holds=holds)


def document_of(kept: Kept) -> dict[str, Any]:
    """As it is written down, numbered as the next."""
    holds = [[id, each.size_bytes, each.until, each.media_id] for id, each in kept.holds.items()]
    said = {"version": kept.version + 1, "counted": kept.counted, COUNTED_AT: kept.counted_at}
    return {**said, "holds": holds}


def read(document: Document) -> Kept:
    """As it was written down."""
    holds = {id: Hold(size, until, media_id) for id, size, until, media_id in document["holds"]}
    return Kept(document["version"], document["counted"], document[COUNTED_AT], holds)
