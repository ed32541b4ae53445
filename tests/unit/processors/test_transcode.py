"""Requests and probes meet in any order; each run has one verdict."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import pytest

from connectors.work_rates import WorkRates
from processors.runtime import GivenUp
from processors.transcode.orders import (
    AUDIO,
    VIDEO,
    JoinOrder,
    RunOutcome,
    VideoOrder,
    read,
    written,
)
from processors.work.ledger import JOBS
from processors.work.tasks import SPARE_INDEX
from schemas import events
from schemas.events import Event
from schemas.profiles import BUILT_IN
from schemas.profiles import written as written_profile
from tests import samples
from tests.fakes import only
from tests.unit.processors.transcoding import PLACE, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    "order", list(itertools.permutations([samples.requested(), samples.probed(), samples.requested()]))
)
async def test_whichever_comes_second_plans_the_job_once(world: World, order: Sequence[Event]) -> None:
    await world.give(*order)
    planned = [(t.state, t.kind, t.job_id, t.run, t.plan and t.plan.index) for t in world.planned()]
    assert planned == [("planned", VIDEO, "j1", 1, 0), ("planned", AUDIO, "j1", 1, 0)]


async def test_the_orders_say_what_to_make(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    plan = world.planned()[0].plan
    assert plan is not None
    order = read(VideoOrder, plan.order)
    assert ([r.height for r in order.rungs], order.first, order.count, order.total) == ([480], 0, 3, 300)


async def test_segments_that_are_all_there_are_joined_once(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    assert await world.give(await world.complete(VIDEO)) == []
    done = await world.complete(AUDIO)
    (joining,) = await world.give(done)
    assert isinstance(joining, events.TaskChanged)
    assert joining.plan is not None
    assert read(JoinOrder, joining.plan.order).name == "film.phone.mp4"
    (again,) = await world.give(done)
    assert again.meta.event_id == joining.meta.event_id


async def test_where_segments_are_the_result_nothing_is_joined(world: World) -> None:
    hls = written_profile(replace(BUILT_IN["web"], name="stream", container="hls"))
    await world.give(samples.requested(profile="stream", profile_json=hls), samples.probed())
    (done,) = await world.give(await world.complete(VIDEO, AUDIO))
    assert isinstance(done, events.MediaProcessed)
    assert (done.status, done.output_name) == ("completed", "film.stream.m3u8")


async def test_a_second_worker_s_task_neither_completes_nor_fails_a_job(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    video = world.planned()[0]
    assert video.plan is not None
    task = await world.ledger.get(video.task_id)
    assert task is not None
    spare = task.again(replace(video.plan, index=SPARE_INDEX + 1), "service:ledger", world.clock.now())
    await world.ledger.record(spare)
    second = await world.ledger.get(spare.task_id)
    assert second is not None
    dead = second.told("dead", "worker:w", world.clock.now(), code="x", error="y")
    assert await world.give(dead) == []
    (joining,) = await world.give(await world.complete(VIDEO, AUDIO))
    assert isinstance(joining, events.TaskChanged)


async def test_done_tasks_complete_the_job(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    world.clock.advance(5)
    (done,) = await world.give(await world.complete_tasks())
    assert isinstance(done, events.MediaProcessed)
    assert (done.status, done.output_name, done.metrics.output_size_bytes) == (
        "completed",
        "film.phone.mp4",
        5,
    )


async def test_a_verdict_that_was_surely_told_is_not_told_again(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    done = await world.complete_tasks()
    assert len(await world.give(done)) == 1
    assert await world.give(done) == []


async def test_a_verdict_that_was_perhaps_not_told_is_told_again_as_the_same_event(world: World) -> None:
    """The process died between deciding and publishing."""
    await world.give(samples.requested(), samples.probed())
    done = await world.complete_tasks()
    (first,) = await world.give(done, settle=False)
    (second,) = await world.give(done)
    assert first.meta.event_id == second.meta.event_id
    assert await world.give(done) == []


async def test_a_rejected_medium_fails_its_jobs_in_any_order() -> None:
    both: list[Event] = [samples.requested(), samples.rejected()]
    for order in itertools.permutations(both):
        world = World()
        await world.give(*order)
        verdict = only(world.verdicts())
        assert (verdict.status, verdict.code) == ("failed", "media_rejected")
        assert "cannot be read" in (verdict.reason or "")


async def test_a_deleted_medium_cancels_its_jobs(world: World) -> None:
    await world.give(samples.requested(), samples.probed(), samples.deleted())
    assert only(world.verdicts()).status == "cancelled"
    assert {task.state for task in await world.ledger.of_job("j1")} == {"cancelled"}


async def test_a_task_that_died_fails_the_job_with_the_reason(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    task = (await world.ledger.of_job("j1"))[0]
    dead = task.told("dead", "worker:w", world.clock.now(), code="tool_error", error="ffmpeg: no")
    await world.give(dead)
    verdict = only(world.verdicts())
    assert (verdict.status, verdict.code, verdict.reason) == ("failed", "tool_error", "ffmpeg: no")


async def test_an_unknown_profile_fails_the_job_and_says_so(world: World) -> None:
    await world.give(samples.requested(profile="vhs"), samples.probed())
    verdict = only(world.verdicts())
    assert (verdict.status, verdict.code) == ("failed", "unknown_profile")


async def test_a_profile_that_is_none_fails_the_job_and_says_why(world: World) -> None:
    await world.give(samples.requested(profile="mine", profile_json='{"name": "mine"}'), samples.probed())
    verdict = only(world.verdicts())
    assert (verdict.code, "neither picture nor sound" in (verdict.reason or "")) == ("unknown_profile", True)


async def test_a_request_in_the_dead_letters_ends_its_job(world: World) -> None:
    handled = await world.stage.gave_up(GivenUp(PLACE, samples.requested(), "it is cursed"))
    verdict = only(handled.events)
    assert (verdict.status, verdict.code, verdict.reason) == ("failed", "dead_letter", "it is cursed")
    assert world.database.collections[JOBS]["j1"]["verdict"]["status"] == "failed"


async def test_a_request_that_is_replayed_from_the_dead_letters_opens_another_run(world: World) -> None:
    await world.give(samples.probed())
    await world.stage.gave_up(GivenUp(PLACE, samples.requested(), "it is cursed"))
    task, _ = await world.give(samples.requested())
    assert isinstance(task, events.TaskChanged)
    assert (task.state, task.run) == ("planned", 2)


async def die(world: World, job_id: str, code: str = "tool_error") -> list[Event]:
    """A job over the medium whose first task dies."""
    await world.give(samples.requested(job_id))
    task, *_ = [each for each in await world.ledger.of_job(job_id) if each.state == "waiting"]
    return await world.give(task.told("dead", "worker:w", world.clock.now(), code=code, error="it broke"))


async def test_a_medium_that_failed_alike_in_two_jobs_goes_last_and_is_tried_once(world: World) -> None:
    await world.give(samples.probed())
    for job_id in ("a", "b"):
        ended = only(await die(world, job_id))
        assert isinstance(ended, events.MediaProcessed)
        assert ended.reason == "it broke"
    (ended,) = await die(world, "c")
    assert isinstance(ended, events.MediaProcessed)
    assert ended.reason == (
        "it broke; tried last and once, for two jobs over this medium had failed with tool_error"
    )
    plans = {e.job_id: (e.plan.cpu == 0, e.plan.max_attempts) for e in world.planned() if e.plan}
    assert plans == {"a": (False, 3), "b": (False, 3), "c": (True, 1)}


async def test_other_failures_other_media_and_runs_of_one_job_are_no_poison(world: World) -> None:
    await world.give(samples.probed(), samples.probed("m2"))
    await die(world, "a", "tool_error")
    await die(world, "b", "too_slow")
    await world.give(samples.controlled("retry", "a", run=2))
    await world.give(samples.requested("c"), samples.requested("d", media_id="m2"))
    assert all(event.plan.max_attempts == 3 for event in world.planned() if event.plan)


async def test_a_medium_of_which_a_job_completes_is_trusted_again(world: World) -> None:
    await world.give(samples.probed())
    await die(world, "a")
    await die(world, "b")
    await world.give(samples.requested("j1"))
    await world.give(await world.complete_tasks())
    assert [e.status for e in world.verdicts()] == ["failed", "failed", "completed"]
    tasks = await world.give(samples.requested("c"))
    assert all(e.plan.max_attempts == 3 for e in tasks if isinstance(e, events.TaskChanged) and e.plan)


@pytest.mark.parametrize(
    ("kind", "took_s", "made_s", "rate"),
    [(VIDEO, 16.0, 32.0, 0.5), (VIDEO, 16.0, 0.0, None), (VIDEO, 0.0, 32.0, None), (AUDIO, 1.0, 300.0, None)],
)
async def test_what_tasks_took_is_remembered_for_the_next_job_of_the_class(
    world: World, kind: str, took_s: float, made_s: float, rate: float | None
) -> None:
    await world.give(samples.requested(), samples.probed())
    (task,) = [each for each in await world.ledger.of_job("j1") if each.kind == kind]
    outcome = written(RunOutcome(stored={}, encoded=8, took_s=took_s, made_s=made_s))
    await world.give(task.told("completed", "worker:w", world.clock.now(), outcome=outcome))
    assert await WorkRates(world.database).get("phone/720/h264") == rate
