"""Which media there are, and which items they are: the gateway is asked, and nothing is remembered elsewhere.

So a second run, from another machine too, finds what the first has done.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.importing.door import Door
from deploy.local.importing.saying import MARK

_CHUNK_BYTES = 1 << 20
_KEPT = (
    *("id", "name", "status", "size_bytes", "sha256", "rejection", "quarantine"),
    *("title", "description", "released", "rating", "categories", "tags"),
)
_KEPT_OF_A_STREAM = ("kind", "language", "is_attached_picture")

Medium = dict[str, Any]


@dataclass(slots=True)
class Here:
    """The media that are here: those that items became, and others by their size."""

    marked: dict[str, Medium] = field(default_factory=dict)
    unmarked: dict[int, list[Medium]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, media: Iterable[Medium]) -> Here:
        """Those in a list."""
        found = cls()
        for medium in map(kept_of, media):
            mark = medium["custom"].get(MARK)
            if isinstance(mark, str):
                found.marked[mark] = medium
            else:
                found.unmarked[medium["size_bytes"]].append(medium)
        return found

    @classmethod
    def ask(cls, door: Door) -> Here:
        """All that there are. Raises Failure."""
        return cls.of(door.pages("/media"))

    def same(self, file: Path) -> Medium | None:
        """The medium with a file's bytes that is no item yet: a run that was killed has left it, or somebody
        had sent it before. Raises OSError.
        """
        candidates = self.unmarked.get(file.stat().st_size)
        if not candidates:
            return None
        digest = sha256_of(file)
        found = next((each for each in candidates if each["sha256"] == digest), None)
        if found is not None:
            candidates.remove(found)
        return found

    def add(self, mark: str, medium: Medium) -> None:
        """An item has become a medium."""
        self.marked[mark] = kept_of(medium)
        alike = self.unmarked.get(medium["size_bytes"], [])
        alike[:] = [each for each in alike if each["id"] != medium["id"]]


def kept_of(medium: Medium) -> Medium:
    """What an import wants to know of a medium; of a hundred thousand, all of it would fill the memory."""
    kept = {name: medium.get(name) for name in _KEPT}
    every = (medium.get("probe") or {}).get("streams", ())
    streams = [{name: each.get(name) for name in _KEPT_OF_A_STREAM} for each in every]
    return kept | {"custom": medium.get("custom") or {}, "probe": {"streams": streams} if every else None}


def sha256_of(file: Path) -> str:
    """Of a file's bytes, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while chunk := source.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
