"""Places, processor and memory, as the machine's owner allows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from processors.work.admission import Admission, Limits, Machine, measure
from processors.work.tasks import Task
from tests import samples
from tests.samples import WHEN

GIB = 1 << 30


def task(id: str = "t", **plan: object) -> Task:
    return Task.planned(samples.task_changed(task_id=id, plan=samples.plan(**plan)))


def refusal(machine: Machine, new: Task, *running: Task, **limits: float) -> str | None:
    said = {"max_jobs": 2, "cpu_percent": 80.0, "memory_percent": 50.0, **limits}
    return Admission(Limits(**said), lambda: machine).refusal(new, running)  # type: ignore[arg-type]


IDLE = Machine(cpu_percent=1.0, memory_bytes=4 * GIB, memory_used_bytes=GIB)
BUSY = Machine(cpu_percent=95.0, memory_bytes=4 * GIB, memory_used_bytes=GIB)


def test_there_is_room() -> None:
    assert refusal(IDLE, task(), task("other")) is None


def test_places_are_counted() -> None:
    assert "places" in str(refusal(IDLE, task(), task("a"), task("b")))


def test_light_tasks_have_places_of_their_own() -> None:
    light = task(cpu=0.25)
    assert refusal(IDLE, light, task("a"), task("b")) is None
    assert "places" in str(refusal(IDLE, light, task("c", cpu=0.25), task("d", cpu=0.25)))


def test_idle_tasks_have_a_place_of_their_own_and_keep_nothing_out() -> None:
    idle = task(cpu=0.0)
    assert refusal(IDLE, idle, task("a"), task("b"), task("c", cpu=0.25)) is None
    assert "places" in str(refusal(IDLE, idle, task("d", cpu=0.0)))
    assert refusal(IDLE, task(), task("a"), idle) is None
    assert refusal(IDLE, task(cpu=0.25), task("c", cpu=0.25), idle) is None


def test_memory_is_kept_free() -> None:
    assert refusal(IDLE, task(memory_mb=1000)) is None
    assert "memory" in str(refusal(IDLE, task(memory_mb=1100)))


def test_a_busy_processor_keeps_more_work_out_but_never_all() -> None:
    assert "processor" in str(refusal(BUSY, task(), task("other")))
    assert refusal(BUSY, task()) is None


def test_the_machine_can_be_measured() -> None:
    machine = measure()
    assert 0 < machine.memory_used_bytes <= machine.memory_bytes
    assert machine.cpu_percent >= 0


@pytest.mark.parametrize("limit", [100.0])
def test_without_a_limit_only_places_count(limit: float) -> None:
    assert refusal(BUSY, task(), task("other"), cpu_percent=limit) is None


def test_what_a_viewer_waits_for_finds_a_place_where_what_it_will_want_soon_does_not() -> None:
    soon = replace(task(), wanted_at=WHEN)
    full = [task("a"), task("b"), task("c")]
    assert refusal(IDLE, soon, *full[:2]) is None
    assert "places" in str(refusal(IDLE, soon, *full))
    assert refusal(IDLE, replace(soon, awaited=True), *full) is None
