"""Who fails task after task is set aside, for longer each time; who succeeds, or is told to work, is not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from processors.work.conduct import Conduct, Cooling, cooling_time, is_the_worker_s
from processors.work.foreman import ASIDE, Foreman, cooling
from processors.work.observer import Silent
from processors.work.tasks import Task
from schemas import events
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase


@pytest.mark.parametrize(
    ("history", "bad"),
    [
        ("x1 x2 x3", True),
        ("x1 x2 ok x3 x4", False),
        ("x1 x1 x1 x1", False),
        ("x1 x2 x1 x3", True),
    ],
)
def test_failures_of_different_tasks_in_a_row_are_counted(history: str, bad: bool) -> None:
    conduct = Conduct(bearable=3)
    found = False
    for step in history.split():
        if step == "ok":
            conduct.succeeded("w", "other")
        else:
            found = conduct.failed("w", f"t-{step}", f"film-{step}")
    assert found is bad


def test_one_film_that_fails_here_and_was_made_nowhere_counts_once() -> None:
    conduct = Conduct(bearable=3)
    assert not any(conduct.failed("w", f"t{n}", "film") for n in range(20))
    conduct.succeeded("w", "another film")
    conduct.succeeded("v", "film")
    assert [conduct.failed("w", f"t{n}", "film") for n in range(3)] == [False, False, True]


def test_each_worker_answers_for_itself() -> None:
    conduct = Conduct(bearable=2)
    assert [conduct.failed(worker, worker, worker) for worker in "abcd"] == [False] * 4


def test_each_cooling_is_twice_the_last_up_to_an_hour() -> None:
    assert [cooling_time(n).total_seconds() / 60 for n in (1, 2, 3, 6, 7, 400)] == [1, 2, 4, 32, 60, 60]


@pytest.mark.parametrize(
    ("failure", "plan", "is_its"),
    [
        ({"state": "failed"}, {}, True),
        ({"state": "dead", "attempts": 3}, {}, True),
        ({"state": "dead", "attempts": 1}, {}, False),
        ({"state": "dead", "attempts": 1}, {"max_attempts": 1}, False),
        ({"state": "dead", "attempts": 3, "code": "worker_lost"}, {}, False),
        ({"state": "failed", "worker": None}, {}, False),
    ],
)
def test_what_others_would_fail_at_too_is_not_held_against_a_worker(
    failure: dict[str, Any], plan: dict[str, Any], is_its: bool
) -> None:
    event = samples.task_changed(**{"plan": None, "worker": "w", **failure})
    task = Task.planned(samples.task_changed(plan=samples.plan(**{"max_attempts": 3, **plan})))
    assert is_the_worker_s(event, task) is is_its


class World:
    """A foreman over doubles, and a worker that fails or succeeds."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.database = MemoryDatabase(self.clock)
        self.shown: list[int] = []
        self.foreman = self.another()

    def another(self) -> Foreman:
        shown = self.shown

        class Heard(Silent):
            def set_aside(self, workers: int) -> None:
                shown.append(workers)

        return Foreman(self.database, Heard(), Conduct(bearable=3))

    def end(self, state: str, *numbers: int, by: Sequence[Foreman] = ()) -> None:
        for n in numbers:
            plan = samples.plan(media_id=f"m{n}")
            event = samples.task_changed(state, task_id=f"t{n}", worker="w", plan=None)
            for foreman in by or (self.foreman,):
                foreman.hear(event, Task.planned(samples.task_changed(plan=plan)))

    async def aside(self) -> Cooling | None:
        await self.foreman.look()
        return await cooling(self.database, "w")

    async def claims(self, running: int = 0) -> bool:
        found = await cooling(self.database, "w")
        return found is None or found.admits(self.clock.now(), running)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_bad_worker_is_set_aside_and_tries_one_task_when_it_has_cooled(world: World) -> None:
    world.end("failed", 1, 2)
    assert await world.aside() is None
    with capture_logs() as said:
        world.end("failed", 3)
        assert await world.aside() is not None
    assert [(line["event"], line["worker"]) for line in said] == [("worker set aside", "w")]
    assert not await world.claims()
    world.clock.advance(61)
    assert await world.claims()
    assert not await world.claims(running=1)
    world.end("completed", 4)
    assert await world.aside() is None
    assert world.shown == [0, 1, 0]


async def test_a_trial_that_fails_sets_it_aside_for_longer(world: World) -> None:
    world.end("failed", 1, 2, 3)
    await world.aside()
    for strikes, cooled_s in ((2, 120), (3, 240)):
        world.end("failed", 10)
        assert (found := await world.aside()) is not None
        assert found.strikes == strikes - 1, "what ran while it was set aside is no trial"
        world.clock.advance(10_000)
        world.end("failed", 10 + strikes)
        assert (found := await world.aside()) is not None
        assert (found.strikes, (found.until - world.clock.now()).seconds) == (strikes, cooled_s)


async def test_whoever_is_told_to_work_is_set_aside_no_more(world: World) -> None:
    world.end("failed", 1, 2, 3)
    await world.aside()
    world.foreman.ordered(samples.resource("worker", "w", resource="worker/w", value=None))
    assert await world.aside() is None


async def test_two_leaders_give_one_strike_and_the_next_one_goes_on(world: World) -> None:
    other = world.another()
    world.end("failed", 1, 2, 3, by=(world.foreman, other))
    await world.foreman.look()
    await other.look()
    assert world.database.collections[ASIDE]["w"]["strikes"] == 1
    third = world.another()
    await third.look()
    assert [one.worker for one in third.aside.values()] == ["w"]


async def test_what_was_heard_before_a_process_led_is_not_acted_upon(world: World) -> None:
    world.end("failed", 1, 2, 3)
    world.foreman.forget()
    assert await world.aside() is None


async def test_a_verdict_on_a_file_sets_nobody_aside(world: World) -> None:
    plan = samples.plan(max_attempts=3)
    known = Task.planned(samples.task_changed(plan=plan))
    for n in range(9):
        hopeless: events.TaskChanged = samples.task_changed(
            "dead", task_id=f"t{n}", worker="w", attempts=1, plan=None, code="source_short"
        )
        world.foreman.hear(hopeless, known)
    assert await world.aside() is None
