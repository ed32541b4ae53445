"""One suite for the database port, run against the double and against a real server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.mongo import MongoDatabase
from connectors.ports import (
    Between,
    Database,
    DatabaseUnavailable,
    FromNow,
    Merge,
    OneOf,
    Plus,
    Query,
    StartsWith,
)
from schemas.marks import INDEXES, MARKS, of
from tests.fakes import MemoryDatabase

WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["double", "server"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    if request.param == "double":
        yield MemoryDatabase()
        return
    url = request.getfixturevalue("real_servers").mongodb_url
    real = MongoDatabase(url, f"t{uuid.uuid4().hex[:12]}")
    yield real
    real.close()


async def test_insert_takes_an_id_once(database: Database) -> None:
    assert await database.insert("c", {"_id": "a", "n": 1})
    assert not await database.insert("c", {"_id": "a", "n": 2})
    assert await database.get("c", "a") == {"_id": "a", "n": 1}
    assert await database.get("c", "b") is None


async def test_many_are_inserted_at_once_and_change_nothing_that_is_there(database: Database) -> None:
    await database.insert("c", {"_id": "b", "n": 0})
    await database.insert_all("c", [{"_id": id, "n": 1} for id in "abc"])
    found = {document["_id"]: document["n"] for document in await database.select("c", {})}
    assert found == {"a": 1, "b": 0, "c": 1}


async def test_documents_vanish_some_time_after_their_moment_and_not_before(database: Database) -> None:
    await database.expire("c", "until")
    await database.expire("c", "until")
    await database.insert("c", {"_id": "a", "until": await database.now() + timedelta(hours=1)})
    assert await database.get("c", "a") is not None


async def test_a_page_of_alternatives_has_each_document_once_and_in_order(database: Database) -> None:
    for number in range(12):
        document: dict[str, Any] = {
            "_id": f"{number:02}",
            "owner": "ada" if number % 2 else "bob",
            "names": ["everyone", "user:ada"] if number % 4 == 0 else [],
            "n": number % 3,
            "created_at": WHEN + timedelta(minutes=number),
        }
        await database.insert("c", document)
    any_of: list[dict[str, Any]] = [{"owner": "ada"}, {"names": OneOf(("user:ada", "group:x"))}]
    seen, cursor = [], None
    while True:
        page = await database.page("c", Query(any_of=any_of, limit=2, cursor=cursor))
        seen += [document["_id"] for document in page.items]
        if (cursor := page.next) is None:
            break
    assert seen == ["11", "09", "08", "07", "05", "04", "03", "01", "00"]
    page = await database.page("c", Query(where={"n": 0}, any_of=any_of))
    assert [document["_id"] for document in page.items] == ["09", "03", "00"]
    page = await database.page("c", Query(key={"n": 0}, where={"owner": "bob"}, any_of=any_of))
    assert [document["_id"] for document in page.items] == ["00"]
    page = await database.page("c", Query(key={"n": OneOf((0, 1))}, any_of=any_of, limit=3))
    assert [document["_id"] for document in page.items] == ["09", "07", "04"]


async def test_each_group_of_alternatives_has_to_hold(database: Database) -> None:
    for number in range(8):
        letters = [letter for bit, letter in enumerate("abc") if number & 1 << bit]
        at = WHEN + timedelta(minutes=number)
        await database.insert("c", {"_id": f"{number}", "x": letters, "y": {"z": letters}, "created_at": at})
    groups: list[list[dict[str, Any]]] = [[{"x": "a"}, {"x": "b"}], [{"y.z": "c"}]]
    page = await database.page("c", Query(all_of=groups))
    assert [document["_id"] for document in page.items] == ["7", "6", "5"]
    page = await database.page("c", Query(any_of=[{"x": "b"}], all_of=groups))
    assert [document["_id"] for document in page.items] == ["7", "6"]
    page = await database.page("c", Query(key={"y.z": "c"}, any_of=[{"x": "b"}], all_of=groups[:1]))
    assert [document["_id"] for document in page.items] == ["7", "6"]


SIZES = [0, 1, 1, 3, 70_000, 70_001, 2**40, 2**50]


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("edge", [True, False])
async def test_a_page_may_be_ordered_by_numbers(database: Database, ascending: bool, edge: bool) -> None:
    await database.index("c", ["n"])
    for number, size in enumerate(SIZES):
        await database.insert("c", {"_id": f"{number}", "n": size, "kind": "ab"[number % 2]})
    await database.insert("c", {"_id": "none", "kind": "a"})
    begin = (SIZES[0] if ascending else SIZES[-1]) if edge else None
    for key, wanted in (({}, "01234567"), ({"kind": "b"}, "1357")):
        seen, cursor = [], None
        for _ in range(20):
            asked = Query(key=key, order_by="n", numbers=True, ascending=ascending, edge=begin)
            page = await database.page("c", replace(asked, limit=3, cursor=cursor))
            seen += [document["_id"] for document in page.items]
            if (cursor := page.next) is None:
                break
        assert seen == sorted(wanted, reverse=not ascending)


async def test_marks_along_an_order_change_nothing_of_what_is_found(database: Database) -> None:
    await database.index("c", ["in", "n"])
    await database.index(MARKS, INDEXES[0])
    orders = [(number * 7919) % 1009 for number in range(600)]
    for number, order in enumerate(orders):
        document = {"_id": f"{number}", "in": "a", "n": order, "odd": True if number % 3 else None}
        marks = [Merge(MARKS, id, fields) for id, fields in of(f"{number}", "in", "a", order).items()]
        await database.insert("c", document)
        await database.merge(marks)
    seen, cursor = [], None
    while True:
        asked = Query(
            key={"in": "a"}, where={"odd": True}, order_by="n", numbers=True, ascending=True, edge=0
        )
        page = await database.page("c", replace(asked, marks=MARKS, limit=30, cursor=cursor))
        seen += [document["n"] for document in page.items]
        if (cursor := page.next) is None:
            break
    assert await database.select(MARKS, {})
    assert seen == sorted(order for number, order in enumerate(orders) if number % 3)


async def test_a_page_may_go_from_old_to_new(database: Database) -> None:
    await database.index("c", ["created_at"])
    ages = [0, 1, 1, 5000, 50_000_000]
    now = await database.now()
    for number, age in enumerate(ages):
        await database.insert("c", {"_id": f"{number}", "created_at": now - timedelta(seconds=age)})
    for edge in (None, now - timedelta(seconds=ages[-1])):
        seen, cursor = [], None
        while True:
            page = await database.page("c", Query(ascending=True, edge=edge, limit=2, cursor=cursor))
            seen += [document["_id"] for document in page.items]
            if (cursor := page.next) is None:
                break
        assert seen == ["4", "3", "1", "2", "0"]
    page = await database.page("c", Query(ascending=True, since=now - timedelta(seconds=1)))
    assert [document["_id"] for document in page.items] == ["1", "2", "0"]


@pytest.mark.parametrize("ascending", [True, False])
async def test_an_order_may_go_back_before_all_clocks(database: Database, ascending: bool) -> None:
    await database.index("c", ["at"])
    moments = [datetime(year, 1, 1, tzinfo=UTC) for year in (1, 1895, 1969, 1999, 2024, 2999)]
    for number, at in enumerate(moments):
        await database.insert("c", {"_id": f"{number}", "at": at})
    edge = moments[0 if ascending else -1]
    for known in (edge, None) if ascending else (edge,):
        seen, cursor = [], None
        for _ in moments:
            asked = Query(order_by="at", ascending=ascending, edge=known, limit=4, cursor=cursor)
            page = await database.page("c", asked)
            seen += [document["_id"] for document in page.items]
            if (cursor := page.next) is None:
                break
        assert seen == sorted("012345", reverse=not ascending)


async def test_a_condition_may_be_bounds(database: Database) -> None:
    for number in range(5):
        at = WHEN + timedelta(minutes=number)
        await database.insert("c", {"_id": f"{number}", "n": number, "created_at": at})
    await database.insert("c", {"_id": "none", "created_at": WHEN})
    for bounds, wanted in ((Between(1, 3), "321"), (Between(low=3), "43"), (Between(high=1), "10")):
        page = await database.page("c", Query(where={"n": bounds}))
        assert "".join(document["_id"] for document in page.items) == wanted


async def test_a_condition_may_be_how_one_of_several_texts_starts(database: Database) -> None:
    kept: dict[str, Any] = {"1": ["alpha", "omega"], "2": ["lambda"], "3": [], "4": None, "5": ["日本", "zz"]}
    for id, texts in kept.items():
        at = WHEN + timedelta(minutes=int(id))
        await database.insert("c", {"_id": id, "x": {"words": texts}, "created_at": at})
    for start, wanted in (("al", "1"), ("lam", "2"), ("o", "1"), ("m", ""), ("日", "5"), ("zz", "5")):
        page = await database.page("c", Query(all_of=[[{"x.words": StartsWith(start)}]]))
        assert "".join(document["_id"] for document in page.items) == wanted


async def test_a_page_is_ordered_by_what_lies_within_too(database: Database) -> None:
    for number in range(5):
        at = {"at": WHEN + timedelta(minutes=number)}
        await database.insert("c", {"_id": f"{number}", "kind": "x", "now": at})
    seen, cursor = [], None
    while True:
        query = Query(key={"kind": "x"}, order_by="now.at", limit=2, cursor=cursor)
        page = await database.page("c", query)
        seen += [document["_id"] for document in page.items]
        if (cursor := page.next) is None:
            break
    assert seen == ["4", "3", "2", "1", "0"]


async def test_change_is_compare_and_set(database: Database) -> None:
    await database.insert("c", {"_id": "a", "state": "ready", "epoch": 3, "deep": {"x": 1}})
    assert not await database.change("c", "a", {"state": "ready", "epoch": 2}, {"state": "running"})
    assert await database.change("c", "a", {"state": "ready", "deep.x": 1}, {"epoch": Plus(1), "deep.y": 2})
    assert not await database.change("c", "missing", {}, {"state": "x"})
    document = await database.get("c", "a")
    assert document == {"_id": "a", "state": "ready", "epoch": 4, "deep": {"x": 1, "y": 2}}


async def test_a_change_that_changes_nothing_still_holds(database: Database) -> None:
    await database.insert("c", {"_id": "a", "n": 1})
    assert await database.change("c", "a", {"n": 1}, {"n": 1})


async def test_only_one_of_many_wins_a_claim(database: Database) -> None:
    await database.insert("c", {"_id": "a", "state": "ready"})
    tries = [database.change("c", "a", {"state": "ready"}, {"state": f"w{n}"}) for n in range(20)]
    assert sorted(await asyncio.gather(*tries)) == [False] * 19 + [True]


async def test_one_of_and_null_conditions(database: Database) -> None:
    await database.insert("c", {"_id": "a", "state": "waiting", "verdict": None})
    assert await database.change("c", "a", {"state": OneOf(("waiting", "ready")), "verdict": None}, {"n": 1})
    assert await database.change("c", "a", {"never_set": None}, {"n": 2})
    assert not await database.change("c", "a", {"state": OneOf(("done",))}, {"n": 3})


async def test_values_that_look_like_expressions_stay_values(database: Database) -> None:
    odd = {"text": "$state", "deep": {"$weird": ["$$NOW"]}}
    await database.insert("c", {"_id": "a"})
    await database.change("c", "a", {}, {"text": odd["text"], "items": ["$x", {"y": "$$ROOT"}]})
    document = await database.get("c", "a")
    assert document is not None
    assert document["text"] == "$state"
    assert document["items"] == ["$x", {"y": "$$ROOT"}]


async def test_leases_are_measured_by_the_database(database: Database) -> None:
    await database.insert("c", {"_id": "a"})
    before = await database.now()
    await database.change("c", "a", {}, {"until": FromNow(timedelta(seconds=30))})
    document = await database.get("c", "a")
    assert document is not None
    until: datetime = document["until"]
    slack = timedelta(seconds=60)  # a slow machine, not a wrong clock
    assert before + timedelta(seconds=30) <= until <= before + timedelta(seconds=30) + slack
    assert await database.change("c", "a", {"until": until}, {"until": None})


async def test_merges_climb_in_any_order(database: Database) -> None:
    low = Merge("c", "a", {"state": {"run": 1, "rank": 2, "name": "z"}, "seen.t1": 5, "at": WHEN})
    high = Merge("c", "a", {"state": {"run": 2, "rank": 0, "name": "a"}, "seen.t1": 3, "seen.t2": 9})
    await database.merge([high, low, high])
    assert await database.get("c", "a") == {
        "_id": "a",
        "state": {"run": 2, "rank": 0, "name": "a"},
        "seen": {"t1": 5, "t2": 9},
        "at": WHEN,
    }


@pytest.mark.parametrize(
    ("less", "more"),
    [
        ({"a": 1, "b": None}, {"a": 1, "b": 0}),
        ({"a": 1, "b": "x"}, {"a": 1, "b": "y"}),
        ({"a": 1}, {"a": 1, "b": 0}),
        ({"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"c": 2}}),
        ({"a": WHEN}, {"a": WHEN + timedelta(milliseconds=1)}),
        ({"a": [1, 2]}, {"a": [1, 3]}),
        ({"a": [1, 2]}, {"a": [1, 2, 0]}),
        ({"a": False}, {"a": True}),
        ({"a": "é"}, {"a": "ê"}),
        ({"a": 2}, {"a": 2.5}),
        (None, 0),
        (7, "7"),
        ("z", {}),
        ({"a": 1}, [0]),
        ([9], False),
        (True, WHEN),
    ],
)
async def test_values_climb_in_one_order_together_or_apart(
    database: Database, less: object, more: object
) -> None:
    for first, second in ((less, more), (more, less)):
        apart, together = uuid.uuid4().hex, uuid.uuid4().hex
        await database.merge([Merge("c", apart, {"v": first})])
        await database.merge([Merge("c", apart, {"v": second})])
        await database.merge([Merge("c", together, {"v": value}) for value in (first, second)])
        for id in (apart, together):
            assert await database.get("c", id) == {"_id": id, "v": more}


async def test_select_finds_by_equality(database: Database) -> None:
    await database.index("c", ["state"])
    for n in range(6):
        await database.insert("c", {"_id": str(n), "state": "even" if n % 2 == 0 else "odd"})
    assert {d["_id"] for d in await database.select("c", {"state": "even"})} == {"0", "2", "4"}
    assert len(await database.select("c", {"state": OneOf(("even", "odd"))}, limit=4)) == 4
    await database.remove("c", "0")
    await database.remove("c", "0")
    assert {d["_id"] for d in await database.select("c", {"state": "even"})} == {"2", "4"}
    await database.drop("c")
    assert await database.select("c", {}) == []


async def test_pages_go_from_new_to_old_without_gaps_or_repeats(database: Database) -> None:
    await database.index("c", ["created_at"])
    ages = [0, 1, 1, 1, 50, 5000, 500_000, 50_000_000]
    now = await database.now()
    for n, age in enumerate(ages):
        document = {"_id": str(n), "created_at": now - timedelta(seconds=age), "kind": "ab"[n % 2]}
        await database.insert("c", document)
    await database.insert("c", {"_id": "timeless", "kind": "a"})
    for where, wanted in (({}, set("01234567")), ({"kind": "a"}, set("0246"))):
        seen: list[str] = []
        query = Query(where=where, limit=2)
        while True:
            page = await database.page("c", query)
            seen += [item["_id"] for item in page.items]
            if page.next is None:
                break
            query = Query(where=where, limit=2, cursor=page.next)
        assert len(seen) == len(wanted)
        assert set(seen) == wanted
        times = [ages[int(id)] for id in seen]
        assert times == sorted(times)


async def test_a_page_keeps_to_what_lies_between_two_moments(database: Database) -> None:
    await database.index("c", ["created_at"])
    for number in range(10):
        await database.insert("c", {"_id": f"{number}", "created_at": WHEN + timedelta(hours=number)})
    since, until = WHEN + timedelta(hours=2), WHEN + timedelta(hours=7)
    seen, cursor = [], None
    while True:
        page = await database.page("c", Query(limit=4, cursor=cursor, since=since, until=until))
        seen += [document["_id"] for document in page.items]
        if (cursor := page.next) is None:
            break
    assert seen == ["7", "6", "5", "4", "3", "2"]
    assert (await database.page("c", Query(since=until, until=since))).items == []


@pytest.mark.parametrize("until", [datetime.min, datetime.max])
async def test_a_page_may_end_where_time_does(database: Database, until: datetime) -> None:
    await database.insert("c", {"_id": "a", "created_at": WHEN})
    page = await database.page("c", Query(until=until.replace(tzinfo=UTC)))
    assert len(page.items) == (1 if until == datetime.max else 0)


async def test_a_cursor_from_elsewhere_is_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="cursor"):
        await database.page("c", Query(cursor="made-up"))


async def test_a_server_that_is_away_is_a_transient_error() -> None:
    away = MongoDatabase("mongodb://127.0.0.1:9/?directConnection=true", "x", timeout=timedelta(seconds=0.2))
    with pytest.raises(DatabaseUnavailable):
        await away.ping()
    with pytest.raises(DatabaseUnavailable):
        await away.get("c", "a")
    away.close()
