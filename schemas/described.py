"""What a file beside media says of them, as events carry it: it stands where people have said nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from schemas.events import derived_id
from schemas.naming.cleaning import key
from schemas.record import found_by

CHANGE = "described"
FIELD = "nfo"
"""What the event's value is called: by what sort of file it was found in."""
ACTOR, DIRECTOR = "actor", "director"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Somebody who had a part in it."""

    name: str
    kind: str
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What is said."""

    title: str | None = None
    original_title: str | None = None
    description: str | None = None
    released: str | None = None
    rating: float | None = None
    genres: tuple[str, ...] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    """What others call it: imdb, tmdb, tvdb."""
    people: tuple[Credit, ...] = ()
    place: Mapping[str, Any] = field(default_factory=dict)


def person_id(name: str) -> str:
    """Who is meant by a name: whoever else is called so in another file is the same to us."""
    return derived_id("person", key(name))


def item_of_person(id: str) -> str:
    """What events call somebody."""
    return f"person/{id}"


def told(said: Described | None) -> dict[str, str]:
    """As an event carries it; None: the file says nothing any more."""
    return {FIELD: orjson.dumps(asdict(said) if said else None).decode()}


def register(version: int, values: Mapping[str, str]) -> dict[str, Any]:
    """What the event sets in a document of the read models, with the words that it is found by."""
    said: dict[str, Any] = orjson.loads(values.get(FIELD) or "null") or {}
    titles = [text for name in ("title", "original_title") if (text := said.get(name))]
    found = found_by(titles) if titles else {}
    return {CHANGE: {"version": version, **said, **found}}
