"""The routes of chores and schedules: what is asked for, what is refused, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from schemas.events import ChoreRequested, JobControlled, MediaProcessed, Metrics, ResourceChanged
from schemas.schedules import read
from tests import samples
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import START
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import header_of, person

NIGHTLY: dict[str, Any] = {"cron": "0 3 * * *", "chore": "cleanup", "options": {"delete": True}}
PATH = "/api/v1/schedules"


async def made(w: World, **more: Any) -> dict[str, Any]:
    answer = await w.client.post(PATH, json={"name": "nightly", **NIGHTLY, **more})
    assert answer.status_code == 202, answer.text
    said: dict[str, Any] = answer.json()["schedule"]
    return said


async def post(w: World, path: str, said: Any = None) -> httpx.Response:
    return await w.client.post(f"/api/v1/{path}", json=said)


def last(w: World, kind: type[Any]) -> Any:
    return [event for event in w.publisher.events if isinstance(event, kind)][-1]


@pytest.mark.parametrize(
    ("chore", "options", "kept"),
    [
        ("cleanup", {}, {}),
        ("cleanup", {"delete": True, "grace_s": 0}, {"delete": True, "grace_s": 0}),
        ("scrub", {}, {}),
        ("scrub", {"outputs": False}, {"outputs": False}),
        ("retention", {"versions_kept": 3, "tag": None}, {"versions_kept": 3}),
    ],
)
async def test_a_chore_is_a_job(
    tmp_path: Path, chore: str, options: dict[str, Any], kept: dict[str, Any]
) -> None:
    async with world(tmp_path) as w:
        answer = await post(w, f"care/{chore}", options)
        assert answer.status_code == 202, answer.text
        event = last(w, ChoreRequested)
        assert (event.kind, orjson.loads(event.options), event.schedule) == (chore, kept, None)
        job = answer.json()["job"]
        assert (job["id"], job["kind"], job["state"]) == (event.job_id, chore, "pending")
        assert job["priority"] == "background"
        assert (job["media_id"], job["profile"], job["name"]) == ("", "", chore)
        assert (await w.client.get(answer.headers["Location"])).json() == job
        assert [each["id"] for each in (await w.client.get("/api/v1/jobs")).json()["items"]] == [job["id"]]


@pytest.mark.parametrize(
    ("chore", "options"),
    [
        ("cleanup", {"delet": True}),
        ("cleanup", {"grace_s": -1}),
        ("cleanup", {"delete": "yes"}),
        ("cleanup", {"delete": 1}),
        ("cleanup", {"grace_s": "7"}),
        ("cleanup", {"grace_s": True}),
        ("cleanup", {"grace_s": 0.5}),
        ("scrub", {"delete": True}),
        ("retention", {}),
        ("retention", {"delete": True, "tag": "x"}),
        ("retention", {"media_days": 0}),
    ],
)
async def test_what_a_chore_cannot_be_told_is_refused(
    tmp_path: Path, chore: str, options: dict[str, Any]
) -> None:
    async with world(tmp_path) as w:
        assert (await post(w, f"care/{chore}", options)).status_code == 422
        assert w.publisher.events == []


async def test_a_chore_shows_how_far_it_is_and_ends_with_its_report(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        job_id = (await post(w, "care/scrub", {})).json()["job"]["id"]
        told = samples.chore_progressed(job_id, done=25, total=100, meta=samples.meta(now=w.clock.now()))
        await w.happened(told)
        job = (await w.client.get(f"/api/v1/jobs/{job_id}")).json()
        assert (job["progress"]["fraction"], job["progress"]["frames_done"]) == (0.25, None)
        assert job["eta_ms"] == 7500
        report = f"reports/ab/{'ab' * 16}/{'0' * 16}/report.json"
        await w.services.store.put(report, b'{"read":1}')
        ended = MediaProcessed(
            meta=samples.meta(),
            media_id="",
            job_id=job_id,
            run=1,
            processing_type="scrub",
            status="completed",
            output_location=report,
            output_name="scrub.json",
            metrics=Metrics(processing_time_ms=5),
        )
        await w.happened(ended)
        got = await w.client.get(f"/api/v1/jobs/{job_id}/output")
        assert got.json() == {"read": 1}
        assert (await w.client.get(f"/api/v1/jobs/{job_id}")).json()["progress"]["fraction"] == 1


async def test_a_chore_is_steered_by_who_may_order_one(tmp_path: Path) -> None:
    """Whoever ordered one and is no administrator any more may look at it, and no more."""
    async with world(tmp_path) as w:
        ann = await person(w, "ann", role="editor")
        headers = await header_of(w, ann)
        event = samples.chore_requested("j7", owner_id=ann.id, meta=samples.meta(now=w.clock.now()))
        await w.happened(event)
        assert (await w.client.get("/api/v1/jobs/j7", headers=headers)).status_code == 200
        refused = await w.client.post("/api/v1/jobs/j7/retry", headers=headers)
        assert_problem(refused, 403, "not-allowed")
        assert (await post(w, "jobs/j7/cancel")).status_code == 202
        assert last(w, JobControlled).command == "cancel"


async def test_a_schedule_is_made_shown_changed_and_removed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        said = await made(w, zone="Europe/Berlin")
        assert said["next_due"] == "2026-05-02T01:00:00Z"
        assert (said["owner_id"], said["version"], said["paused"]) == ("admin", 1, False)
        event = last(w, ResourceChanged)
        assert (event.resource, read(event.value).options) == ("schedule/nightly", {"delete": True})
        assert (await w.client.get(f"{PATH}/nightly")).json() == said
        changed = await w.client.put(f"{PATH}/nightly", json={**NIGHTLY, "cron": "@hourly"})
        assert changed.json()["schedule"]["version"] == 2
        (listed,) = (await w.client.get(PATH)).json()["items"]
        assert (listed["cron"], listed["next_due"]) == ("@hourly", "2026-05-01T13:00:00Z")
        gone = await w.client.delete(f"{PATH}/nightly")
        assert (gone.status_code, gone.json()["schedule"]) == (202, None)
        assert_problem(await w.client.get(f"{PATH}/nightly"), 404, "schedule-not-found")
        assert (await w.client.get(PATH)).json()["items"] == []
        assert (await made(w))["version"] == 4


async def test_two_schedules_do_not_share_a_name(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await made(w)
        assert_problem(await post(w, "schedules", {"name": "nightly", **NIGHTLY}), 409, "schedule-exists")


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"cron": "at night"}, "bad-schedule", "0 3 * * *"),
        ({"cron": "0 0 31 2 *"}, "bad-schedule", ""),
        ({"zone": "Berlin"}, "bad-schedule", "Europe/Berlin"),
        ({"chore": "tea"}, "unknown-chore", "cleanup, retention, scrub"),
        ({"options": {"delet": True}}, "bad-schedule", "delet"),
        ({"options": {"delete": "yes"}}, "bad-schedule", "delete"),
        ({"chore": "scrub"}, "bad-schedule", "delete"),
    ],
)
async def test_what_cannot_be_a_schedule_is_refused_with_words(
    tmp_path: Path, more: dict[str, Any], code: str, said: str
) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.put(f"{PATH}/nightly", json={**NIGHTLY, **more})
        assert_problem(answer, 422, code)
        assert said in answer.json()["detail"]
        assert w.publisher.events == []


async def test_a_schedule_rests_and_goes_on(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await made(w)
        paused = (await post(w, "schedules/nightly/pause")).json()["schedule"]
        assert (paused["paused"], paused["next_due"]) == (True, None)
        assert_problem(await post(w, "schedules/nightly/pause"), 409, "schedule-paused")
        resumed = (await post(w, "schedules/nightly/resume")).json()["schedule"]
        assert (resumed["paused"], resumed["next_due"]) == (False, "2026-05-02T03:00:00Z")
        assert_problem(await post(w, "schedules/nightly/resume"), 409, "schedule-not-paused")
        assert_problem(await post(w, "schedules/none/pause"), 404, "schedule-not-found")


async def test_a_schedule_is_run_at_once_and_its_runs_are_kept(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await made(w)
        await post(w, "care/cleanup", {})
        before = samples.meta(now=START - timedelta(hours=1))
        due = samples.chore_requested("j7", schedule="nightly", due_at=START, missed=3, meta=before)
        await w.happened(due, samples.processed("j7", media_id="", status="failed", reason="no room"))
        job = (await post(w, "schedules/nightly/run")).json()["job"]
        event = last(w, ChoreRequested)
        assert (event.schedule, event.due_at) == ("nightly", None)
        assert orjson.loads(event.options) == {"delete": True}
        runs = (await w.client.get(f"{PATH}/nightly/history")).json()["items"]
        assert [run["job"]["id"] for run in runs] == [job["id"], "j7"]
        assert [(run["due_at"], run["missed"]) for run in runs] == [(None, 0), ("2026-05-01T12:00:00Z", 3)]
        assert (runs[1]["job"]["state"], runs[1]["job"]["error"]["reason"]) == ("failed", "no room")
        await w.client.delete(f"{PATH}/nightly")
        assert len((await w.client.get(f"{PATH}/nightly/history")).json()["items"]) == 2
        assert_problem(await w.client.get(f"{PATH}/none/history"), 404, "schedule-not-found")


async def test_a_medium_says_that_it_is_damaged_and_since_when(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(samples.uploaded("m1"), samples.probed("m1"))
        assert (await w.client.get("/api/v1/media/m1")).json()["damaged"] is None
        for state, expected in (
            ("damaged", {"what": "changed", "since": "2026-05-01T12:00:00Z"}),
            ("sound", None),
        ):
            values = {"state": state, **({"what": "changed"} if expected else {})}
            at = samples.meta(now=START if expected else START + timedelta(days=1))
            await w.happened(samples.deleted("m1", change="health", values=values, meta=at))
            assert (await w.client.get("/api/v1/media/m1")).json()["damaged"] == expected
