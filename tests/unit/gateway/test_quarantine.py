"""What is held: its bytes are for nobody, its owner learns why, and administrators decide."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.events import MediaChanged, MediaProbed, MediaUploaded
from tests.unit.gateway.checks import assert_problem, upload
from tests.unit.gateway.doubles import START, meta
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, rejected, uploaded
from tests.unit.gateway.people import header_of, person

FINDING = "Own-Test-Signature.UNOFFICIAL"
REASON = {"reason": "a false alarm"}


def changed(change: str, media_id: str = "m1", seconds: int = 1, **values: str) -> MediaChanged:
    at = START + timedelta(seconds=seconds)
    return MediaChanged(meta=meta(at), media_id=media_id, version=1, change=change, values=values)


def held(media_id: str = "m1", seconds: int = 1) -> MediaChanged:
    where = f"quarantine/ab/{'ab' * 32}"
    return changed("quarantined", media_id, seconds, finding=FINDING, location=where)


async def listed(w: World, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await w.client.get("/api/v1/quarantine", params=query)).json()["items"]
    return items


async def test_its_owner_sees_that_and_why_it_is_held_and_no_more(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada = await person(w, role="editor")
        await w.happened(uploaded(owner_id=ada.id), held())
        answer = await w.client.get("/api/v1/media/m1", headers=await header_of(w, ada))
        media = answer.json()
        assert (media["status"], media["probe"]) == ("quarantined", None)
        assert media["quarantine"] == {"finding": FINDING, "since": "2026-05-01T12:00:01Z"}
        assert "quarantine/" not in answer.text
        assert [one["id"] for one in (await w.client.get("/api/v1/media")).json()["items"]] == ["m1"]


async def test_nothing_hands_out_or_makes_anything_of_what_is_held(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        media = (await upload(w)).json()["media"]
        await w.happened(held(media["id"]))
        path = f"/api/v1/media/{media['id']}"
        for asked in (
            w.client.get(f"{path}/content"),
            w.client.post(f"{path}/playback", json={}),
            w.client.post(f"{path}/transcode", json={"profile": "web"}),
            w.client.post("/api/v1/jobs", json={"profile": "web", "media_id": media["id"]}),
            w.client.get(f"/Videos/Stream/{media['id']}"),
        ):
            assert FINDING in assert_problem(await asked, 409, "media-quarantined")["detail"]
        by_its_name = await w.client.get("/Videos/Stream/clip.mp4")
        assert by_its_name.status_code == 404


async def test_what_was_rejected_is_not_sent_though_others_have_its_bytes(tmp_path: Path) -> None:
    """Nor what could not be scanned: its bytes may still be there."""
    async with world(tmp_path) as w:
        media = (await upload(w)).json()["media"]
        await w.happened(rejected(media["id"]))
        assert w.files()
        assert_problem(await w.client.get(media["links"]["content"]), 409, "media-rejected")


async def test_where_uploads_are_scanned_none_is_sent_before(tmp_path: Path) -> None:
    async with world(tmp_path, clamd="tcp://127.0.0.1:9") as w:
        media = (await upload(w)).json()["media"]
        early = await w.client.get(media["links"]["content"])
        assert_problem(early, 503, "unavailable")
        assert "scanned" in early.json()["detail"]
        assert early.headers["retry-after"]
        event = w.publisher.events[-1]
        assert isinstance(event, MediaUploaded)
        await w.happened(probed(media["id"], location=event.location))
        assert (await w.client.get(media["links"]["content"])).status_code == 200


async def test_what_waits_for_a_decision_is_listed_with_others_of_its_bytes(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(
            uploaded("old"), probed("old"), uploaded("no"), rejected("no"), uploaded("else", sha256="cd" * 32)
        )
        for n in range(1, 4):
            await w.happened(uploaded(f"m{n}", at=START + timedelta(seconds=n)), held(f"m{n}", seconds=9))
        await w.happened(changed("released", "m3", 10))
        found = await listed(w)
        assert [item["media"]["id"] for item in found] == ["m2", "m1"]
        assert {one["id"]: one["status"] for one in found[0]["same_bytes"]} == {
            "old": "ready",
            "m1": "quarantined",
        }
        assert [item["media"]["id"] for item in await listed(w, limit=1)] == ["m2"]


@pytest.mark.parametrize(("verdict", "change"), [("release", "released"), ("destroy", "destroyed")])
async def test_a_verdict_is_an_event_with_its_reason_and_in_the_audit_log(
    tmp_path: Path, verdict: str, change: str
) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), held())
        answer = await w.client.post(f"/api/v1/quarantine/m1/{verdict}", json=REASON)
        assert (answer.status_code, answer.json()["id"]) == (202, "m1")
        assert answer.headers["sluice-token"] == answer.json()["token"]
        event = w.publisher.events[-1]
        assert isinstance(event, MediaChanged)
        assert (event.media_id, event.change, event.values) == ("m1", change, REASON)
        items = (await w.client.get("/api/v1/audit", params={"action": f"media.{change}"})).json()["items"]
        assert [(item["target"], item["details"]) for item in items] == [("m1", REASON)]


async def test_what_is_released_waits_to_be_looked_at_and_is_ready_then(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), held())
        await w.client.post("/api/v1/quarantine/m1/release", json=REASON)
        media = (await w.client.get("/api/v1/media/m1")).json()
        assert (media["status"], media["quarantine"]) == ("uploaded", None)
        assert await listed(w) == []
        await w.happened(probed())
        assert (await w.client.get("/api/v1/media/m1")).json()["status"] == "ready"


@pytest.mark.parametrize("verdict", ["release", "destroy"])
@pytest.mark.parametrize(
    ("history", "status", "code"),
    [
        ([], 404, "media-not-found"),
        ([uploaded()], 409, "not-quarantined"),
        ([uploaded(), probed()], 409, "not-quarantined"),
        ([uploaded(), held(), changed("released", seconds=2)], 409, "not-quarantined"),
        ([uploaded(), held(), rejected()], 409, "not-quarantined"),
        ([uploaded(), held(), changed("deleted", seconds=2)], 410, "media-deleted"),
    ],
)
async def test_only_what_is_held_is_decided_on(
    tmp_path: Path, verdict: str, history: list[MediaChanged | MediaProbed], status: int, code: str
) -> None:
    async with world(tmp_path) as w:
        await w.happened(*history)
        before = len(w.publisher.events)
        answer = await w.client.post(f"/api/v1/quarantine/m1/{verdict}", json=REASON)
        assert_problem(answer, status, code)
        assert len(w.publisher.events) == before


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 501}])
async def test_a_verdict_has_a_reason(tmp_path: Path, body: dict[str, str]) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), held())
        answer = await w.client.post("/api/v1/quarantine/m1/destroy", json=body)
        assert answer.status_code == 422


@pytest.mark.parametrize("role", ["viewer", "editor"])
async def test_no_one_else_decides_or_looks(tmp_path: Path, role: str) -> None:
    async with world(tmp_path) as w:
        ada = await person(w, role=role)
        await w.happened(uploaded(owner_id=ada.id), held())
        them = await header_of(w, ada)
        for answer in (
            await w.client.get("/api/v1/quarantine", headers=them),
            await w.client.post("/api/v1/quarantine/m1/release", json=REASON, headers=them),
            await w.client.post("/api/v1/quarantine/m1/destroy", json=REASON, headers=them),
        ):
            assert answer.status_code == 403
