"""Marks along an order: a page is looked for in about as many documents, however many there are."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence

import pytest

from connectors import marks, windows
from connectors.ports import Document, Merge, OneOf, Query
from processors.views.places import placed
from schemas import shelving
from schemas.events import MediaChanged
from schemas.marks import MARKS, levels, of
from schemas.place import Place
from schemas.shelving import Shelved
from tests import samples
from tests.fakes import MemoryDatabase

ASKED = Query(
    key={"parent": "a"}, order_by="order", numbers=True, ascending=True, edge=0, marks=MARKS, limit=50
)


async def database_of(orders: Sequence[int], parent: str = "a") -> MemoryDatabase:
    made = MemoryDatabase()
    for number, order in enumerate(orders):
        found = of(f"node-{number}", "parent", parent, order)
        await made.merge([Merge(MARKS, id, fields) for id, fields in found.items()])
    return made


def spread(count: int) -> list[int]:
    chance = random.Random(count)
    return [chance.randrange(10**15) for _ in range(count)]


def bunched(count: int) -> list[int]:
    """One at the front, and all others close together, far behind it."""
    return [5, *(10**15 + each for each in range(count - 1))]


async def read_for_a_page(orders: Sequence[int], start: float) -> list[int]:
    """How many documents each look at the database comes to, until there is a page."""
    database, lying, looks = await database_of(orders), sorted(orders), []

    async def within(end: float) -> list[Document]:
        looks.append(bisect_right(lying, end) - bisect_right(lying, start - 1))
        return [{}] * looks[-1]

    stops = await marks.stops(database.select, ASKED, start)
    await windows.widened(ASKED, start, 0.05, within, stops)
    return looks


@pytest.mark.parametrize("lie", [spread, bunched])
@pytest.mark.parametrize("count", [3000, 50_000])
async def test_a_first_page_costs_the_same_in_any_library(
    lie: Callable[[int], list[int]], count: int
) -> None:
    orders = lie(count)
    assert sum(await read_for_a_page(orders, 0)) < 1000
    assert sum(await read_for_a_page(orders, sorted(orders)[count // 2])) < 1000


async def test_without_marks_the_windows_widen_as_ever() -> None:
    assert await marks.stops(MemoryDatabase().select, ASKED, 0) == []
    few = await database_of(range(10))
    assert await marks.stops(few.select, ASKED, 0) == []


async def test_marks_of_each_key_count_and_no_others() -> None:
    database = await database_of(spread(3000), "other")
    assert await marks.stops(database.select, ASKED, 0) == []
    both = Query(key={"parent": OneOf(("a", "other"))}, marks=MARKS, ascending=True, numbers=True)
    assert await marks.stops(database.select, both, 0)


async def test_what_stands_somewhere_is_marked_there_and_what_moves_takes_its_mark_along() -> None:
    database = MemoryDatabase()
    ids = [f"medium-{number}" for number in range(300)]
    for version, scope in ((1, "a"), (2, "b")):
        for id in ids:
            await database.merge(placed(_event(id, scope, version)))
    nodes, found = database.collections["nodes"], database.collections[MARKS]
    places = database.collections["places"]
    wanted = {f"{level}/{id}" for id in [*ids, *nodes] for level in levels(id)}
    assert found.keys() == wanted
    assert wanted
    for id in ids:
        for level in levels(id):
            now = places[id]["now"]
            assert found[f"{level}/{id}"]["now"]["in"] == f"{level}/now.parent/{now['parent']}"
            assert found[f"{level}/{id}"]["now"]["order"] == now["order"]


def _event(id: str, scope: str, version: int) -> MediaChanged:
    place = Place(kind="movie", title=f"Film {id}", year=1999)
    values = Shelved(version=version, scope=scope, name=id, place=place).written()
    return samples.changed(id, version=version, change=shelving.CHANGE, values=values)
