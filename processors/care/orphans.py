"""Which blobs nothing refers to, and how the report of a cleanup tells of them; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.ports import Listed
from processors.care.known import Known, name_in
from schemas.chores import REPORT_NAME

AREAS = ("renditions", "images", "straight", "processed", "reports", "quarantine", "raw")
"""What is looked through, in this order: what was made of a source goes before the source."""

_MADE_BY_JOBS = frozenset({"processed", "reports"})
_MOST_FINDINGS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What is too young to go."""

    before: datetime
    """What is there since then or later stays, whatever it is."""
    made_before: datetime
    """What is there since then or later may be of a job that has not told of it yet."""

    def of(self, area: str) -> datetime:
        """Since when something must be there to go."""
        return min(self.before, self.made_before) if area in _MADE_BY_JOBS else self.before


def is_orphan(blob: Listed, known: Known) -> bool:
    """Whether nothing that is known refers to a blob. What a report was made of is needed while its job runs,
    and then it is young: see Limits.
    """
    return name_in(blob.location) not in known or _is_part_of_report(blob.location)


def _is_part_of_report(location: str) -> bool:
    return location.startswith("reports/") and not location.endswith(f"/{REPORT_NAME}")


@dataclass(slots=True)
class Tally:
    """What was come across in one area."""

    blobs: int = 0
    size_bytes: int = 0
    orphans: int = 0
    """What nothing refers to, and is old enough to go."""
    orphan_bytes: int = 0
    young: int = 0
    """What nothing refers to yet, or not for long enough."""
    removed: int = 0
    removed_bytes: int = 0
    first: list[dict[str, Any]] = field(default_factory=list)

    def see(self, blob: Listed) -> None:
        """It is there."""
        self.blobs += 1
        self.size_bytes += blob.size_bytes

    def find(self, blob: Listed) -> None:
        """It may go."""
        self.orphans += 1
        self.orphan_bytes += blob.size_bytes
        if len(self.first) < _MOST_FINDINGS:
            said = {"location": blob.location, "size_bytes": blob.size_bytes, "since": blob.since}
            self.first.append(said)

    def remove(self, blob: Listed) -> None:
        """It is gone."""
        self.removed += 1
        self.removed_bytes += blob.size_bytes

    def written(self) -> dict[str, Any]:
        """As the report has it."""
        return {name: getattr(self, name) for name in self.__slots__}


def cleanup_report(deleted: bool, limits: Limits, tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """The report of a cleanup."""
    sums = ("blobs", "size_bytes", "orphans", "orphan_bytes", "young", "removed", "removed_bytes")
    total = {name: sum(getattr(tally, name) for tally in tallies.values()) for name in sums}
    return {
        "chore": "cleanup",
        "deleted": deleted,
        "there_since_before": limits.before,
        "total": total,
        "areas": {area: tally.written() for area, tally in tallies.items()},
    }
