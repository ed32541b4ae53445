"""A medium's versions: which of its files is meant, by an id.

The first file goes by the medium's own id. One that takes its place goes by that and its version: to all that
work on bytes it is a medium like any other, and to people a version of the one that they know.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

FIRST = 0
FIRST_DROPPED = "first_dropped"
"""The change by which a medium's first file is no longer kept."""
_MARK = "~"

_LATER = "later"
ANY_LATER = f"{_LATER}.any"
"""In a medium's document: whether another file ever took the place of its first."""
ARCHIVED = "archived"
"""What is said of a later file beside its statuses."""


def later(what: str) -> str:
    """Where a medium's document has that some later file of it was so at some time."""
    return f"{_LATER}.{what}"


def source_id(media_id: str, version: int) -> str:
    """What events call one file of a medium."""
    return media_id if version == FIRST else f"{media_id}{_MARK}{version}"


def work_of(source_id: str) -> str:
    """The medium that a file belongs to."""
    return source_id.partition(_MARK)[0]


def version_of(source_id: str) -> int:
    """Which of its medium's files it is."""
    said = source_id.partition(_MARK)[2]
    return int(said) if said.isdecimal() else FIRST


def current(medium: Mapping[str, Any]) -> int:
    """Which of its files a medium is now, by its document in the read models."""
    version: int = (medium.get("current") or {}).get("version", FIRST)
    return version


def next_version(now: datetime, last: int) -> int:
    """A later version than the last that is known, however slow the clock."""
    return max(int(now.timestamp() * 1000), last + 1)
