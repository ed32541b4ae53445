"""How far a page is looked for: far enough, and not over everything there is."""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.ports import Document, Query
from connectors.windows import (
    EVERYTHING,
    bounds,
    end_of,
    further,
    number,
    reach,
    read_cursor,
    start_of,
    unknown,
    widened,
    write_cursor,
)

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
SIZES = Query(order_by="n", numbers=True, limit=4)


def sized(*sizes: int) -> list[dict[str, Any]]:
    return [{"_id": f"{place}", "n": size} for place, size in enumerate(sizes)]


def test_one_far_off_tells_nothing_of_how_near_the_next_are() -> None:
    known = reach(2.0**40, sized(2**40, 1000, 990, 980, 970), SIZES)
    assert 500 < further(2.0**40, known.first, SIZES) < 970
    assert 500 < further(970, known.later, SIZES) < 960


_CHANCE = random.Random(7)
SKEWED = sorted(_CHANCE.lognormvariate(20, 1.5) for _ in range(100_000))


@pytest.mark.parametrize("ascending", [True, False])
async def test_few_large_ones_do_not_make_it_go_over_all_the_small_ones(ascending: bool) -> None:
    query = Query(
        order_by="n", numbers=True, limit=50, ascending=ascending, edge=SKEWED[0 if ascending else -1]
    )
    start, looked_at = start_of(query, None), []

    async def within(end: float) -> list[Document]:
        low, high = sorted((start, end))
        found = SKEWED[bisect_left(SKEWED, low) : bisect_right(SKEWED, high)]
        looked_at.append(len(found))
        return [{"_id": f"{size}", "n": size} for size in found[: query.limit + 1]]

    assert len(await widened(query, start, unknown(query).first, within)) == query.limit + 1
    assert sum(looked_at) < 2000
    assert len(looked_at) < 12


def test_numbers_that_lie_close_together_are_gone_through_by_as_little() -> None:
    known = reach(10.0**15, sized(*(10**15 - n * 10**9 for n in range(5))), SIZES)
    assert 10**15 - 12 * 10**9 < further(10.0**15 - 4 * 10**9, known.later, SIZES) < 10**15 - 8 * 10**9


def test_where_there_is_no_more_everything_is_looked_at() -> None:
    assert reach(9, sized(9, 8), SIZES).first == EVERYTHING


def test_an_order_begins_at_its_edge_and_goes_to_where_it_may_end() -> None:
    assert start_of(Query(numbers=True, edge=7), None) == 7
    assert start_of(Query(numbers=True, edge=7), (3.0, "x")) == 3
    assert start_of(Query(until=WHEN, edge=WHEN + timedelta(days=1)), None) == number(WHEN)
    assert start_of(Query(ascending=True, since=WHEN), None) == number(WHEN)
    assert end_of(Query(since=WHEN)) == number(WHEN)
    assert end_of(Query(ascending=True, until=WHEN)) == number(WHEN)


def test_bounds_are_moments_where_there_are_such_and_numbers_elsewhere() -> None:
    later = WHEN + timedelta(minutes=1)
    assert bounds(Query(), number(later), number(WHEN)) == (WHEN, later)
    assert bounds(SIZES, 9, 3) == (3, 9)
    assert bounds(SIZES, 3, 9) == (9, 3), "nothing lies between these"
    assert bounds(Query(), 1e30, -1e30) == tuple(
        each.replace(tzinfo=UTC) for each in (datetime.min, datetime.max)
    )


@pytest.mark.parametrize(
    ("query", "value"), [(Query(), WHEN), (Query(order_by="n", numbers=True), 2**50 + 1)]
)
def test_a_cursor_is_where_it_was_written(query: Query, value: object) -> None:
    cursor = write_cursor({"_id": "x", query.order_by: value}, query)
    assert read_cursor(cursor, query) == (number(value), "x")
    other = Query(numbers=not query.numbers)
    with pytest.raises(ValueError, match="cursor"):
        read_cursor(cursor, other)
