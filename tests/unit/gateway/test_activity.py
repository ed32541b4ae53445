"""What people did: one's own for everybody, that of others for administrators, a month at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from schemas.events import AuditRecorded
from tests.unit.gateway.checks import assert_problem, upload
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.viewing import clip


async def settled(w: World) -> None:
    """What waits is in the audit log, and so in the read models."""
    assert await w.services.trail.flush()


async def listed(w: World, headers: dict[str, str] | None = None, **query: Any) -> dict[str, Any]:
    answer = await w.client.get("/api/v1/activity", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_what_one_did_is_listed_by_month_the_newest_first(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        media = (await upload(w)).json()["media"]
        w.clock.move(days=31)
        await w.client.put(f"/api/v1/media/{media['id']}/viewing", json={"favourite": True})
        w.clock.move(seconds=1)
        await w.client.get(media["links"]["content"])
        await settled(w)
        june = await listed(w)
        assert [(item["action"], item["target"]) for item in june["items"]] == [
            ("media.downloaded", media["id"]),
            ("media.favourited", media["id"]),
        ]
        assert (june["month"], june["earlier"]) == ("2026-06", "2026-05")
        may = await listed(w, month="2026-05")
        assert [item["action"] for item in may["items"]] == ["media.uploaded"]
        assert (may["earlier"], (await listed(w, month="2020-01"))["items"]) == (None, [])


async def test_others_see_theirs_and_administrators_everyones(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, bob = [await person(w, login) for login in ("ada", "bob")]
        await w.happened(*clip())
        await w.client.put("/api/v1/media/m1/access", json={"access": {"everyone": "view"}})
        for who in (ada, bob):
            body = {"played": True, "favourite": True}
            await w.client.put("/api/v1/media/m1/viewing", json=body, headers=await header_of(w, who))
        await settled(w)
        hers = await header_of(w, ada)
        for query in ({}, {"user": "me"}, {"user": ada.id}):
            own = (await listed(w, hers, **query))["items"]
            assert {(item["user"], item["action"]) for item in own} == {
                (ada.id, "media.played"),
                (ada.id, "media.favourited"),
            }
        for user in (bob.id, "everyone"):
            answer = await w.client.get("/api/v1/activity", params={"user": user}, headers=hers)
            assert_problem(answer, 403, "not-allowed")
        assert {item["user"] for item in (await listed(w, user=bob.id))["items"]} == {bob.id}
        everyone = {item["user"] for item in (await listed(w, user="everyone"))["items"]}
        assert everyone == {"admin", ada.id, bob.id}


@pytest.mark.parametrize("query", [{"month": "2026-13"}, {"month": "may"}, {"user": "x" * 201}])
async def test_what_makes_no_sense_is_refused(tmp_path: Path, query: dict[str, str]) -> None:
    async with world(tmp_path) as w:
        assert_problem(await w.client.get("/api/v1/activity", params=query), 422, "invalid")


async def test_that_someone_looked_is_in_the_audit_log_and_no_activity(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await listed(w, user="everyone")
        await settled(w)
        records = [each for each in w.audited.events if isinstance(each, AuditRecorded)]
        assert "activity.read" in {each.action for each in records}
        assert (await listed(w))["items"] == []
