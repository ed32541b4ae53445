"""What another system kept, as far as it can be taken over: the same whichever system it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Fields = Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file with what was said of it."""

    id: str
    """What the other system calls it; the same at each reading."""
    kind: str
    path: str
    size_bytes: int | None = None
    title: str | None = None
    overview: str | None = None
    released: str | None = None
    rating: float | None = None
    genres: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    place: Mapping[str, Any] = field(default_factory=dict)
    """Where it belongs: a film, an episode of a series, a track of an album."""
    fields: Fields = field(default_factory=dict)
    """What else is worth to be kept of it, under names of its own."""
    tracks: Counter[str] = field(default_factory=Counter)
    """How many streams it has, by kind and language, where the other system knew."""
    pictures: Mapping[str, str] = field(default_factory=dict)
    """The files of its pictures, by kind."""
    version_of: str | None = None
    """The item of whose work this is another file."""
    made_of: str | None = None
    """The item that this was made from."""


@dataclass(frozen=True, slots=True)
class Step:
    """What others belong to: a series, season, artist or album. A season goes by its number."""

    kind: str
    name: str
    year: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """One of them, by the way down to it: it has pictures of its own."""

    way: tuple[Step, ...]
    pictures: Mapping[str, str]

    @property
    def title(self) -> str:
        """What it is called, with what it belongs to."""
        return ", ".join(step.name for step in self.way)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with an account."""

    id: str
    name: str
    is_admin: bool = False
    is_disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Someone's state of an item."""

    person: str
    item: str
    position_ms: int = 0
    plays: int = 0
    favourite: bool = False
    at: datetime | None = None
    """When they played it last, or were in it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What can't be taken over, and why."""

    what: str
    why: str


@dataclass(slots=True, kw_only=True)
class Found:
    """All that was read of a system."""

    system: str
    items: list[Item] = field(default_factory=list)
    shelves: list[Shelf] = field(default_factory=list)
    """The series, seasons, artists and albums that have pictures."""
    photos: dict[str, str] = field(default_factory=dict)
    """The files of those of people who had a part in something, by their names."""
    people: list[Person] = field(default_factory=list)
    watched: list[Watched] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    """Rows and files that make no sense: passed over."""
    left: Counter[str] = field(default_factory=Counter)
    """What there is no place for here: how much of it, by kind."""

    def mark(self, item: Item) -> str:
        """What tells a medium apart that an item became, on this and every other machine."""
        return f"{self.system}:{item.id}"
