"""What scans are done with, and what one comes to."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from connectors.ports import Clock, Publisher
from connectors.rooted.paths import Inside
from connectors.rooted.root import Root
from processors.folders.pace import Pace
from processors.folders.pages import Pages
from processors.folders.plan import Patience


class Away(Exception):
    """The folder is not there, or empty, as when its disk is not mounted: nothing is taken for missing."""


class Successions(Protocol):
    """Knows which media are another file by now."""

    async def among(self, media_ids: Collection[str]) -> Collection[str]:
        """Those of these media that a later version took the place of."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """What scans are done with."""

    roots: Mapping[str, Root]
    pages: Pages
    publisher: Publisher
    clock: Clock
    pace: Pace
    successions: Successions
    patience: Patience = field(default_factory=Patience)


@dataclass(slots=True)
class Outcome:
    """What one look came to."""

    files: int = 0
    """Media that are there, and were looked at."""
    opened: int = 0
    new: int = 0
    moved: int = 0
    missing: int = 0
    deleted: int = 0
    troubles: int = 0
    """Folders and files that can't be read."""
    trouble: str = ""
    """The last of them."""
    folders: set[Inside] = field(default_factory=set)
    """The folders that were listed."""
    writing: set[Inside] = field(default_factory=set)
    """Folders with files that are still written to."""

    def blame(self, what: object) -> None:
        """Something can't be read."""
        self.troubles += 1
        self.trouble = str(what)
