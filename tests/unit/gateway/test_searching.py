"""Media are found by words, labels and what they are; nobody finds what they may not see."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.ports import StartsWith
from gateway.media.listing import Filters, query
from gateway.pages import Paging
from schemas.events import MediaChanged
from schemas.record import STARTS, WORDS, own, written
from tests.unit.gateway.asking import asked, codes, given
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import START
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, uploaded
from tests.unit.gateway.people import header_of, person


def said(media_id: str, version: int = 1, **values: Any) -> MediaChanged:
    return MediaChanged(
        meta=uploaded().meta, media_id=media_id, version=version, change="record", values=written(values)
    )


NOTE: dict[str, Any] = {own("note"): "hidden words"}


async def filled(w: World) -> None:
    """Four media of some age."""
    sound = probed("m3").streams[0]
    for number in range(1, 5):
        at = START + timedelta(hours=number)
        name = f"IMG_{number}.mp4"
        await w.happened(uploaded(f"m{number}", at, name=name, owner_id=f"u{number % 2}"))
    await w.happened(
        probed("m1", duration_ms=3000, size_bytes=10),
        probed("m2", duration_ms=1000, size_bytes=20),
        probed(
            "m3", duration_ms=2000, size_bytes=0, streams=[type(sound)(index=0, kind="audio", codec="aac")]
        ),
        said("m1", title="Summer in Kraków", tags=["Été", "Ada Lovelace"], released="2001"),
        said("m2", title="Winter in Kraków", tags=["ete"], categories=["Films"], released="1999-05"),
        said("m3", name="日本の映画.mp3", **NOTE),
        said("m4", title="gone", tags=["x"]),
        said("m4", 2, title=None, tags=None, released="2001-06-01"),
    )


async def found(w: World, query: str, **headers: str) -> list[str]:
    """The ids of all pages, two on each."""
    ids, cursor = [], ""
    while True:
        answer = await w.client.get(f"/api/v1/media?limit=2{query}{cursor}", headers=headers)
        assert answer.status_code == 200, answer.text
        ids += [media["id"] for media in answer.json()["items"]]
        if answer.json()["next"] is None:
            return ids
        cursor = f"&cursor={answer.json()['next']}"


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("&q=krak", "2 1"),
        ("&q=KRAKOW sum", "1"),
        ("&q=krak lovel", "1"),
        ("&q=films winter", "2"),
        ("&q=k s", "1"),
        ("&q=kr", "2 1"),
        ("&q=win", "2"),
        ("&q=wine", ""),
        ("&q=映", "3"),
        ("&q=img", "4 3 2 1"),
        ("&q=日本", "3"),
        ("&q=gone", ""),
        ("&q=hidden", ""),
        ("&q=%20--%20", ""),
        ("&q=%20", "4 3 2 1"),
        ("&tag=été", "2 1"),
        ("&tag=ETE&tag=ada%20lovelace", "1"),
        ("&tag=ete&category=films", "2"),
        ("&tag=ete&q=winter", "2"),
        ("&tag=x", ""),
        ("&kind=audio", "3"),
        ("&kind=video&status=ready", "2 1"),
        ("&status=uploaded", "4"),
        ("&owner=u0", "4 2"),
        ("&owner=u0&q=kra", "2"),
        ("&library=none", ""),
        ("&min_duration_ms=2000", "3 1"),
        ("&max_duration_ms=2000&min_duration_ms=1500", "3"),
        ("&created_after=2026-05-01T14:00:00Z", "4 3 2"),
        ("&created_after=2026-05-01T14:00:00Z&created_before=2026-05-01T15:00:00", "3 2"),
        ("&order=asc", "1 2 3 4"),
        ("&sort=size", "2 1 3"),
        ("&sort=size&order=asc&created_after=2026-05-01T14:00:00Z", "3 2"),
        ("&sort=duration&order=asc", "2 3 1"),
        ("&sort=duration&q=krak", "1 2"),
        ("&sort=released", "4 1 2"),
        ("&sort=released&order=asc&tag=ete", "2 1"),
    ],
)
async def test_a_list_has_what_fits_in_the_order_asked_for(tmp_path: Path, query: str, ids: str) -> None:
    async with world(tmp_path) as w:
        await filled(w)
        assert await found(w, query) == [f"m{id}" for id in ids.split()]


async def test_what_one_may_not_see_is_in_no_list(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w)
        await filled(w)
        headers = await header_of(w, ada)
        for query in ("", "&q=krak", "&tag=ete", "&owner=u1", "&kind=video", "&sort=size", "&order=asc"):
            assert await found(w, query, **headers) == []
        await w.client.put("/api/v1/media/m2/access", json={"access": {f"user:{ada.id}": "view"}})
        for query in ("", "&q=krak", "&tag=ete", "&owner=u0", "&kind=video", "&sort=size", "&order=asc"):
            assert await found(w, query, **headers) == ["m2"]


@pytest.mark.parametrize(
    "query",
    [f"q={'x' * 201}", "kind=text", "sort=title", "order=up", "min_duration_ms=-1", "tag=" + "x" * 65],
)
async def test_what_cannot_be_asked_is_refused(tmp_path: Path, query: str) -> None:
    async with world(tmp_path) as w:
        assert_problem(await w.client.get(f"/api/v1/media?{query}"), 422, "invalid")


@pytest.mark.parametrize("when", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59"])
async def test_a_moment_beyond_time_is_where_time_ends(tmp_path: Path, when: str) -> None:
    async with world(tmp_path) as w:
        await filled(w)
        after = await found(w, f"&sort=size&created_after={when}")
        before = await found(w, f"&sort=size&created_before={when}")
        assert sorted(map(len, (after, before))) == [0, 3]


async def test_an_order_of_which_there_is_nothing_is_empty(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for query in ("&order=asc", "&sort=released", "&sort=size&q=x"):
            assert await found(w, query) == []


async def test_graphql_finds_the_same(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await filled(w)
        document = """query ($m: MediaMatching) { mediaList(matching: $m) { items { id } } }"""
        for matching, ids in (
            ({"q": "krak"}, ["m2", "m1"]),
            ({"tags": ["ete"], "kind": "VIDEO", "sort": "DURATION", "ascending": True}, ["m2", "m1"]),
            ({"createdAfter": "2026-05-01T15:00:00Z"}, ["m4", "m3"]),
        ):
            said = await given(w, document, m=matching)
            assert [each["id"] for each in said["mediaList"]["items"]] == ids
        assert codes(await asked(w, document, m={"q": "x" * 201})) == ["bad-matching"]


VISIBLE = ({"upload.owner_id": "u"}, {"library.id": "l"})


def test_what_few_have_is_looked_up_and_the_rest_held_against_it() -> None:
    page = Paging()
    plain = query(Filters(), [], VISIBLE, page, {})
    assert (plain.key, plain.any_of, plain.all_of) == ({}, VISIBLE, [])
    tagged = query(Filters(tags=["A", "B"], kind="video"), ["x"], VISIBLE, page, {})
    assert tagged.key == {"record.tags.labels": "a"}
    assert tagged.any_of == VISIBLE
    assert [{"record.tags.labels": "b"}] in tagged.all_of
    searched = query(Filters(kind="video"), ["longest", "x"], VISIBLE, page, {})
    assert (searched.key, searched.any_of) == ({}, [{path: "long"} for path in STARTS])
    assert [{path: StartsWith("longest")} for path in WORDS] in searched.all_of
    assert [{path: StartsWith("x")} for path in WORDS] in searched.all_of
    assert VISIBLE in searched.all_of
    assert query(Filters(), ["x"], VISIBLE, page, {}).any_of == VISIBLE
    assert [{"current.kind": "video"}] in searched.all_of
    extents = {"current_size_bytes": {"up": 9, "down": -2}}
    sized = query(Filters(tags=["A"], sort="size", order="asc"), [], VISIBLE, page, extents)
    assert (sized.key, sized.any_of, sized.edge, sized.ascending) == ({}, (), 2, True)
    assert VISIBLE in sized.all_of
