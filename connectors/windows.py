"""The windows in which a page is looked for: arithmetic over moments and numbers alike. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from connectors.ports import Document, Query

Place = tuple[float, str]
"""Where a document stands in an order: moments are in milliseconds."""

_MINUTE = 60_000.0
EVERYTHING = float("inf")
_MOST_GROWTH = 64
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EARLIEST, _LATEST = (each.replace(tzinfo=UTC) for each in (datetime.min, datetime.max))
_HIGHEST = 2.0**62


def number(value: Any) -> float:
    """A moment or number as a number."""
    return (value - _EPOCH) / timedelta(milliseconds=1) if isinstance(value, datetime) else float(value)


def place_of(document: Document, order_by: str) -> Place:
    """Where a document stands in an order by a (dotted) path."""
    return number(_at(document, order_by)), document["_id"]


def start_of(query: Query, after: Place | None) -> float:
    """Where to begin to look."""
    bound = query.since if query.ascending else query.until
    if after is not None or bound is not None:
        return after[0] if after is not None else number(bound)
    if query.edge is not None:
        return number(query.edge)
    return number(_EARLIEST if query.ascending else datetime.now(UTC))


def end_of(query: Query) -> float:
    """Where to end, at the latest."""
    bound = query.until if query.ascending else query.since
    if bound is not None:
        return number(bound)
    if query.numbers:
        return _HIGHEST if query.ascending else -_HIGHEST
    return number(_LATEST if query.ascending else _EARLIEST)


def bounds(query: Query, start: float, end: float) -> tuple[Any, Any]:
    """The lowest and the highest value from one place on to another, as the database compares them."""
    low, high = (start, end) if query.ascending else (end, start)
    return _value(low, query), _value(high, query)


def is_after(place: Place, after: Place, query: Query) -> bool:
    """Whether one place comes after another in the order."""
    return place > after if query.ascending else place < after


def growth(found: int, wanted: int) -> int:
    """By how much a window is to be wider that held so many: enough if they lie evenly, and some to spare."""
    return _MOST_GROWTH if not found else min(_MOST_GROWTH, 2 + 2 * wanted // found)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far to look for pages like one that was found: for the first, and for those after it."""

    first: float
    later: float


def unknown(query: Query) -> Reach:
    """The reach of whom nothing is known."""
    return Reach(_least(query), _least(query))


def reach(start: float, found: Sequence[Document], query: Query) -> Reach:
    """Somewhat further than this page went. What lies before its first, and one far off, tells nothing of how
    near the next ones are: that is for the second half of it to say.
    """
    if len(found) <= query.limit:
        return Reach(EVERYTHING, EVERYTHING)
    middle, last = (place_of(found[n], query.order_by)[0] for n in (len(found) // 2, -1))
    spare = max(_least(query), abs(middle - last))
    return Reach(abs(start - last) + spare, 3 * spare)


def _least(query: Query) -> float:
    return 1.0 if query.numbers else _MINUTE


def write_cursor(document: Document, query: Query) -> str:
    """Where the page after this document begins."""
    value = _at(document, query.order_by)
    said = orjson.dumps([value.isoformat() if isinstance(value, datetime) else value, document["_id"]])
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def read_cursor(cursor: str, query: Query) -> Place:
    """The place that a cursor stands for. Raises ValueError."""
    try:
        said, id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if query.numbers:
            return float(said), str(id)
        when = datetime.fromisoformat(said)
        return number(when if when.tzinfo else when.replace(tzinfo=UTC)), str(id)
    except (ValueError, TypeError, binascii.Error) as error:
        raise ValueError("this cursor was not made here; start again without one") from error


def _value(place: float, query: Query) -> Any:
    if query.numbers:
        return place
    if place >= number(_LATEST):
        return _LATEST
    return max(_EARLIEST, _EPOCH + timedelta(milliseconds=max(place, number(_EARLIEST))))


def _at(document: Document, order_by: str) -> Any:
    value: Any = document
    for step in order_by.split("."):
        value = value[step]
    return value
