"""What a scrub reads, and what it says of it; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from connectors.rooted.located import is_in_root
from schemas.health import DAMAGED

MEDIUM, OUTPUT = "medium", "output"

_HASH_DIGITS = 64
_MOST_MARKS = 4000
"""Of one task: its outcome rides an event. What is over is marked by the next scrub."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A blob whose bytes are known by their hash."""

    location: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A medium, or what a job made, with all that it consists of."""

    kind: str
    id: str
    size_bytes: int
    parts: list[Part]
    was: str | None = None
    """What was wrong with it when someone looked last."""

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Entry:
        """The entry in a list."""
        return cls(**{**said, "parts": [Part(**part) for part in said["parts"]]})

    def written(self) -> dict[str, Any]:
        """As a list has it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it was."""

    kind: str
    id: str
    location: str
    what: str


@dataclass(slots=True)
class Findings:
    """What one task came across."""

    read: int = 0
    read_bytes: int = 0
    archived: int = 0
    """What an archive has to give back before it can be read."""
    found: list[Finding] = field(default_factory=list)
    marks: dict[str, str | None] = field(default_factory=dict)

    def note(self, entry: Entry, found: Mapping[str, str]) -> None:
        """An entry was looked at; `found` says what is wrong with which of its parts."""
        self.read += 1
        self.read_bytes += entry.size_bytes
        self.found += [Finding(kind=entry.kind, id=entry.id, location=at, what=w) for at, w in found.items()]
        worst = next(iter(found.values()), None)
        if entry.kind == MEDIUM and worst != entry.was and len(self.marks) < _MOST_MARKS:
            self.marks[entry.id] = worst

    def pass_over(self, entry: Entry) -> None:
        """An entry can't be read before it is asked back: nothing is said of it."""
        self.read_bytes += entry.size_bytes
        self.archived += 1

    def counts(self) -> dict[str, int]:
        """How often each thing was wrong."""
        counts: dict[str, int] = {}
        for each in self.found:
            counts[each.what] = counts.get(each.what, 0) + 1
        return counts

    def written(self) -> dict[str, Any]:
        """As the part of a report has it."""
        found = [asdict(each) for each in self.found]
        said = {"read": self.read, "read_bytes": self.read_bytes, "archived": self.archived}
        return {**said, "found": found}


def entry_of_medium(document: Mapping[str, Any]) -> Entry | None:
    """What there is to read of a medium; None where nothing is known of its bytes. Of what lies in an
    operator's folder no hash of the whole is known.
    """
    upload, probe = document.get("upload") or {}, document.get("probe") or {}
    if not upload.get("location") or "dropped_at" in document:
        return None
    if is_in_root(upload["location"]):
        return None
    parts = [Part(location=upload["location"], sha256=upload["sha256"]), *_straight(upload, probe)]
    health = document.get("health") or {}
    was = health.get("what") if health.get("state") == DAMAGED else None
    size = upload["size_bytes"] * len(parts)
    return Entry(kind=MEDIUM, id=document["_id"], size_bytes=size, parts=parts, was=was)


def entry_of_job(document: Mapping[str, Any]) -> Entry | None:
    """What there is to read of a job's result; None where it has none that is named by its hash."""
    outcome = document.get("outcome") or {}
    parts = list(_hashed(outcome.get("output_location") or ""))
    size = (outcome.get("metrics") or {}).get("output_size_bytes") or 0
    return Entry(kind=OUTPUT, id=document["_id"], size_bytes=size, parts=parts) if parts else None


def _straight(upload: Mapping[str, Any], probe: Mapping[str, Any]) -> Iterator[Part]:
    """The copy with one clock, where there is one: its name is its hash."""
    location = probe.get("location")
    if location and location != upload["location"]:
        yield from _hashed(location)


def _hashed(location: str) -> Iterator[Part]:
    name = location.rpartition("/")[2].partition(".")[0]
    if len(name) == _HASH_DIGITS:
        yield Part(location=location, sha256=name)


def scrub_report(
    parts: list[Mapping[str, Any]], expected: int, untrusted: list[dict[str, Any]], most: int
) -> dict[str, Any]:
    """The report of a scrub, with the first of its findings."""
    found = [each for part in parts for each in part["found"]]
    counts: dict[str, int] = {}
    for each in found:
        counts[each["what"]] = counts.get(each["what"], 0) + 1
    return {
        "chore": "scrub",
        "expected": expected,
        "read": sum(part["read"] for part in parts),
        "read_bytes": sum(part["read_bytes"] for part in parts),
        "archived": sum(part.get("archived", 0) for part in parts),
        "damaged": counts,
        "findings": found[:most],
        "untrusted": untrusted,
    }
