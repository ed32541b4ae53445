"""Segments: how long they are, what they are called and where they lie in the store.

A key says what bytes depend on, and nothing else: two profiles with a rung in common share it.
`COMPATIBILITY` is raised by hand when what comes out changes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import orjson

COMPATIBILITY = "1"
SEGMENT_S = 4
"""About how long a segment is; exactly so many pictures or packets that it comes closest."""

INIT = -1
"""The number that stands for the initialisation segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Equal segments over units that are equally long: pictures, or packets of sound."""

    rate: Fraction
    """Units a second."""
    units: int
    """How many there are, as far as the container can be believed."""
    per_segment: int

    @property
    def segments(self) -> int:
        """How many segments there are."""
        return -(-self.units // self.per_segment)

    def first(self, segment: int) -> int:
        """The number of a segment's first unit."""
        return segment * self.per_segment

    def length(self, segment: int) -> int:
        """How many units a segment has."""
        return min(self.per_segment, self.units - self.first(segment))

    def duration(self, segment: int) -> Fraction:
        """How long a segment is, in seconds."""
        return self.length(segment) / self.rate

    def at(self, seconds: Fraction | float) -> int:
        """The segment in which an instant lies."""
        return max(0, min(self.segments - 1, int(Fraction(seconds) * self.rate) // self.per_segment))


@dataclass(frozen=True, slots=True)
class Made:
    """What a task that encodes a run makes: no two tasks make the same at a time."""

    group: str
    first: int
    count: int

    def __str__(self) -> str:
        return f"{self.group}:{self.first}+{self.count}"

    def __contains__(self, segment: int) -> bool:
        return self.first <= segment < self.first + self.count

    @classmethod
    def parse(cls, text: str | None) -> Made | None:
        """What `str` wrote; None for anything else."""
        group, _, span = (text or "").rpartition(":")
        first, _, count = span.partition("+")
        return cls(group, int(first), int(count)) if first.isdigit() and count.isdigit() else None


def segment_name(segment: int) -> str:
    """What a segment is called in the store and in addresses."""
    return "init.mp4" if segment == INIT else f"{segment:06d}.m4s"


def rendition_folder(source: str, key: str) -> str:
    """Where a rendition's segments are."""
    return f"renditions/{source[:2]}/{source}/{key}"


def segment_location(source: str, key: str, segment: int) -> str:
    """Where a segment is."""
    return f"{rendition_folder(source, key)}/{segment_name(segment)}"


def store_key(said: Mapping[str, Any]) -> str:
    """What names something in the store whose bytes depend on what is said."""
    canonical = orjson.dumps({"compatibility": COMPATIBILITY, **said}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()[:16]
