"""Files that a library here reads where they lie: which medium each item is. Pure but for opening files."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.rooted.identity import identity
from deploy.local.importing.found import Item
from deploy.local.importing.here import Medium
from deploy.local.importing.places import OutOfReach, plain
from deploy.local.importing.sources import At


@dataclass(frozen=True, slots=True)
class Matching:
    """Tells media of a library apart: by name and size, else by what is in the files."""

    at: At

    def of(self, items: Iterable[Item], media: Iterable[Medium]) -> dict[str, Medium]:
        """The medium of each item that there is one of, by the item's id; no medium is two items."""
        by_name: dict[str, list[Medium]] = defaultdict(list)
        for medium in media:
            by_name[medium["name"]].append(medium)
        found: dict[str, Medium] = {}
        taken: set[str] = set()
        for item in items:
            alike = [each for each in by_name.get(_name(item), ()) if each["id"] not in taken]
            if (known := self._which(item, alike)) is not None:
                found[item.id] = known
                taken.add(known["id"])
        return found

    def _which(self, item: Item, alike: Sequence[Medium]) -> Medium | None:
        sized = [each for each in alike if item.size_bytes in (None, each["size_bytes"])]
        if len(sized) == 1 and item.size_bytes is not None:
            return sized[0]
        known = self._identity(item) if alike else None
        if known is None:
            return sized[0] if len(sized) == 1 else None
        return next((each for each in alike if each["sha256"] == known), None)

    def _identity(self, item: Item) -> str | None:
        """What the library knows the file by; None where it can't be read from here."""
        try:
            with self.at(item.path) as file, file.open("rb") as source:
                return identity(source.fileno(), os.fstat(source.fileno()).st_size)
        except (OutOfReach, OSError):
            return None


def _name(item: Item) -> str:
    return plain(item.path).rpartition("/")[2]
