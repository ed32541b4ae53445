"""The routes of jobs, over ports made of memory."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from schemas.events import Event, JobControlled, MediaChanged, TranscodeRequested
from tests import samples
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import (
    controlled,
    processed,
    progressed,
    rejected,
    requested,
    task_changed,
    uploaded,
)

DELETED = MediaChanged(meta=uploaded().meta, media_id="m1", version=1, change="deleted")


async def test_a_job_can_be_ordered(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        order = {"media_id": "m1", "profile": "web", "priority": "low"}
        answer = await w.client.post("/api/v1/jobs", json=order)
        assert answer.status_code == 202
        event = w.publisher.events[-1]
        assert isinstance(event, TranscodeRequested)
        assert (event.priority, event.name, event.owner_id) == ("low", "clip", "admin")
        assert (await w.client.get(answer.headers["location"])).json() == answer.json()["job"]


@pytest.mark.parametrize(
    ("before", "order", "status", "code"),
    [
        ([], {"media_id": "m1", "profile": "web"}, 404, "media-not-found"),
        ([DELETED], {"media_id": "m1", "profile": "web"}, 404, "media-not-found"),
        ([uploaded(), DELETED], {"media_id": "m1", "profile": "web"}, 410, "media-deleted"),
        ([uploaded(), rejected()], {"media_id": "m1", "profile": "web"}, 409, "media-rejected"),
        ([uploaded()], {"media_id": "m1", "profile": "nope"}, 422, "unknown-profile"),
        ([uploaded()], {"media_id": "m1", "profile": "web", "priority": "urgent"}, 422, "invalid"),
        ([uploaded()], {"media_id": "m1", "profile": "web", "extra": 1}, 422, "invalid"),
        ([uploaded()], {"profile": "web"}, 422, "invalid"),
        ([uploaded()], [], 422, "invalid"),
    ],
)
async def test_an_order_that_cant_be_filled_is_refused(
    tmp_path: Path, before: list[Event], order: Any, status: int, code: str
) -> None:
    async with world(tmp_path) as w:
        await w.happened(*before)
        assert_problem(await w.client.post("/api/v1/jobs", json=order), status, code)
        assert w.publisher.events == before


async def test_malformed_json_is_a_bad_request(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        headers = {"Content-Type": "application/json"}
        answer = await w.client.post("/api/v1/jobs", content=b'{"media_id": ', headers=headers)
        assert_problem(answer, 400, "malformed-json")


async def test_validation_says_where_and_why(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        said = assert_problem(await w.client.post("/api/v1/jobs", json={"profile": 7}), 422, "invalid")
        assert {".".join(e["at"]) for e in said["errors"]} == {"body.profile", "body.media_id"}


async def ended(w: World, *events: Event) -> None:
    await w.happened(uploaded(), requested(), *events)


@pytest.mark.parametrize(
    ("events", "run"),
    [([], 1), ([task_changed()], 1), ([processed("failed"), task_changed("planned", 2)], 2)],
)
async def test_what_is_under_way_can_be_cancelled(tmp_path: Path, events: list[Event], run: int) -> None:
    async with world(tmp_path) as w:
        await ended(w, *events)
        answer = await w.client.post("/api/v1/jobs/j1/cancel")
        assert answer.status_code == 202
        event = w.publisher.events[-1]
        assert isinstance(event, JobControlled)
        assert (event.job_id, event.command, event.run) == ("j1", "cancel", run)
        assert answer.headers["sluice-token"] == answer.json()["token"]


@pytest.mark.parametrize("status", ["failed", "cancelled"])
async def test_what_ended_badly_can_be_retried_as_the_next_run(tmp_path: Path, status: str) -> None:
    async with world(tmp_path) as w:
        await ended(w, processed(status))
        assert (await w.client.post("/api/v1/jobs/j1/retry")).status_code == 202
        event = w.publisher.events[-1]
        assert isinstance(event, JobControlled)
        assert (event.command, event.run) == ("retry", 2)


async def test_a_priority_can_be_changed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await ended(w)
        answer = await w.client.post("/api/v1/jobs/j1/priority", json={"priority": "high"})
        assert (answer.status_code, answer.json()["job"]["priority"]) == (202, "high")
        assert (await w.client.get("/api/v1/jobs/j1")).json()["priority"] == "high"


@pytest.mark.parametrize("under_way", [[], [task_changed()]])
async def test_what_is_under_way_can_be_paused_and_goes_on(tmp_path: Path, under_way: list[Event]) -> None:
    async with world(tmp_path) as w:
        await ended(w, *under_way)
        before = (await w.client.get("/api/v1/jobs/j1")).json()["state"]
        assert (await w.client.post("/api/v1/jobs/j1/pause")).status_code == 202
        assert (await w.client.get("/api/v1/jobs/j1")).json()["state"] == "paused"
        w.clock.move(seconds=1)
        assert (await w.client.post("/api/v1/jobs/j1/resume")).status_code == 202
        assert (await w.client.get("/api/v1/jobs/j1")).json()["state"] == before
        told = [(e.command, e.run) for e in w.publisher.events if isinstance(e, JobControlled)]
        assert told == [("pause", 1), ("resume", 1)]


async def test_a_paused_job_can_be_cancelled_and_its_next_run_is_not_paused(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await ended(w, controlled("pause"))
        assert (await w.client.post("/api/v1/jobs/j1/cancel")).status_code == 202
        await w.happened(processed("cancelled"))
        assert (await w.client.get("/api/v1/jobs/j1")).json()["state"] == "cancelled"
        await w.happened(task_changed("planned", 2))
        assert (await w.client.get("/api/v1/jobs/j1")).json()["state"] == "pending"


async def test_a_job_says_what_it_waits_for_until_a_task_of_its_gets_through(tmp_path: Path) -> None:
    async def shown(*events: Event) -> str | None:
        await w.happened(*events)
        said: str | None = (await w.client.get("/api/v1/jobs/j1")).json()["waits_for"]
        return said

    def task(state: str, waits: str | None = None) -> Event:
        """A second after the last."""
        at.append(at[-1] + timedelta(seconds=1))
        code = "waits" if waits else None
        return samples.task_changed(state, meta=samples.meta(now=at[-1]), code=code, error=waits)

    at = [samples.WHEN]
    async with world(tmp_path) as w:
        assert await shown(uploaded(), requested("j1"), task("running")) is None
        assert await shown(task("released", "The store is full.")) == "The store is full."
        assert await shown(task("running")) == "The store is full."
        assert await shown(task("completed")) is None
        assert await shown(task("released", "Kafka is away.")) == "Kafka is away."
        assert await shown(processed("failed")) is None
        assert await shown(task_changed("planned", 2)) is None


async def test_paused_jobs_are_listed_as_such_and_not_as_what_they_were(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested("j1"), requested("j2"), controlled("pause"))
        for query, ids in {"paused": ["j1"], "pending": ["j2"], "processing": []}.items():
            found = (await w.client.get(f"/api/v1/jobs?state={query}")).json()["items"]
            assert [job["id"] for job in found] == ids
        await w.happened(processed("failed"))
        assert (await w.client.get("/api/v1/jobs?state=paused")).json()["items"] == []


@pytest.mark.parametrize(
    ("events", "command", "code"),
    [
        ([processed()], "pause", "job-ended"),
        ([controlled("pause")], "pause", "job-paused"),
        ([task_changed()], "resume", "job-not-paused"),
        ([controlled("pause"), processed("failed")], "resume", "job-not-paused"),
        ([processed()], "cancel", "job-ended"),
        ([processed("failed")], "cancel", "job-ended"),
        ([processed("cancelled")], "cancel", "job-ended"),
        ([], "retry", "not-retryable"),
        ([task_changed()], "retry", "not-retryable"),
        ([processed()], "retry", "not-retryable"),
        ([processed()], "priority", "job-ended"),
    ],
)
async def test_a_command_that_comes_at_the_wrong_time_is_a_conflict(
    tmp_path: Path, events: list[Event], command: str, code: str
) -> None:
    async with world(tmp_path) as w:
        await ended(w, *events)
        before = list(w.publisher.events)
        answer = await w.client.post(f"/api/v1/jobs/j1/{command}", json={"priority": "low"})
        assert_problem(answer, 409, code)
        assert w.publisher.events == before


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", ""),
        ("POST", "/cancel"),
        ("POST", "/retry"),
        ("POST", "/priority"),
        ("GET", "/output"),
        ("HEAD", "/output"),
    ],
)
async def test_a_job_that_is_not_there_is_not_found(tmp_path: Path, verb: str, path: str) -> None:
    async with world(tmp_path) as w:
        await w.happened(progressed(10), task_changed())
        answer = await w.client.request(verb, f"/api/v1/jobs/j1{path}", json={"priority": "low"})
        assert answer.status_code == 404


async def test_jobs_are_listed_by_state_and_medium(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(
            requested("j1"),
            requested("j2", media_id="m2"),
            requested("j3"),
            processed("failed"),
            progressed(1, job_id="j4"),
        )
        queries = {
            "": ["j3", "j2", "j1"],
            "?state=failed": ["j1"],
            "?media_id=m2": ["j2"],
            "?state=pending&media_id=m1": ["j3"],
            "?limit=1": ["j3"],
        }
        for query, ids in queries.items():
            found = (await w.client.get(f"/api/v1/jobs{query}")).json()["items"]
            assert [job["id"] for job in found] == ids


async def test_a_result_can_be_downloaded(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        writer = w.services.store.writer()
        await writer.write(b"a result")
        blob = await writer.commit("processed", ".mp4")
        await ended(w, processed(output_location=blob.location, output_name="Отпуск.mp4"))
        got = await w.client.get("/api/v1/jobs/j1/output")
        assert (got.status_code, got.content) == (200, b"a result")
        assert got.headers["content-disposition"].startswith("attachment; filename*=utf-8''%D0%9E")


async def test_there_is_no_result_before_the_end(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await ended(w, progressed(10), task_changed())
        assert_problem(await w.client.get("/api/v1/jobs/j1/output"), 409, "no-output")


async def test_a_result_that_is_lost_says_so(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await ended(w, processed())
        assert_problem(await w.client.get("/api/v1/jobs/j1/output"), 410, "blob-missing")


async def test_a_command_without_kafka_is_refused_for_now(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await ended(w)
        w.publisher.away = True
        answer = await w.client.post("/api/v1/jobs/j1/cancel")
        assert_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"]


async def test_what_only_a_viewer_asked_for_is_shown_too(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded(), requested(priority="background"))
        shown = await w.client.get("/api/v1/jobs/j1")
        assert (shown.status_code, shown.json()["priority"]) == (200, "background")
        assert (await w.client.get("/api/v1/jobs")).json()["items"] == [shown.json()]
