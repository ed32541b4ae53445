"""The HandBrake farm's routes, its front's and its workers': accounts, jobs, and how the machine does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from schemas.events import JobControlled, TranscodeRequested
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.doubles import START
from tests.unit.gateway.fakes import World, until, world
from tests.unit.gateway.history import beat, processed, rejected, requested, uploaded
from tests.unit.gateway.people import PASSWORD, bearing, header_of, person

ADD = pytest.mark.parametrize("path", ["/api/jobs/add", "/convert"])
CANCEL = pytest.mark.parametrize("path", ["/api/jobs/cancel/j1", "/cancel/j1"])

_HANDBRAKE = {
    "name": "fast",
    "container": "mp4",
    "engine": "handbrake",
    "handbrake_preset": "Fast 1080p30",
}


def orders(w: World) -> list[TranscodeRequested]:
    return [event for event in w.publisher.events if isinstance(event, TranscodeRequested)]


@pytest.mark.parametrize("name", ["username", "email", "login"])
async def test_who_signs_in_gets_a_token(tmp_path: Path, name: str) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, "ada@example.org", role="admin")
        answer = await client.post("/api/auth/login", json={name: ada.login, "password": PASSWORD})
        said = answer.json()
        assert (answer.status_code, said["token"]) == (200, said["access_token"])
        assert said["user"] == {"id": ada.id, "username": "ada@example.org", "role": "admin"}
        assert (await client.get("/api/jobs/list", headers=bearing(said["token"]))).status_code == 200


async def test_who_is_not_known_is_told_so_in_a_member_error(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        answer = await client.post("/api/auth/login", json={"username": "ada", "password": "wrong"})
        said = assert_problem(answer, 401, "unauthorized")
        assert said["error"] == said["detail"]
        assert_problem(await client.post("/api/auth/login", json={"username": "ada"}), 422, "invalid")


async def test_an_account_is_made_where_that_is_open(tmp_path: Path) -> None:
    said = {"username": "ada", "password": PASSWORD, "email": "ada@example.org"}
    async with world(tmp_path, registration="open") as w, anonymous(w) as client:
        answer = await client.post("/api/auth/register", json=said)
        assert (answer.status_code, answer.json()["username"]) == (201, "ada")
        answer = await client.post("/api/auth/login", json={"username": "ada", "password": PASSWORD})
        assert answer.json()["user"]["role"] == "user"


async def test_no_account_is_made_for_who_is_not_invited(tmp_path: Path) -> None:
    said = {"username": "ada", "password": PASSWORD}
    async with world(tmp_path) as w, anonymous(w) as client:
        assert_problem(await client.post("/api/auth/register", json=said), 403, "invitation-needed")
        made = await w.client.post("/api/v1/invitations", json={"role": "editor"})
        invited = {**said, "invitation": made.json()["invitation"]}
        assert (await client.post("/api/auth/register", json=invited)).status_code == 201


@ADD
@pytest.mark.parametrize("wanted", ["m1", "clip.mp4"])
@pytest.mark.parametrize("name", ["input_file", "input_path", "media_id"])
async def test_a_job_is_ordered_for_a_medium_by_its_id_or_name(
    tmp_path: Path, path: str, wanted: str, name: str
) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        answer = await w.client.post(path, json={name: wanted, "preset": "phone", "priority": "high"})
        said = answer.json()
        assert (answer.status_code, said["status"]) == (200, "queued"), answer.text
        (order,) = orders(w)
        assert (order.job_id, order.media_id) == (said["job_id"], "m1")
        assert (order.profile, order.priority) == ("phone", "high")


async def test_of_one_name_the_newest_usable_medium_is_taken(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        for number in range(1, 4):
            await w.happened(uploaded(f"m{number}", START + timedelta(minutes=number)))
        await w.happened(rejected("m3"))
        await w.client.post("/api/jobs/add", json={"input_file": "clip.mp4"})
        assert [(order.media_id, order.profile) for order in orders(w)] == [("m2", "web")]


@ADD
@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ("/etc/passwd", 422, "bad-name"),
        ("../token", 422, "bad-name"),
        ("..", 422, "bad-name"),
        ("raw/ab/x.mp4", 422, "bad-name"),
        ("C:\\films\\a.mkv", 422, "bad-name"),
        ("file:///etc/passwd", 422, "bad-name"),
        ("a\nb", 422, "bad-name"),
        ("", 422, "bad-name"),
        ("x" * 2000, 422, "invalid"),
        ("token", 404, "media-not-found"),
        ("nope.mp4", 404, "media-not-found"),
    ],
)
async def test_what_is_no_medium_is_refused(
    tmp_path: Path, path: str, wanted: str, status: int, code: str
) -> None:
    async with world(tmp_path) as w:
        (tmp_path / "token").write_text("a secret")
        await w.happened(uploaded())
        said = assert_problem(await w.client.post(path, json={"input_file": wanted}), status, code)
        assert said["error"] == said["detail"]
        assert orders(w) == []


async def test_a_medium_of_others_is_as_if_it_were_not_there(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        await w.happened(uploaded(), requested())
        headers = await header_of(w, await person(w, "ada", role="editor"))
        for wanted in ("m1", "clip.mp4"):
            answer = await client.post("/convert", json={"input_file": wanted}, headers=headers)
            assert_problem(answer, 404, "media-not-found")
        assert_problem(await client.post("/cancel/j1", headers=headers), 404, "job-not-found")


async def test_a_newer_medium_of_others_does_not_hide_ones_own(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        ada = await person(w, "ada", role="editor")
        await w.happened(uploaded("mine", owner_id=ada.id), uploaded("other", START + timedelta(minutes=1)))
        wanted, headers = {"input_file": "clip.mp4"}, await header_of(w, ada)
        assert (await client.post("/convert", json=wanted, headers=headers)).json()["media_id"] == "mine"


async def test_a_preset_is_a_profile_or_one_of_handbrakes(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        wanted = {"input_file": "m1", "preset": "Fast 1080p30"}
        said = assert_problem(await w.client.post("/convert", json=wanted), 422, "unknown-preset")
        assert "web" in said["presets"]
        assert (await w.client.put("/api/v1/profiles/fast", json=_HANDBRAKE)).status_code == 202
        assert (await w.client.post("/convert", json=wanted)).status_code == 200
        assert [order.profile for order in orders(w)] == ["fast"]


@CANCEL
async def test_a_job_is_cancelled(tmp_path: Path, path: str) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested())
        said = (await w.client.post(path)).json()
        assert (said["job_id"], said["status"]) == ("j1", "queued")
        commands = [e.command for e in w.publisher.events if isinstance(e, JobControlled)]
        assert commands == ["cancel"]
        await w.happened(processed("cancelled"))
        assert_problem(await w.client.post(path), 409, "job-ended")


async def test_jobs_are_listed_and_told_in_the_farms_words(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested(), processed())
        said = (await w.client.get("/api/jobs/list")).json()
        got = (await w.client.get("/api/jobs/status/j1")).json()
        assert (said["count"], said["next"], said["jobs"]) == (1, None, [got])
        assert got == {
            "job_id": "j1",
            "id": "j1",
            "media_id": "m1",
            "status": "completed",
            "progress": 100,
            "filename": "clip",
            "preset": "web",
            "created_at": "2026-05-01T12:00:00Z",
            "completed_at": "2026-05-01T12:00:00Z",
            "eta_seconds": 0,
            "output_file": "clip.mp4",
            "download_url": "/api/v1/jobs/j1/output",
            "error": None,
        }
        assert_problem(await w.client.get("/api/jobs/status/nope"), 404, "job-not-found")


async def test_the_machine_and_its_workers_are_shown(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.beats.put(beat(slots="2", running="1"))
        await until(lambda: w.beats.queue.empty())
        said = (await w.client.get("/api/system/status")).json()
        assert (said["status"], said["version"]) == ("ok", "1.2.3")
        assert said["workers"] == [{"name": "worker-1", "status": "up", "running": 1, "slots": 2}]
        for name in ("cpu_percent", "memory_percent", "disk_percent"):
            assert 0 <= said[name] <= 100


async def test_whether_it_is_healthy_is_told_to_anyone(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        answer = await client.get("/health")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
