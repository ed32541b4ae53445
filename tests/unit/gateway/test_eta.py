"""A time to finish from the whole job, and progress that never goes back whatever its tasks go through."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.work_rates import WorkRates
from gateway.jobs import eta
from gateway.jobs.render import render
from processors.views.plan import steps
from schemas.events import Event
from schemas.medium import Medium
from schemas.workload import class_of
from tests import samples
from tests.fakes import MemoryDatabase
from tests.samples import WHEN
from tests.unit.gateway import history
from tests.unit.gateway.doubles import START
from tests.unit.gateway.fakes import world

TOTAL = 300


def at(seconds: float) -> datetime:
    return WHEN + timedelta(seconds=seconds)


def progressed(task: str, done: int, seconds: float, per_s: float = 10, **more: Any) -> Event:
    said = {"frames_total": TOTAL, "units_per_s": per_s, "speed": per_s / 30, **more}
    meta = samples.meta(now=at(seconds))
    return samples.progressed(task_id=task, frames_done=done, meta=meta, **said)


def ended(task: str, state: str, seconds: float) -> Event:
    return samples.task_changed(state, task, kind="video", meta=samples.meta(now=at(seconds)))


async def shown(seconds: float, *events: Event) -> Any:
    database = MemoryDatabase()
    await database.merge([step for event in (samples.requested(), *events) for step in steps(event)])
    return render(database.collections["jobs"]["j1"], at(seconds))


async def test_the_time_left_counts_what_all_tasks_do_together() -> None:
    found = await shown(1, progressed("a", 50, 0, per_s=10), progressed("b", 50, 1, per_s=30))
    assert (found.eta_ms, found.progress.eta_ms) == (5000, 5000)
    assert found.progress.speed == pytest.approx(40 / 30, abs=0.001)


@pytest.mark.parametrize("state", ["completed", "failed", "released", "expired", "dead"])
async def test_a_task_that_nobody_works_on_does_not_count(state: str) -> None:
    several = [progressed("a", 100, 0), progressed("b", 100, 0, per_s=90), ended("b", state, 1)]
    assert (await shown(1, *several)).eta_ms == 10_000


async def test_a_task_that_fell_silent_does_not_count() -> None:
    found = await shown(30, progressed("a", 100, 25), progressed("b", 100, 0, per_s=90))
    assert found.eta_ms == 10_000
    assert (await shown(90, progressed("a", 100, 0))).eta_ms is None


async def test_a_paused_job_has_no_time_to_finish() -> None:
    pause = samples.controlled("pause", meta=samples.meta(now=at(1)))
    assert (await shown(1, progressed("a", 100, 0), pause)).eta_ms is None


async def test_a_worker_of_an_earlier_version_is_taken_at_its_word() -> None:
    found = await shown(1, progressed("a", 100, 0, per_s=0, speed=2.0, eta_ms=700))
    assert (found.progress.speed, found.eta_ms) == (2.0, 700)


Step = tuple[str, str, int]


@st.composite
def lives(draw: st.DrawFn) -> list[Step]:
    """Three tasks of 100 units that are retried, given back and told of again from less; and a spare one."""
    found: list[Step] = []
    for task in "abc":
        for _ in range(draw(st.integers(1, 3))):
            reached = sorted(draw(st.lists(st.integers(0, 100), max_size=4)))
            found += [(task, "at", done) for done in reached]
            found.append((task, draw(st.sampled_from(["failed", "released", "expired", "completed"])), 0))
    return [*draw(st.permutations(found)), ("spare", "at", 0)]


@settings(max_examples=150, deadline=None)
@given(lives())
def test_progress_never_goes_back_nor_over_all_there_is(life: list[Step]) -> None:
    async def watch() -> list[Any]:
        database, seen = MemoryDatabase(), []
        await database.merge(steps(samples.requested()))
        for n, (task, what, done) in enumerate(life):
            event = progressed(task, done, n) if what == "at" else ended(task, what, n)
            await database.merge(steps(event))
            found = render(database.collections["jobs"]["j1"], at(n))
            seen += [found.progress] if found and found.progress else []
        return seen

    seen = asyncio.run(watch())
    fractions = [progress.fraction for progress in seen]
    assert fractions == sorted(fractions)
    assert all(progress.fraction <= 1 and progress.frames_done <= TOTAL for progress in seen)
    assert all(progress.eta_ms is None or progress.eta_ms >= 0 for progress in seen)


@pytest.mark.parametrize(
    ("rate", "duration_s", "left", "slots", "seconds"),
    [(0.5, 600, 1.0, 1, 300), (0.5, 600, 1.0, 4, 75), (0.5, 600, 0.5, 4, 37.5), (2.0, 20, 1.0, 8, 40)],
)
def test_what_past_jobs_took_is_divided_by_what_can_run_at_once(
    rate: float, duration_s: int, left: float, slots: int, seconds: float
) -> None:
    assert eta.from_past(rate, duration_s * 1000, left, slots) == seconds * 1000


async def test_a_waiting_job_is_estimated_from_past_ones_of_its_class(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        probe = history.probed(duration_ms=60_000)
        await w.happened(history.uploaded(), probe, history.requested())
        assert (await w.client.get("/api/v1/jobs/j1")).json()["eta_ms"] is None
        await WorkRates(w.database).learn(class_of("web", Medium.of(probe)), 0.5)
        assert (await w.client.get("/api/v1/jobs/j1")).json()["eta_ms"] == 30_000
        w.beats.put(history.beat("worker-1", slots="2"))
        await w.beats.queue.join()
        assert (await w.client.get("/api/v1/jobs/j1")).json()["eta_ms"] == 15_000


async def test_a_waiting_job_waits_for_those_that_go_before_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        probe = history.probed(duration_ms=60_000)
        later = [START + timedelta(minutes=n) for n in range(6)]
        before: list[Event] = [
            history.requested("first", at=later[0]),
            history.requested("pressed", at=later[4], priority="high"),
            history.requested("begun", at=later[5], priority="low"),
            history.progressed(50, job_id="begun", task_id="t9", eta_ms=0),
        ]
        after: list[Event] = [
            history.requested("second", at=later[2]),
            history.requested("unpressed", at=later[0], priority="low"),
            history.requested("paused", at=later[0]),
            samples.controlled("pause", job_id="paused"),
        ]
        asked = history.requested(at=later[1])
        await w.happened(history.uploaded(), probe, asked, *before, *after)
        await WorkRates(w.database).learn(class_of("web", Medium.of(probe)), 0.5)
        assert (await w.client.get("/api/v1/jobs/j1")).json()["eta_ms"] == 30_000 * (1 + 1 + 1 + 0.5)


async def test_the_jobs_before_are_taken_to_be_like_those_looked_at() -> None:
    assert eta.until_its_turn([1000, 3000], jobs=10, slots=4) == 5000
    assert eta.until_its_turn([], jobs=10, slots=4) == 0


async def test_the_mean_of_a_class_follows_what_tasks_take() -> None:
    rates = WorkRates(MemoryDatabase())
    assert await rates.get("web/720/h264") is None
    for took in (1.0, 2.0):
        await rates.learn("web/720/h264", took)
    assert await rates.get("web/720/h264") == pytest.approx(1.3)


def test_jobs_are_alike_by_profile_height_and_codec() -> None:
    def medium(**video: Any) -> Medium:
        return Medium.of(samples.probed(streams=[samples.video_stream(**video)]))

    assert class_of("web", medium(height=700)) == class_of("web", medium(height=720)) == "web/720/h264"
    assert class_of("web", medium(height=721)) == "web/1080/h264"
    assert class_of("web", medium(codec="hevc")) == "web/720/hevc"
    sound = Medium.of(samples.probed(streams=[samples.audio_stream()]))
    assert class_of("sound", sound) == "sound/0/aac"
