"""What people say of media: each field by itself, permitted, published and written down."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from schemas.events import MediaChanged
from tests.unit.gateway.asking import given
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, uploaded
from tests.unit.gateway.people import header_of, person

M1 = "/api/v1/media/m1"


async def edited(w: World, said: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await w.client.patch(M1, json=said, headers=headers)
    assert answer.status_code == 202, answer.text
    media: dict[str, Any] = answer.json()["media"]
    return media


async def test_what_is_said_is_kept_and_the_rest_stays(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), probed())
        said = {
            "title": "  Summer in\tKrako\u0301w ",
            "description": "One.\r\n\r\nTwo.\u202e",
            "tags": ["Ada", "ada", "ÁDA", " holiday  trip "],
            "categories": ["Travel"],
            "released": "1999-07",
            "rating": 8,
            "custom": {"camera": "Super 8", "reel no. $1": 7, "gone": None},
        }
        kept = await edited(w, said)
        assert (await w.client.get(M1)).json() == kept
        assert kept["title"] == "Summer in Kraków"
        assert kept["description"] == "One.\n\nTwo."
        assert (kept["tags"], kept["categories"]) == (["Ada", "holiday trip"], ["Travel"])
        assert (kept["released"], kept["rating"], kept["kind"]) == ("1999-07", 8.0, "video")
        assert kept["custom"] == {"camera": "Super 8", "reel no. $1": 7}
        less = await edited(w, {"title": None, "tags": [], "custom": {"camera": None}, "name": "a/b.mov"})
        assert (less["title"], less["tags"], less["custom"]) == (None, [], {"reel no. $1": 7})
        assert (less["name"], less["categories"]) == ("b.mov", ["Travel"])
        bare = await edited(w, {"name": None, "custom": None, "description": " "})
        assert (bare["name"], bare["custom"], bare["description"]) == ("clip.mp4", {}, None)


async def test_a_renamed_file_is_downloaded_by_its_name(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.post("/api/v1/media?name=a.mp4", content=b"x")
        path = answer.json()["media"]["links"]["self"]
        await w.client.patch(path, json={"name": "b.mp4"})
        assert (await w.client.get(path)).json()["name"] == "b.mp4"
        assert "b.mp4" in (await w.client.get(f"{path}/content")).headers["content-disposition"]


EPISODE = {"kind": "episode", "series": "Show", "series_year": 2019, "season": 1, "episode": 2}


async def test_a_place_is_said_field_by_field(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        one = await edited(w, {"place": {**EPISODE, "title": " The  second "}})
        assert {name: value for name, value in one["place"].items() if value is not None} == {
            **EPISODE,
            "title": "The second",
        }
        tag = (await w.client.get(M1)).headers["etag"]
        two = await edited(w, {"place": {"season": 0, "title": None}}, **{"If-Match": tag})
        assert (two["place"]["season"], two["place"]["title"], two["place"]["series"]) == (0, None, "Show")
        stale = await w.client.patch(M1, json={"place": {"season": 3}}, headers={"If-Match": tag})
        assert_problem(stale, 412, "record-changed")
        assert (await w.client.get(M1)).json() == two
        assert (await edited(w, {"place": None}))["place"] is None


@pytest.mark.parametrize(
    "said",
    [
        {"place": {"kind": "film"}},
        {"place": {"season": -1}},
        {"place": {"season": "1"}},
        {"place": {"air_date": "2020-02-30"}},
        {"place": {"series_year": 0}},
        {"place": {"colour": "red"}},
        {"title": "x" * 201},
        {"tags": ["x" * 65]},
        {"tags": [f"{n}" for n in range(51)]},
        {"rating": 11},
        {"rating": "8"},
        {"released": "1999-02-30"},
        {"released": "99"},
        {"custom": {"x": True}},
        {"custom": {"x": 10**16}},
        {"custom": {"": 1}},
        {"owner_id": "me"},
    ],
)
async def test_what_makes_no_sense_is_refused(tmp_path: Path, said: dict[str, Any]) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        assert_problem(await w.client.patch(M1, json=said), 422, "invalid")


async def test_fields_of_ones_own_are_bounded(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        await edited(w, {"custom": {f"a{n}": n for n in range(50)}})
        one_more = await w.client.patch(M1, json={"custom": {"b": 1}})
        assert_problem(one_more, 422, "too-many-fields")
        for letter in "bcd":
            await edited(w, {"custom": None})
            await edited(w, {"custom": {f"{letter}{n}": n for n in range(50)}})
        await edited(w, {"custom": None})
        assert_problem(await w.client.patch(M1, json={"custom": {"e": 1}}), 422, "too-many-fields")
        assert (await edited(w, {"custom": {"a1": 1}}))["custom"] == {"a1": 1}


async def test_two_who_change_different_fields_both_do(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        w.publisher.lagging = True
        for said in ({"title": "A"}, {"tags": ["x"]}, {"custom": {"a": 1}}, {"custom": {"b": 2}}):
            await edited(w, said)
        events = [each for each in w.publisher.events if isinstance(each, MediaChanged)]
        w.publisher.lagging = False
        for each in reversed(events):
            await w.happened(each)
        media = (await w.client.get(M1)).json()
        assert (media["title"], media["tags"], media["custom"]) == ("A", ["x"], {"a": 1, "b": 2})


async def test_of_two_who_change_one_field_the_later_stands_also_by_a_slow_clock(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        await edited(w, {"title": "first"})
        w.clock.move(hours=-1)
        assert (await edited(w, {"title": "second"}))["title"] == "second"
        assert (await w.client.get(M1)).json()["title"] == "second"


async def test_a_stale_edit_is_refused_where_it_says_what_it_read(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        read = (await w.client.get(M1)).headers["etag"]
        answer = await w.client.patch(M1, json={"title": "A"}, headers={"If-Match": read})
        assert answer.status_code == 202
        assert answer.headers["etag"] == (await w.client.get(M1)).headers["etag"] != read
        stale = await w.client.patch(M1, json={"title": "B"}, headers={"If-Match": f'"x", {read}'})
        assert_problem(stale, 412, "record-changed")
        assert (await w.client.get(M1)).json()["title"] == "A"
        for tag in (f"W/{answer.headers['etag']}", "*"):
            kept = await w.client.patch(M1, json={"title": "C"}, headers={"If-Match": tag})
            assert kept.status_code == 202


async def test_of_two_who_read_the_same_one_goes_on(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        read = {"If-Match": (await w.client.get(M1)).headers["etag"]}
        both = [w.client.patch(M1, json={"title": each}, headers=read) for each in "AB"]
        assert sorted(answer.status_code for answer in await asyncio.gather(*both)) == [202, 412]


async def test_who_may_only_see_it_may_not_edit_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, bob = await person(w, role="editor"), await person(w, "bob", role="editor")
        await w.happened(uploaded(), uploaded("m2", owner_id=ada.id))
        await w.client.put(f"{M1}/access", json={"access": {f"user:{ada.id}": "view"}})
        headers = await header_of(w, ada)
        assert_problem(await w.client.patch(M1, json={"title": "x"}, headers=headers), 403, "not-yours")
        other = await w.client.patch(M1, json={"title": "x"}, headers=await header_of(w, bob))
        assert_problem(other, 404, "media-not-found")
        order = {"media_ids": ["m2", "m1", "nope", "m2"], "add_tags": ["x"]}
        answer = await w.client.post("/api/v1/media/bulk", json=order, headers=headers)
        said = [(each["id"], each["outcome"], each["code"]) for each in answer.json()["results"]]
        assert said == [
            ("m2", "changed", None),
            ("m1", "refused", "not-yours"),
            ("nope", "refused", "media-not-found"),
        ]
        assert (await w.client.get(M1)).json()["tags"] == []


async def test_many_are_labelled_at_once_and_each_is_told_of(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*[uploaded(f"m{n}") for n in range(1, 5)])
        await edited(w, {"tags": ["Été", "b"], "categories": ["Films"]})
        await w.happened(MediaChanged(meta=uploaded().meta, media_id="m4", version=1, change="deleted"))
        await w.client.patch("/api/v1/media/m3", json={"tags": [f"{n}" for n in range(50)]})
        order = {
            "media_ids": ["m1", "m2", "m3", "m4"],
            "add_tags": ["ETE", "new"],
            "remove_tags": ["B"],
            "remove_categories": ["films"],
        }
        before = len(w.audited.events)
        answer = await w.client.post("/api/v1/media/bulk", json=order)
        assert answer.status_code == 202
        said = [(each["outcome"], each["code"]) for each in answer.json()["results"]]
        assert said == [
            ("changed", None),
            ("changed", None),
            ("refused", "too-many-tags"),
            ("refused", "media-deleted"),
        ]
        one, two = [(await w.client.get(f"/api/v1/media/m{n}")).json() for n in (1, 2)]
        assert (one["tags"], one["categories"], two["tags"]) == (["Été", "new"], [], ["ETE", "new"])
        again = await w.client.post("/api/v1/media/bulk", json={"media_ids": ["m1"], "add_tags": ["new"]})
        assert (again.json()["results"][0]["outcome"], again.json()["token"]) == ("unchanged", "")
        noted = [each for each in w.audited.events[before:] if getattr(each, "action", "") == "media.edited"]
        assert [(each.target_id, each.details) for each in noted] == [  # type: ignore[union-attr]
            ("m1", {"fields": "tags,categories"}),
            ("m2", {"fields": "tags"}),
        ]


async def test_what_is_said_is_answered_by_graphql_too(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), probed())
        await edited(w, {"title": "A", "tags": ["x"], "custom": {"a": 1}, "released": "1999"})
        said = await given(w, '{ media(id: "m1") { title tags categories custom released rating kind } }')
        assert said["media"] == {
            "title": "A",
            "tags": ["x"],
            "categories": [],
            "custom": {"a": 1},
            "released": "1999",
            "rating": None,
            "kind": "video",
        }


async def test_the_token_of_a_change_to_many_is_one_that_reads_may_send(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ids = [f"m{number}" for number in range(500)]
        await w.happened(*map(uploaded, ids))
        answer = await w.client.post("/api/v1/media/bulk", json={"media_ids": ids, "add_tags": ["x"]})
        asked = {"tag": "x", "limit": "200", "token": answer.json()["token"]}
        read = await w.client.get("/api/v1/media", params=asked)
        assert read.status_code == 200
        assert len(read.json()["items"]) == 200
        too_many = {"media_ids": [*ids, "one more"], "add_tags": ["x"]}
        assert_problem(await w.client.post("/api/v1/media/bulk", json=too_many), 422, "invalid")
