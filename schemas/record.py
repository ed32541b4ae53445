"""What people say of a medium: its fields, as media.changed carries them.

Each field has its own place and its own order, so that two people who change different ones both do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from schemas import place as places
from schemas.words import label, starts, words

CHANGE = "record"

NAME, TITLE, DESCRIPTION, TAGS, CATEGORIES, RELEASED, RATING = (
    "name",
    "title",
    "description",
    "tags",
    "categories",
    "released",
    "rating",
)
FIELDS = (NAME, TITLE, DESCRIPTION, TAGS, CATEGORIES, RELEASED, RATING)
LABELS = (TAGS, CATEGORIES)
"""Fields of several short names, in which case and accents make no other one."""
RELEASED_AT = "record.released.at"
SIZE, DURATION, KIND = "current.size_bytes", "current.duration_ms", "current.kind"
"""Of the version that is shown, in a medium's document."""
ORDERS = ("created_at", RELEASED_AT, SIZE, DURATION)
"""What media may be put in order by, in their documents: the first two are moments, the others numbers."""
_FOUND_BY = (NAME, TITLE, TAGS, CATEGORIES)

_TEXTS = ("upload", "moved", "described", *(f"record.{field}" for field in _FOUND_BY))
WORDS = tuple(f"{text}.words" for text in _TEXTS)
STARTS = tuple(f"{text}.starts" for text in _TEXTS)
"""Where a medium's document has the words that it is found by, and what those are looked up by."""

CUSTOM = "custom"
_OWN = f"{CUSTOM}:"
"""What comes before the name of a field that people thought of themselves."""


PLACE = "place"
_PLACE = f"{PLACE}:"
"""What comes before the name of a field of a medium's place."""


def of_place(name: str) -> str:
    """How media.changed calls a field of a medium's place."""
    return f"{_PLACE}{name}"


_IN_PLACE = frozenset(map(of_place, places.FIELDS))


def is_of_place(field: str) -> bool:
    """Whether a field is one of a medium's place."""
    return field in _IN_PLACE


def place_said(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What people said of a medium's place, by field, as its record has it."""
    return {name: each["value"] for name, each in (kept.get(PLACE) or {}).items()}


def own(name: str) -> str:
    """How media.changed calls a field of people's own."""
    return f"{_OWN}{name}"


def written(values: Mapping[str, Any]) -> dict[str, str]:
    """Values by field as the event carries them; None removes."""
    return {field: orjson.dumps(value).decode() for field, value in values.items()}


def registers(version: int, values: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What the event sets, by the place in a medium's record. Fields of later versions are passed over."""
    return {
        place(field): {"version": version, **_said(field, orjson.loads(text))}
        for field, text in values.items()
        if field in FIELDS or field in _IN_PLACE or field.startswith(_OWN)
    }


def place(field: str) -> str:
    """Where a field is in the record; what a database would take for a path is written otherwise."""
    if field in _IN_PLACE:
        return f"{PLACE}.{field.removeprefix(_PLACE)}"
    if not field.startswith(_OWN):
        return field
    name = field.removeprefix(_OWN)
    return f"{CUSTOM}." + name.replace("%", "%25").replace(".", "%2E").replace("$", "%24")


def name_of(key: str) -> str:
    """A field of people's own, by its key within the record."""
    return key.replace("%24", "$").replace("%2E", ".").replace("%25", "%")


def found_by(texts: Sequence[str]) -> dict[str, list[str]]:
    """What a text is found by, beside it."""
    found = words(texts)
    return {"words": found, "starts": starts(found)}


def extent_of(order: str) -> str:
    """What the read models call the reach of an order."""
    return order.replace(".", "_")


def _said(field: str, value: Any) -> dict[str, Any]:
    said: dict[str, Any] = {"value": value}
    if value is None:
        return said
    if field == RELEASED:
        said["at"] = first_day(value)
    if field in LABELS:
        said["labels"] = sorted({label(each) for each in value})
    if field in _FOUND_BY:
        said |= found_by(value if field in LABELS else [value])
    return said


def first_day(released: str) -> datetime:
    """Where a year, a month or a day stands among others. Raises ValueError."""
    parts = [int(part) for part in released.split("-")]
    year, month, day = (*parts, 1, 1)[:3]
    return datetime(year, month, day, tzinfo=UTC)
