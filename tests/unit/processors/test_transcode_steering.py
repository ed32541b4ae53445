"""What people order of a job: to end, to begin anew, to wait, to hurry."""

from __future__ import annotations

from datetime import timedelta

import pytest

from processors.work.jobs import paused_jobs
from processors.work.ledger import EARLY, TASKS
from schemas import events
from schemas.events import Event
from tests import samples
from tests.fakes import only
from tests.unit.processors.transcoding import World


@pytest.fixture
def world() -> World:
    return World()


async def test_cancelled_against_completed_is_decided_once(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    done = await world.complete_tasks()
    await world.give(samples.controlled("cancel"), done)
    assert only(world.verdicts()).status == "cancelled"


async def test_a_cancel_for_an_earlier_run_is_too_late(world: World) -> None:
    await world.give(samples.requested(), samples.rejected())
    await world.give(samples.controlled("retry", run=2))
    assert await world.give(samples.controlled("cancel", run=1)) == []


async def test_a_retry_opens_the_next_run_and_plans_it(world: World) -> None:
    await world.give(samples.requested(), samples.probed(), samples.controlled("cancel"))
    task, _ = await world.give(samples.controlled("retry", run=2))
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
    assert {task.plan.priority for task in await world.ledger.of_job("j1")} == {"high"}


def steered(command: str, seconds: int, run: int = 1) -> Event:
    meta = samples.meta(now=samples.WHEN + timedelta(seconds=seconds))
    return samples.controlled(command, run=run, meta=meta)


async def test_a_pause_takes_tasks_out_of_the_window_and_asks_for_those_that_run(world: World) -> None:
    await world.give(samples.requested(), samples.probed())
    ready, running, *_ = await world.ledger.of_job("j1")
    await world.database.change(TASKS, ready.id, {}, {"state": "ready"})
    await world.database.change(TASKS, running.id, {}, {"state": "running"})
    await world.give(steered("pause", 1))
    assert await paused_jobs(world.ledger) == {"j1"}
    tasks = {task.id: task for task in await world.ledger.of_job("j1")}
    assert (tasks[ready.id].state, tasks[running.id].pause) == ("waiting", True)
    await world.give(steered("resume", 2))
    assert await paused_jobs(world.ledger) == frozenset()
    assert not any(task.pause for task in await world.ledger.of_job("j1"))


async def test_a_pause_that_is_delivered_again_after_a_resume_changes_nothing(world: World) -> None:
    await world.give(samples.requested(), steered("pause", 1), steered("resume", 2), steered("pause", 1))
    assert await paused_jobs(world.ledger) == frozenset()


async def test_a_paused_job_is_still_planned_and_its_end_or_next_run_is_not_paused(world: World) -> None:
    planned = await world.give(samples.requested(), steered("pause", 1), samples.probed())
    assert [event.state for event in planned if isinstance(event, events.TaskChanged)] == ["planned"] * 2
    await world.give(steered("cancel", 2))
    assert await paused_jobs(world.ledger) == frozenset()
    await world.give(steered("retry", 3, run=2), steered("pause", 9, run=1))
    assert await paused_jobs(world.ledger) == frozenset()


@pytest.mark.parametrize("command", ["cancel", "pause"])
async def test_a_command_that_comes_before_its_request_is_heeded(world: World, command: str) -> None:
    await world.give(steered(command, 1), samples.requested(), samples.probed())
    assert [end.status for end in world.verdicts()] == (["cancelled"] if command == "cancel" else [])
    assert await paused_jobs(world.ledger) == ({"j1"} if command == "pause" else frozenset())
    assert world.database.collections[EARLY] == {}


async def test_commands_that_come_before_their_request_are_heeded_in_their_order(world: World) -> None:
    await world.give(steered("resume", 2), steered("pause", 1), samples.requested())
    assert await paused_jobs(world.ledger) == frozenset()


async def test_what_was_cancelled_before_it_was_asked_for_is_never_planned(world: World) -> None:
    await world.give(samples.probed(), steered("cancel", 1), samples.requested())
    assert world.planned() == []
