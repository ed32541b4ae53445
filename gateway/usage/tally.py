"""Adds up what media take in the store. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

from connectors.ports import Document
from gateway.quotas.counting import counts
from schemas.events import UsageAmount
from schemas.versions import work_of

By = Literal["total", "user", "type", "library", "class"]
BYS: tuple[By, ...] = get_args(By)

ALL = "all"
"""The one key of the total."""
NONE = "none"
"""The library of what is in none."""


@dataclass(slots=True)
class Sum:
    """So many files of so many bytes."""

    files: int = 0
    size_bytes: int = 0

    def add(self, size_bytes: int) -> None:
        """One more."""
        self.files += 1
        self.size_bytes += size_bytes


@dataclass(slots=True)
class Tally:
    """Sums by each thing that media are counted by; of the same bytes with the same key only files add up."""

    sums: dict[By, defaultdict[str, Sum]] = field(
        default_factory=lambda: {by: defaultdict(Sum) for by in BYS}
    )
    _seen: set[int] = field(default_factory=set)
    _libraries: dict[str, str] = field(default_factory=dict)
    """Of media that are in one."""

    def medium(self, document: Document) -> None:
        """One medium's first file, unless its bytes are gone."""
        if library := (document.get("library") or {}).get("id"):
            self._libraries[document["_id"]] = library
        self.file(document)

    def file(self, document: Document) -> None:
        """One file of a medium that was told of, unless its bytes are gone."""
        if not counts(document):
            return
        upload = document["upload"]
        for by, key in self._keys(document):
            mark = hash((by, key, upload["sha256"]))
            self.sums[by][key].add(0 if mark in self._seen else upload["size_bytes"])
            self._seen.add(mark)

    def _keys(self, document: Document) -> Iterator[tuple[By, str]]:
        yield "total", ALL
        yield "user", document["upload"]["owner_id"]
        yield "type", kind_of(document)
        yield "library", self._libraries.get(work_of(document["_id"]), NONE)

    def amounts(self, by: By) -> list[UsageAmount]:
        """What there is of each."""
        return [
            UsageAmount(key=key, files=each.files, size_bytes=each.size_bytes)
            for key, each in sorted(self.sums[by].items())
        ]


def kind_of(document: Document) -> str:
    """What a medium is: video, audio, or unknown as long as nobody has looked."""
    streams = (document.get("probe") or {}).get("streams", ())
    kinds = {each["kind"] for each in streams if not each.get("is_attached_picture")}
    return next((kind for kind in ("video", "audio") if kind in kinds), "unknown")
