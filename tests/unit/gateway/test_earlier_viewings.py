"""What another system knew of people's state: taken over with its times, under all that was said here."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.events import ViewingChanged
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import START
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import Person, header_of, person
from tests.unit.gateway.trail import written
from tests.unit.gateway.viewing import clip

HOUR_MS = 3_600_000
PATH = "/api/v1/viewing/import"
LONG_AGO = "2019-03-04T05:06:07.890000Z"
LATER = "2019-09-09T00:00:00Z"
ALL: dict[str, Any] = {
    "position_ms": 120_000,
    "viewed_at": LATER,
    "plays": 3,
    "played_at": LONG_AGO,
    "favourite": True,
}


async def taken(w: World, *items: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = await w.client.post(PATH, json={"items": items, **more})
    assert answer.status_code == 202, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


async def outcomes(w: World, *items: dict[str, Any], **more: Any) -> list[str]:
    return [each["code"] or each["outcome"] for each in await taken(w, *items, **more)]


async def state(w: World, who: Person, media_id: str = "m1") -> dict[str, Any]:
    exported = (await w.client.get(f"/api/v1/users/{who.id}/export")).json()["viewing"]
    found: dict[str, Any] = next((one for one in exported if one["work_id"] == media_id), {})
    return found


def said(w: World) -> list[ViewingChanged]:
    return [event for event in w.publisher.events if isinstance(event, ViewingChanged)]


def of(who: Person, media_id: str = "m1", **more: Any) -> dict[str, Any]:
    return {"user_id": who.id, "media_id": media_id, **more}


async def test_it_is_as_it_was_with_its_times_and_doing_it_again_says_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        ada = await person(w)
        assert await outcomes(w, of(ada, **ALL), dry_run=True) == ["set"]
        assert said(w) == []
        assert await outcomes(w, of(ada, **ALL)) == ["set"]
        found = await state(w, ada)
        assert (found["position_ms"], found["viewed_at"]) == (120_000, LATER)
        assert (found["played"], found["plays"], found["played_at"]) == (True, 3, LONG_AGO)
        assert found["favourite"]
        assert await outcomes(w, of(ada, **ALL)) == ["unchanged"]
        assert [event.change for event in said(w)] == ["position", "played", "favourite"]


@pytest.mark.parametrize("played_at", [LONG_AGO, None])
async def test_what_someone_said_here_stands(tmp_path: Path, played_at: str | None) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        ada = await person(w)
        await w.client.put("/api/v1/media/m1/access", json={"access": {"everyone": "view"}})
        hers = await header_of(w, ada)
        for order in ({"played": True, "favourite": True}, {"played": False, "favourite": False}):
            w.clock.move(seconds=1)
            await w.client.put("/api/v1/media/m1/viewing", json=order, headers=hers)
        assert await outcomes(w, of(ada, plays=3, played_at=played_at, favourite=True)) == ["newer"]
        found = await state(w, ada)
        assert (found["played"], found["favourite"]) == (False, False)
        assert await outcomes(w, of(ada, position_ms=120_000, viewed_at=LONG_AGO)) == ["set"]


async def test_what_someone_forgot_does_not_come_back(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        ada = await person(w)
        await w.client.put("/api/v1/media/m1/access", json={"access": {"everyone": "view"}})
        await taken(w, of(ada, **ALL))
        w.clock.move(seconds=1)
        gone = await w.client.delete("/api/v1/media/m1/viewing", headers=await header_of(w, ada))
        assert gone.status_code == 204
        assert await outcomes(w, of(ada, **ALL)) == ["newer"]
        assert await state(w, ada) == {}


async def test_what_was_later_elsewhere_stands_over_what_was_taken_over_before(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        ada = await person(w)
        await taken(w, of(ada, plays=1, played_at=LONG_AGO))
        assert await outcomes(w, of(ada, plays=2, played_at=LATER)) == ["set"]
        assert await outcomes(w, of(ada, plays=1, played_at=LONG_AGO)) == ["newer"]
        assert (await state(w, ada))["plays"] == 2


async def test_each_that_can_t_be_is_refused_by_itself(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS), *clip("m2"))
        await w.client.delete("/api/v1/media/m2")
        ada, gone = [await person(w, login) for login in ("ada", "gone")]
        await w.client.delete(f"/api/v1/users/{gone.id}")
        tomorrow = (START + timedelta(days=1)).isoformat()
        found = await outcomes(
            w,
            of(Person("nobody", ""), plays=1),
            of(gone, plays=1),
            of(ada, "m9", plays=1),
            of(ada, "m2", plays=1),
        )
        assert found == ["user-not-found", "user-not-found", "media-not-found", "media-deleted"]
        for at in (tomorrow, "0001-01-01T00:00:00+14:00"):
            assert await outcomes(w, of(ada, plays=1, played_at=at)) == ["no-such-time"]
        assert await outcomes(w, of(ada, plays=1), of(ada, plays=2)) == ["named-twice", "named-twice"]
        assert said(w) == []


async def test_a_position_beyond_the_end_is_dropped(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS))
        ada = await person(w)
        assert await outcomes(w, of(ada, position_ms=HOUR_MS, favourite=True)) == ["set"]
        assert [event.change for event in said(w)] == ["favourite"]


async def test_it_takes_an_administrator_and_is_written_down_for_each_person(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=HOUR_MS), *clip("m2"))
        ada, bob = await person(w), await person(w, "bob", role="editor")
        body = {"items": [of(ada, plays=1), of(ada, "m2", plays=1), of(bob, favourite=True)]}
        refused = await w.client.post(PATH, json=body, headers=await header_of(w, bob))
        assert_problem(refused, 403, "not-allowed")
        await taken(w, *body["items"])
        records = [each for each in await written(w) if each.action == "viewing.taken_over"]
        allowed = [(each.target_id, each.details) for each in records if each.outcome == "allowed"]
        assert allowed == [(ada.id, {"words": "2"}), (bob.id, {"words": "1"})]
        assert not [each for each in await written(w) if each.action == "media.played"]


@pytest.mark.parametrize(
    "bad",
    [
        {"items": []},
        {"items": [{"user_id": "u", "media_id": "m", "plays": 0}]},
        {"items": [{"user_id": "u", "media_id": "m", "played_at": "2019-03-04T05:06:07"}]},
        {"items": [{"user_id": "u", "media_id": "m", "viewed_at": 1551675967}]},
        {"items": [{"user_id": "u", "media_id": "m", "favourite_at": "2019-03-04"}]},
        {"items": [{"user_id": "u", "media_id": "m"}] * 501},
    ],
)
async def test_what_makes_no_sense_is_refused_whole(tmp_path: Path, bad: dict[str, Any]) -> None:
    async with world(tmp_path) as w:
        assert (await w.client.post(PATH, json=bad)).status_code == 422


async def test_an_account_may_be_made_that_lets_nobody_in(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        barred = await person(w, "barred", state="disabled")
        shown = (await w.client.get(f"/api/v1/users/{barred.id}")).json()
        assert shown["state"] == "disabled"
