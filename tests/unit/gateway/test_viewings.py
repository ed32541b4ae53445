"""People's own state: set by hand, by players' words, listed, forgotten, and nobody else's business."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.viewings.state import Moment, State, at_position, marked_played
from schemas.events import MediaChanged, ViewingChanged
from schemas.versions import source_id
from schemas.viewings import viewing_id, viewing_key
from tests import samples
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.doubles import START, meta
from tests.unit.gateway.fakes import World, until, world
from tests.unit.gateway.history import uploaded
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.test_versions import ready, replaced
from tests.unit.gateway.trail import written
from tests.unit.gateway.viewing import clip, watch

HOUR_MS = 3_600_000
PATH = "/api/v1/media/m1/viewing"
NOTHING = {
    "work_id": "m1",
    "position_ms": 0,
    "viewed_at": None,
    "played": False,
    "plays": 0,
    "played_at": None,
    "favourite": False,
    "favourite_at": None,
}


def said(w: World, change: str | None = None) -> list[ViewingChanged]:
    found = [event for event in w.publisher.events if isinstance(event, ViewingChanged)]
    return [event for event in found if change in (None, event.change)]


async def put(w: World, media_id: str = "m1", **order: Any) -> dict[str, Any]:
    answer = await w.client.put(f"/api/v1/media/{media_id}/viewing", json=order)
    assert answer.status_code == 200, answer.text
    state: dict[str, Any] = answer.json()
    return state


async def state(w: World, media_id: str = "m1") -> dict[str, Any]:
    found: dict[str, Any] = (await w.client.get(f"/api/v1/media/{media_id}/viewing")).json()
    return found


async def listed(w: World, **query: Any) -> list[str]:
    answer = await w.client.get("/api/v1/viewing", params=query)
    assert answer.status_code == 200, answer.text
    return [item["media"]["id"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    ("position_ms", "duration_ms", "kept_ms", "played"),
    [
        (59_999, HOUR_MS, 0, False),
        (60_000, HOUR_MS, 60_000, False),
        (499, 10_000, 0, False),
        (500, 10_000, 500, False),
        (HOUR_MS * 9 // 10 - 1, HOUR_MS, HOUR_MS * 9 // 10 - 1, False),
        (HOUR_MS * 9 // 10, HOUR_MS, 0, True),
        (10**12, HOUR_MS, 0, True),
        (10**6, None, 10**6, False),
    ],
)
def test_near_its_ends_a_position_is_none(
    position_ms: int, duration_ms: int | None, kept_ms: int, played: bool
) -> None:
    moment = Moment(START, duration_ms, "s1")
    for before in (State(), State(position_ms=120_000, duration_ms=duration_ms, viewed_at=START)):
        after = at_position(before, position_ms, moment)
        assert (after.position_ms, after.played, after.plays) == (kept_ms, played, int(played))


def test_a_playing_counts_once_however_often_its_end_is_told() -> None:
    once = at_position(State(), HOUR_MS, Moment(START, HOUR_MS, "s1"))
    again = at_position(once, HOUR_MS, Moment(START + timedelta(minutes=9), HOUR_MS, "s1"))
    assert again == once
    assert at_position(again, HOUR_MS, Moment(START, HOUR_MS, "s2")).plays == 2
    soon, late = (Moment(START + timedelta(minutes=m), HOUR_MS) for m in (59, 60))
    assert (at_position(once, HOUR_MS, soon).plays, at_position(once, HOUR_MS, late).plays) == (1, 2)


def test_what_is_marked_as_not_played_was_never_played() -> None:
    thrice = State(played=True, plays=3, played_at=START, position_ms=5)
    after = marked_played(thrice, Moment(START), on=False)
    assert (after.played, after.plays, after.position_ms) == (False, 0, 0)
    assert marked_played(after, Moment(START), on=True).plays == 1


async def test_what_is_named_is_set_and_the_rest_stays(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        assert await state(w) == NOTHING
        await put(w, favourite=True)
        assert (await put(w, position_ms=120_000))["position_ms"] == 120_000
        now = "2026-05-01T12:00:00Z"
        begun = {**NOTHING, "favourite": True, "favourite_at": now, "position_ms": 120_000, "viewed_at": now}
        assert await state(w) == begun
        played = {**begun, "position_ms": 0, "played": True, "plays": 1, "played_at": now}
        assert await put(w, played=True) == played == await state(w)
        await put(w, favourite=False, played=False)
        assert [(e.change, e.on) for e in said(w)[-2:]] == [("played", False), ("favourite", False)]


async def test_saying_what_is_so_already_says_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        for _ in range(2):
            await put(w, played=True, favourite=True)
        await put(w)
        await put(w, played=None)
        assert [event.change for event in said(w)] == ["played", "favourite"]


@pytest.mark.parametrize(
    "body",
    [{"played": 1}, {"position_ms": -1}, {"position_ms": "7"}, {"plays": 3}],
)
async def test_what_makes_no_sense_is_refused(tmp_path: Path, body: dict[str, Any]) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip())
        answer = await w.client.put(PATH, json=body)
        assert answer.status_code == 422
        assert said(w) == []


async def test_each_has_a_state_of_their_own_and_sees_no_other(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, bob = [await person(w, login) for login in ("ada", "bob")]
        await w.happened(*clip(duration_ms=HOUR_MS), uploaded("theirs", owner_id=ada.id))
        await w.client.put("/api/v1/media/m1/access", json={"access": {"everyone": "view"}})
        hers, his = await header_of(w, ada), await header_of(w, bob)
        await w.client.put(PATH, json={"favourite": True}, headers=hers)
        medium = "/api/v1/media/m1"
        assert (await w.client.get(medium, headers=hers)).json()["viewing"]["favourite"]
        assert (await w.client.get(medium, headers=his)).json()["viewing"] is None
        everything = (await w.client.get("/api/v1/media", headers=hers)).json()["items"]
        assert {one["id"]: bool(one["viewing"]) for one in everything} == {"m1": True, "theirs": False}
        assert (await w.client.get("/api/v1/viewing?state=favourite", headers=his)).json()["items"] == []
        hidden = await w.client.put("/api/v1/media/theirs/viewing", json={"played": True}, headers=his)
        assert_problem(hidden, 404, "media-not-found")


async def test_whoever_looks_by_a_link_has_none(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip())
        link = (await w.client.post("/api/v1/media/m1/shares", json={})).json()["link"]
        async with anonymous(w) as client:
            opened = (await client.post("/api/v1/shares/open", json={"link": link})).json()
            header = {"Authorization": f"Bearer {opened['access_token']}"}
            assert (await client.get("/api/v1/media/m1", headers=header)).json()["viewing"] is None
            for path in (PATH, "/api/v1/viewing"):
                assert_problem(await client.get(path, headers=header), 403, "no-account")
            beat = (await client.post("/api/v1/media/m1/playback", json={}, headers=header)).json()["links"]
            await client.post(beat["heartbeat"], json={"position_ms": 5000})
            await client.delete(beat["stop"])
        await w.services.viewings.close()
        assert said(w) == []


async def test_lists_show_what_there_is_to_go_on_with_the_newest_first(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for n in range(1, 5):
            await w.happened(*clip(f"m{n}", duration_ms=HOUR_MS))
            w.clock.move(seconds=1)
            await put(w, f"m{n}", position_ms=120_000)
        await put(w, "m3", played=True)
        await put(w, "m1", favourite=True)
        deleted = MediaChanged(meta=meta(), media_id="m4", version=1, change="deleted")
        await w.happened(deleted)
        assert await listed(w) == await listed(w, state="in-progress") == ["m2", "m1"]
        assert await listed(w, state="played") == ["m3"]
        assert await listed(w, state="favourite") == ["m1"]
        page = (await w.client.get("/api/v1/viewing", params={"limit": 2})).json()
        assert [item["media"]["id"] for item in page["items"]] == ["m2"], "the deleted one is left out"
        assert await listed(w, cursor=page["next"]) == ["m1"]
        assert page["items"][0]["media"]["viewing"]["position_ms"] == 120_000
        assert_problem(await w.client.get("/api/v1/viewing?cursor=x"), 400, "bad-cursor")


async def test_it_stays_with_the_work_through_another_name_and_another_version(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        id = await ready(w)
        path = f"/api/v1/media/{id}"
        await put(w, id, position_ms=2000, favourite=True)
        assert (await w.client.patch(path, json={"name": "another.mkv"})).status_code == 202
        assert (await state(w, id))["position_ms"] == 2000
        version = await replaced(w, id)
        assert (await state(w, id))["position_ms"] == 2000
        links = (await watch(w, id))["links"]
        w.clock.move(seconds=1)
        await w.client.post(links["heartbeat"], json={"position_ms": 8100})  # of 9 s: the end
        await w.services.viewings.close()
        assert (await state(w, id))["plays"] == 1
        assert said(w, "played")[0].media_id == source_id(id, version)
        assert await listed(w, state="played") == await listed(w, state="favourite") == [id]
        told = (await w.client.get(f"{path}/timeline")).json()["items"]
        assert [item["topic"] for item in told].count("media.uploaded") == 2
        assert {item["media_id"] for item in told if item["topic"] == "media.uploaded"} == {id}


async def test_a_player_writes_its_first_word_and_its_last_and_few_between(tmp_path: Path) -> None:
    async with world(tmp_path, viewing_every_s=3600) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        links = (await watch(w))["links"]
        for minute in range(2, 30):
            w.clock.move(seconds=60)
            await w.client.post(links["heartbeat"], json={"position_ms": minute * 60_000})
            await w.services.viewings.flush()
        assert [event.position_ms for event in said(w)] == [120_000]
        await w.client.delete(links["stop"])
        await until(lambda: len(said(w)) == 2)
        assert (said(w)[1].position_ms, said(w)[1].duration_ms) == (29 * 60_000, HOUR_MS)
        assert await listed(w) == ["m1"]


async def test_a_gateway_that_stops_writes_down_what_it_holds(tmp_path: Path) -> None:
    async with world(tmp_path, viewing_every_s=3600) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        beat = (await watch(w))["links"]["heartbeat"]
        await w.client.post(beat, json={"position_ms": 120_000})
        await until(lambda: said(w))
        w.clock.move(seconds=1)
        await w.client.post(beat, json={"position_ms": 180_000})
    assert [event.position_ms for event in said(w)] == [120_000, 180_000]


async def test_who_comes_to_the_end_has_played_it_once_and_it_is_in_the_audit_log(tmp_path: Path) -> None:
    async with world(tmp_path, viewing_every_s=0.001) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        beat = (await watch(w))["links"]["heartbeat"]
        for minute in (30, 55, 57, 59):
            w.clock.move(seconds=60)
            await w.client.post(beat, json={"position_ms": minute * 60_000})
            await w.services.viewings.close()
        found = await state(w)
        assert (found["played"], found["plays"], found["position_ms"]) == (True, 1, 0)
        assert [event.position_ms for event in said(w, "position")] == [30 * 60_000, 0]
        records = [each for each in await written(w) if each.action == "media.played"]
        assert [(each.actor_id, each.target_id) for each in records] == [("admin", "m1")]


@pytest.mark.parametrize("change", ["position", "played"])
async def test_what_another_replica_heard_since_is_not_undone(tmp_path: Path, change: str) -> None:
    async with world(tmp_path, viewing_every_s=3600) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        recorder, id = w.services.viewings, viewing_id("admin", "m1")
        for position_ms in (120_000, 130_000):
            recorder.say("admin", "m1", position_ms)
            await recorder.flush()
        elsewhere = samples.meta(now=START + timedelta(seconds=5))
        key = viewing_key(change, id)
        await w.happened(samples.viewing(change, "admin", viewing=key, meta=elsewhere, on=True))
        await recorder.close()
        assert [event.position_ms for event in said(w, "position")][:1] == [120_000]
        assert 130_000 not in [event.position_ms for event in said(w)]


@pytest.mark.parametrize("order", [{"played": True}, None])
async def test_what_one_says_oneself_is_not_undone_by_what_a_player_said_before(
    tmp_path: Path, order: dict[str, Any] | None
) -> None:
    async with world(tmp_path, viewing_every_s=3600) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        recorder = w.services.viewings
        for position_ms in (1000, 130_000):  # too early to count, so nothing is said; and one that is held
            recorder.say("admin", "m1", position_ms)
            await recorder.flush()
        w.clock.move(seconds=5)
        if order:
            await put(w, **order)
        else:
            await w.client.delete(PATH)
        await recorder.close()
        assert (await state(w))["position_ms"] == 0
        assert said(w, "position") == []


async def test_while_kafka_is_away_a_position_waits(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        w.publisher.away = True
        assert (await put(w, position_ms=120_000))["position_ms"] == 120_000
        assert_problem(await w.client.put(PATH, json={"favourite": True}), 503, "unavailable")
        w.publisher.away = False
        await w.services.viewings.close()
        assert [event.position_ms for event in said(w)] == [120_000]


async def test_what_is_forgotten_is_gone_and_names_nobody(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        await put(w, favourite=True, position_ms=120_000)
        assert (await w.client.delete(PATH)).status_code == 204
        assert await state(w) == NOTHING
        assert await listed(w) == await listed(w, state="favourite") == []
        gone = said(w)[-2:]
        assert {event.viewing for event in gone} == {event.viewing for event in said(w)[:-2]}
        assert {(event.user_id, event.work_id, event.media_id) for event in gone} == {(None, None, None)}
        assert (await w.client.delete(PATH)).status_code == 204


async def test_it_is_exported_and_erased_with_its_person(tmp_path: Path) -> None:
    async with world(tmp_path, viewing_every_s=3600) as w:
        ada = await person(w)
        await w.happened(uploaded(owner_id=ada.id), *clip(duration_ms=HOUR_MS)[1:])
        hers = await header_of(w, ada)
        await w.client.put(PATH, json={"favourite": True, "position_ms": 120_000}, headers=hers)
        exported = (await w.client.get(f"/api/v1/users/{ada.id}/export")).json()["viewing"]
        assert [(one["work_id"], one["favourite"], one["position_ms"]) for one in exported] == [
            ("m1", True, 120_000)
        ]
        for position_ms in (180_000, 240_000):
            w.clock.move(seconds=1)
            w.services.viewings.say(ada.id, "m1", position_ms)
            await w.services.viewings.flush()
        assert [event.position_ms for event in said(w, "position")] == [120_000, 180_000], "one is held"
        assert (await w.client.delete(f"/api/v1/users/{ada.id}")).status_code == 202
        await w.services.viewings.close()
        assert [event.position_ms for event in said(w, "position")][2:] == [0]
        assert ada.id not in str(w.database.collections["viewings_v1"])
        last = {event.viewing: event for event in said(w)}
        assert ada.id not in str([(e.user_id, e.work_id) for e in last.values()])
