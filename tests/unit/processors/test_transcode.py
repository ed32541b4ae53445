"""Requests and probes meet in any order; each run has one verdict."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from connectors.ports import Delivery, Position
from processors.runtime import GivenUp, Handled
from processors.transcode.handle import ACTOR, Transcode, remembered_probe
from processors.transcode.plan import CannotPlan, TranscodeOrder, plan
from processors.work.jobs import Jobs, KnownMedia
from processors.work.ledger import JOBS, TASKS, Ledger
from schemas import events
from schemas.codec import Codec
from schemas.events import Event
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, only

PLACE = Position("x", 0, 0)
MADE = orjson.dumps({"location": "processed/x", "name": "film.phone.mp4", "size_bytes": 5}).decode()


class World:
    """The stage over doubles; what it publishes is kept, and its settling done."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.database = MemoryDatabase(self.clock)
        self.ledger = Ledger(self.database, Codec())
        jobs = Jobs(self.ledger, self.clock, ACTOR)
        self.stage = Transcode(jobs, KnownMedia(self.database), self.clock)
        self.published: list[Event] = []

    async def give(self, *given: Event, settle: bool = True) -> list[Event]:
        """Handles events as the consume path would; returns what came of the last."""
        handled = Handled()
        for event in given:
            handled = await self.stage.handle([Delivery(event, PLACE)])
            await self._publish(handled, settle)
        return list(handled.events)

    async def _publish(self, handled: Handled, settle: bool) -> None:
        self.published += handled.events
        for event in handled.events:
            if isinstance(event, events.TaskChanged):
                await self.ledger.record(event)
        if settle:
            for step in handled.settle:
                await step()

    async def complete_tasks(self) -> events.TaskChanged:
        """As if a worker had done everything; returns what it told last."""
        task = only(await self.ledger.of_job("j1"))
        await self.database.change(TASKS, task.id, {}, {"state": "completed"})
        done: events.TaskChanged = task.told("completed", "worker:w", self.clock.now(), outcome=MADE)
        return done

    def planned(self) -> list[events.TaskChanged]:
        found = [e for e in self.published if isinstance(e, events.TaskChanged)]
        return list({e.task_id: e for e in found}.values())

    def verdicts(self) -> list[events.MediaProcessed]:
        found = [e for e in self.published if isinstance(e, events.MediaProcessed)]
        return list({e.meta.event_id: e for e in found}.values())


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    "order", list(itertools.permutations([samples.requested(), samples.probed(), samples.requested()]))
)
async def test_whichever_comes_second_plans_the_job_once(world: World, order: Sequence[Event]) -> None:
    await world.give(*order)
    task = only(world.planned())
    assert (task.state, task.kind, task.job_id, task.run) == ("planned", "transcode", "j1", 1)


async def test_the_order_names_streams_and_size(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    order = TranscodeOrder(**orjson.loads(only(world.planned()).plan.order))
    assert (order.video_stream, order.audio_stream, order.height, order.frames_total) == (0, 1, 480, 300)
    assert order.name == "film.phone.mp4"


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


async def test_cancelled_against_completed_is_decided_once(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    done = await world.complete_tasks()
    await world.give(samples.controlled("cancel"), done)
    assert only(world.verdicts()).status == "cancelled"


async def test_a_cancel_for_an_earlier_run_is_too_late(world: World) -> None:
    await world.give(samples.requested(), samples.rejected())
    await world.give(samples.controlled("retry", run=2))
    assert await world.give(samples.controlled("cancel", run=1)) == []


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
    task = only(await world.ledger.of_job("j1"))
    assert task.state == "cancelled"


async def test_a_task_that_died_fails_the_job_with_the_reason(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    task = only(await world.ledger.of_job("j1"))
    dead = task.told("dead", "worker:w", world.clock.now(), code="tool_error", error="ffmpeg: no")
    await world.give(dead)
    verdict = only(world.verdicts())
    assert (verdict.status, verdict.code, verdict.reason) == ("failed", "tool_error", "ffmpeg: no")


async def test_a_retry_opens_the_next_run_and_plans_it(world: World) -> None:
    await world.give(samples.requested(), samples.probed(), samples.controlled("cancel"))
    (task,) = await world.give(samples.controlled("retry", run=2))
    assert isinstance(task, events.TaskChanged)
    assert (task.run, task.state) == (2, "planned")


@pytest.mark.parametrize("run", [1, 3])
async def test_a_retry_that_is_not_the_next_run_is_ignored(world: World, run: int) -> None:
    await world.give(samples.requested(), samples.probed(), samples.controlled("cancel"))
    assert await world.give(samples.controlled("retry", run=run)) == []


async def test_a_retry_of_what_still_runs_is_ignored(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    assert await world.give(samples.controlled("retry", run=2)) == []


async def test_a_priority_reaches_the_tasks(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    await world.give(samples.controlled("priority", priority="high"))
    assert only(await world.ledger.of_job("j1")).plan.priority == "high"


async def test_an_unknown_profile_fails_the_job_and_says_so(world: World) -> None:
    await world.give(samples.requested(profile="vhs"), samples.probed())
    verdict = only(world.verdicts())
    assert (verdict.status, verdict.code) == ("failed", "unknown_profile")


async def test_a_request_in_the_dead_letters_ends_its_job(world: World) -> None:
    handled = await world.stage.gave_up(GivenUp(PLACE, samples.requested(), "it is cursed"))
    verdict = only(handled.events)
    assert (verdict.status, verdict.code, verdict.reason) == ("failed", "dead_letter", "it is cursed")
    assert world.database.collections[JOBS]["j1"]["verdict"]["status"] == "failed"


async def test_a_request_that_is_replayed_from_the_dead_letters_opens_another_run(world: World) -> None:
    await world.give(samples.probed())
    await world.stage.gave_up(GivenUp(PLACE, samples.requested(), "it is cursed"))
    (task,) = await world.give(samples.requested())
    assert isinstance(task, events.TaskChanged)
    assert (task.state, task.run) == ("planned", 2)


def planned_order(**probe: Any) -> TranscodeOrder:
    known = remembered_probe(samples.probed(**probe))
    request = {"profile": "web", "priority": "normal", "name": "n"}
    return TranscodeOrder(**orjson.loads(only(plan(request, "o", "m", known)).order))


@pytest.mark.parametrize(
    ("video", "height"),
    [
        ({"height": 2160, "width": 3840}, 720),
        ({"height": 720}, 720),
        ({"height": 481, "width": 640}, 480),
        ({"height": 1280, "width": 720, "rotation": 0}, 720),
        ({"height": 720, "width": 1280, "rotation": 90}, 720),
        ({"height": 240, "width": 320, "rotation": 270}, 320),
        ({"height": 1, "width": 1}, 2),
    ],
)
def test_the_result_is_never_taller_than_the_source_and_even(video: dict[str, Any], height: int) -> None:
    assert planned_order(streams=[samples.video_stream(**video)]).height == height


@pytest.mark.parametrize(
    ("video", "duration_ms", "frames"),
    [
        ({"frames": 777}, 10_000, 777),
        ({"frames": None, "frame_rate": "24000/1001"}, 10_010, 240),
        ({"frames": None, "frame_rate": None}, 1000, 25),
        ({"frames": None, "frame_rate": "30/1"}, 0, 1),
    ],
)
def test_how_many_pictures_there_will_be(video: dict[str, Any], duration_ms: int, frames: int) -> None:
    found = planned_order(streams=[samples.video_stream(**video)], duration_ms=duration_ms)
    assert found.frames_total == frames


def test_a_cover_picture_is_no_video() -> None:
    cover = samples.video_stream(is_attached_picture=True)
    order = planned_order(streams=[cover, samples.audio_stream()])
    assert (order.video_stream, order.audio_stream) == (None, 1)


def test_the_default_audio_is_chosen() -> None:
    streams = [
        samples.audio_stream(index=0, is_default=False),
        samples.audio_stream(index=1, is_default=True),
    ]
    assert planned_order(streams=streams).audio_stream == 1


def test_nothing_to_play_cannot_be_planned() -> None:
    with pytest.raises(CannotPlan, match="no video and no audio"):
        planned_order(streams=[])
