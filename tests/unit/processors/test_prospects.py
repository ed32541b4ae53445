"""What may be claimed: what was let in, and what someone waits for as soon as it is planned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from processors.work.demand import Demands
from processors.work.prospects import Prospects
from processors.work.tasks import Task
from schemas import events
from tests import samples
from tests.fakes import FakeClock


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.demands = Demands()
        self.prospects = Prospects(self.clock, self.demands)

    def wait_for(self, segment: int, group: str = "film/p", state: str = "waiting") -> None:
        said = samples.playback(state, makes=group, rendition="r", segment=segment)
        self.demands.hear(replace(said, meta=samples.meta(now=self.clock.now())))

    def plan(self, id: str, makes: str | None, **more: Any) -> bool:
        return self.prospects.hear(samples.task_changed(task_id=id, plan=samples.plan(makes=makes), **more))

    @property
    def found(self) -> list[str]:
        return sorted(task.id for task in self.prospects)


def test_what_is_planned_may_be_claimed_while_someone_waits_for_it_alone() -> None:
    world = World()
    world.wait_for(9)
    assert [world.plan(f"t{n}", f"film/p:{8 * n}+8") for n in range(3)] == [False, True, False]
    assert not world.plan("other", "other/p:8+8")
    assert not world.plan("whole", None)
    assert world.found == ["t1"]
    world.wait_for(17)
    assert world.found == ["t2"]
    world.wait_for(17, state="playing")
    assert world.found == []


@pytest.mark.parametrize("state", ["ready", "running", "completed", "released", "failed", "dead"])
def test_what_moves_on_is_no_prospect_any_more_unless_it_is_let_in(state: str) -> None:
    world = World()
    world.wait_for(3)
    world.plan("t0", "film/p:0+8")
    planned = samples.task_changed(task_id="t0", plan=samples.plan(makes="film/p:0+8"))
    told = Task.planned(planned).told(state, "l", world.clock.now(), plan=planned.plan)
    assert world.prospects.hear(told) is (state == "ready")
    assert [task.state for task in world.prospects] == (["ready"] if state == "ready" else [])


def test_what_is_let_in_is_there_once_whoever_waits_for_it() -> None:
    world = World()
    world.wait_for(3)
    world.plan("t0", "film/p:0+8")
    ready = Task.planned(samples.task_changed(task_id="t0", plan=samples.plan(makes="film/p:0+8")), "ready")
    world.prospects.let_in([ready])
    assert [task.state for task in world.prospects] == ["ready"]
    world.prospects.let_none_in()
    assert [task.state for task in world.prospects] == ["waiting"]


@pytest.mark.parametrize(("command", "left"), [("cancel", []), ("priority", ["t0"])])
def test_what_a_cancelled_job_planned_is_forgotten(command: str, left: list[str]) -> None:
    world = World()
    world.wait_for(3)
    world.plan("t0", "film/p:0+8")
    said = samples.task_changed(task_id="t0")
    steered = events.JobControlled(meta=said.meta, job_id=said.job_id, run=1, command=command)
    world.prospects.steer(steered)
    assert world.found == left


def test_no_more_is_remembered_than_there_is_room_for() -> None:
    world = World()
    world.prospects.most_planned = 3
    for n in range(5):
        world.plan(f"t{n}", f"film/{n}:0+8")
    for n in range(5):
        world.wait_for(0, f"film/{n}")
    assert world.found == ["t2", "t3", "t4"]
