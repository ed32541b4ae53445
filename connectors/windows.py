"""The windows in which a page is looked for: arithmetic over moments and numbers alike. Pure."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import opaque
from connectors.ports import BadCursor, Document, Query

Place = tuple[float, str]
"""Where a document stands in an order: moments are in milliseconds."""

_MINUTE = 60_000.0
_TWENTIETH, _MILLIONTH = 0.05, 1e-6
EVERYTHING = float("inf")
_MOST_GROWTH, _MOST_GROWTH_AFTER_SOME = 16, 2
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


async def widened(
    query: Query,
    start: float,
    window: float,
    within: Callable[[float], Awaitable[list[Document]]],
    stops: Sequence[float] = (),
) -> list[Document]:
    """What is found `within` a window from the start on, widened until it holds more than a page, or all.

    Where it is known how far there may be a page, the first windows end at those stops.
    """
    end = end_of(query)
    for stop in stops:
        found = await within(stop)
        if len(found) > query.limit:
            return found
        window = max(window, apart(start, stop, query))
    while window < apart(start, end, query):
        found = await within(further(start, window, query))
        if len(found) > query.limit:
            return found
        window *= growth(len(found), query.limit)
    return await within(end)


def bounds(query: Query, start: float, end: float) -> tuple[Any, Any]:
    """The lowest and the highest value from one place on to another, as the database compares them."""
    low, high = (start, end) if query.ascending else (end, start)
    return _value(low, query), _value(high, query)


def apart(start: float, end: float, query: Query) -> float:
    """How far one place is from another: moments by their time, numbers by how many times they are the other.

    Sizes and lengths lie densely where they are small, and few are large: steps of so much more each would go
    through the few largest by their hundredth, and through all the rest in one.
    """
    return abs(_scaled(end, query) - _scaled(start, query))


def further(start: float, window: float, query: Query) -> float:
    """The place that is so far from another, in the order's direction."""
    reached = _scaled(start, query) + (window if query.ascending else -window)
    return math.sinh(reached) if query.numbers else reached


def is_after(place: Place, after: Place, query: Query) -> bool:
    """Whether one place comes after another in the order."""
    return place > after if query.ascending else place < after


def growth(found: int, wanted: int) -> float:
    """By how much a window is to be wider that held so many: enough if they lie evenly, and some to spare.

    Where some were found, little: they may be few that lie far from very many.
    """
    return _MOST_GROWTH if not found else min(_MOST_GROWTH_AFTER_SOME, 1.25 * (wanted + 1) / found)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far to look for pages like one that was found: for the first, and for those after it."""

    first: float
    later: float


def unknown(query: Query) -> Reach:
    """The reach of whom nothing is known."""
    first = _TWENTIETH if query.numbers else _MINUTE
    return Reach(first, first)


def reach(start: float, found: Sequence[Document], query: Query) -> Reach:
    """Somewhat further than this page went. What lies before its first, and one far off, tells nothing of how
    near the next ones are: that is for the second half of it to say.
    """
    if len(found) <= query.limit:
        return Reach(EVERYTHING, EVERYTHING)
    middle, last = (place_of(found[n], query.order_by)[0] for n in (len(found) // 2, -1))
    spare = max(_MILLIONTH if query.numbers else _MINUTE, apart(middle, last, query))
    return Reach(apart(start, last, query) + spare, 3 * spare)


def _scaled(place: float, query: Query) -> float:
    return math.asinh(place) if query.numbers else place


def write_cursor(document: Document, query: Query) -> str:
    """Where the page after this document begins."""
    value = _at(document, query.order_by)
    return opaque.write([value.isoformat() if isinstance(value, datetime) else value, document["_id"]])


def read_cursor(cursor: str, query: Query) -> Place:
    """The place that a cursor stands for. Raises BadCursor."""
    try:
        said, id = opaque.read(cursor)
        if query.numbers:
            return float(said), str(id)
        when = datetime.fromisoformat(said)
        return number(when if when.tzinfo else when.replace(tzinfo=UTC)), str(id)
    except (ValueError, TypeError) as error:
        raise BadCursor from error


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
