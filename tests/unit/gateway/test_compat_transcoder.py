"""The transcoding service's routes: upload a file, ask how far it is, have a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from schemas.events import TranscodeRequested
from tests.unit.gateway.checks import DATA, anonymous, assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import controlled, processed, progressed, requested, task_changed, uploaded
from tests.unit.gateway.people import PASSWORD, bearing, header_of, person


async def sent(w: World, data: bytes = DATA, **fields: str) -> httpx.Response:
    return await w.client.post("/upload", files={"file": ("holiday.mov", data)}, data=fields)


def orders(w: World) -> list[TranscodeRequested]:
    return [event for event in w.publisher.events if isinstance(event, TranscodeRequested)]


async def test_an_uploaded_file_becomes_a_job(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answer = await sent(w, format="mp4")
        said = answer.json()
        assert answer.status_code == 200, answer.text
        assert (said["status"], said["state"], said["progress"]) == ("PENDING", "queued", 0)
        assert (said["filename"], said["preset"], said["warnings"]) == ("holiday", "web", [])
        (order,) = orders(w)
        assert (order.job_id, order.media_id) == (said["job_id"], said["media_id"])
        content = await w.client.get(f"/api/v1/media/{said['media_id']}/content")
        assert content.content == DATA
        assert (await w.client.get(f"/status/{said['job_id']}")).json()["job_id"] == said["job_id"]
        assert [job["job_id"] for job in (await w.client.get("/jobs")).json()["jobs"]] == [said["job_id"]]


@pytest.mark.parametrize(
    ("format", "profile"),
    [
        ("", "web"),
        ("mp4", "web"),
        (".MP4", "web"),
        ("mkv", "archive"),
        ("m4a", "sound"),
        ("phone", "phone"),
    ],
)
async def test_a_format_is_a_container_or_a_profile(tmp_path: Path, format: str, profile: str) -> None:
    async with world(tmp_path) as w:
        assert (await sent(w, format=format)).status_code == 200
        assert [order.profile for order in orders(w)] == [profile]


async def test_a_format_is_had_by_making_a_profile_for_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        said = assert_problem(await sent(w, format="webm"), 422, "unknown-format")
        assert said["formats"] == ["m4a", "mkv", "mp4"]
        order = {"name": "open", "container": "webm", "audio": {"codec": "opus"}}
        assert (await w.client.put("/api/v1/profiles/open", json=order)).status_code == 202
        assert (await sent(w, format="webm")).status_code == 200
        assert [order.profile for order in orders(w)] == ["open"]


async def test_who_asks_for_mail_is_told_that_there_is_none(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        (warning,) = (await sent(w, email="ada@example.org")).json()["warnings"]
        assert "ada@example.org" in warning
        assert_problem(await sent(w, email="ada at home"), 422, "bad-email")


@pytest.mark.parametrize("fields", [{"format": "avi"}, {"email": "nobody"}])
async def test_what_is_refused_leaves_nothing(tmp_path: Path, fields: dict[str, Any]) -> None:
    async with world(tmp_path) as w:
        assert (await sent(w, **fields)).status_code == 422
        assert (w.files(), w.publisher.events) == ([], [])


async def test_an_upload_is_a_form_and_as_large_as_any(tmp_path: Path) -> None:
    async with world(tmp_path, max_body_bytes=1000, max_upload_bytes=5000) as w:
        assert_problem(await w.client.post("/upload", content=DATA), 422, "no-form")
        assert (await sent(w, b"x" * 4000)).status_code == 200
        assert_problem(await sent(w, b"x" * 6000), 413, "too-large")


@pytest.mark.parametrize(
    ("history", "status", "state", "progress"),
    [
        ([], "PENDING", "queued", 0),
        ([task_changed(), progressed(42)], "PROCESSING", "processing", 42),
        ([task_changed(), progressed(42), controlled("pause")], "PENDING", "queued", 42),
        ([task_changed(), progressed(100)], "PROCESSING", "processing", 99),
        ([processed()], "COMPLETED", "completed", 100),
        ([processed("failed", reason="The disk is full.")], "FAILED", "failed", 0),
        ([processed("cancelled")], "CANCELLED", "cancelled", 0),
    ],
)
async def test_a_jobs_state_is_said_in_both_words(
    tmp_path: Path, history: list[Any], status: str, state: str, progress: int
) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested(), *history)
        (listed,) = (await w.client.get("/jobs")).json()["jobs"]
        got = (await w.client.get("/status/j1")).json()
        farm = (await w.client.get("/job/j1")).json()
        for said in (listed, got):
            assert (said["status"], said["state"], said["progress"]) == (status, state, progress)
        assert (farm["status"], farm["progress"]) == (state, progress)
        assert got["error"] == ("The disk is full." if status == "FAILED" else None)
        done = status == "COMPLETED"
        assert got["download_url"] == ("/api/v1/jobs/j1/output" if done else None)
        assert got["output_file"] == ("clip.mp4" if done else None)


async def test_the_list_goes_on(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), *(requested(f"j{n}") for n in range(3)))
        first = (await w.client.get("/jobs?limit=2")).json()
        rest = (await w.client.get("/jobs", params={"limit": 2, "cursor": first["next"]})).json()
        assert (first["count"], rest["count"], rest["next"]) == (2, 1, None)
        ids = {job["id"] for job in (*first["jobs"], *rest["jobs"])}
        assert ids == {"j0", "j1", "j2"}


async def test_everyone_sees_their_own_jobs(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        await w.happened(uploaded(), requested())
        headers = await header_of(w, await person(w, "ada", role="editor"))
        assert (await client.get("/jobs", headers=headers)).json()["jobs"] == []
        for path in ("/status/j1", "/job/j1", "/api/jobs/status/j1"):
            assert_problem(await client.get(path, headers=headers), 404, "job-not-found")


async def test_a_token_is_had_for_a_name_and_a_password(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, "ada", role="editor")
        answer = await client.get("/get-token", auth=(ada.login, PASSWORD))
        said = answer.json()
        assert answer.headers["cache-control"] == "no-store"
        assert said["token"] == said["access_token"]
        assert said["user"] == {"id": ada.id, "username": "ada", "role": "user"}
        assert (await client.get("/jobs", headers=bearing(said["token"]))).status_code == 200
        renewed = await client.post("/api/v1/auth/refresh", json={"refresh_token": said["refresh_token"]})
        assert renewed.status_code == 200


@pytest.mark.parametrize("auth", [None, ("ada", "wrong"), ("", ""), ("ada", "x" * 5000)])
async def test_no_token_is_had_otherwise(tmp_path: Path, auth: tuple[str, str] | None) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        await person(w, "ada")
        answer = await client.get("/get-token", auth=auth) if auth else await client.get("/get-token")
        assert_problem(answer, 401, "unauthorized")
