"""A second worker takes over what a silent one has while a viewer waits, and never what a lively one does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from processors.work.demand import Head
from processors.work.rescue import Signs, late
from processors.work.tasks import NOW, RUNNING, SPARE_INDEX, Task
from schemas.segments import Made
from tests import samples
from tests.samples import WHEN

GROUP = "film/pictures"


def task(state: str = RUNNING, **plan: Any) -> Task:
    said = {"makes": str(Made(GROUP, 8, 8)), **plan}
    return replace(Task.planned(samples.task_changed(plan=samples.plan(**said))), state=state)


def head(segment: int = 10, group: str = GROUP) -> Head:
    return Head(group, "r480", segment, WHEN, True, WHEN)


def at(seconds: float) -> datetime:
    return WHEN + timedelta(seconds=seconds)


def found(
    now_s: float, heard_s: float | None = None, speed: float | None = None, **more: Any
) -> list[tuple[int, str | None]]:
    signs = Signs({} if heard_s is None else {"t1": at(heard_s)}, {} if speed is None else {"j1": speed})
    who = more.get("task", task())
    return [(plan.index, plan.makes) for _, plan in late([more.get("head", head())], [who], signs, at(now_s))]


REST = [(SPARE_INDEX + 10, f"{GROUP}:10+6")]


@pytest.mark.parametrize(
    ("now_s", "heard_s", "speed", "expected"),
    [
        pytest.param(1.9, None, None, [], id="not-yet"),
        pytest.param(3.0, None, None, REST, id="never-heard-of"),
        pytest.param(3.0, 2.5, None, [], id="just-heard-of"),
        pytest.param(6.0, 3.0, None, REST, id="silent-for-three-seconds"),
        pytest.param(6.0, 3.0, 0.5, [], id="slow-work-takes-long"),
        pytest.param(17.0, 3.0, 0.5, REST, id="slow-work-that-fell-silent"),
        pytest.param(13.0, 12.9, 4.0, REST, id="lively-but-far-too-late"),
    ],
)
def test_whoever_is_late_gets_help(
    now_s: float, heard_s: float | None, speed: float | None, expected: list[Any]
) -> None:
    assert found(now_s, heard_s, speed) == expected


@pytest.mark.parametrize(
    "case",
    [
        pytest.param({"task": task(state="ready")}, id="nobody-has-begun"),
        pytest.param({"task": task(index=SPARE_INDEX + 9)}, id="it-is-the-help"),
        pytest.param({"head": head(segment=20)}, id="another-run"),
        pytest.param({"head": head(group="other")}, id="another-film"),
        pytest.param({"task": task(makes=None)}, id="no-segments"),
    ],
)
def test_nobody_else_is_helped(case: dict[str, Any]) -> None:
    assert found(60, **case) == []


def test_help_is_urgent_and_tried_once() -> None:
    ((_, plan),) = late([head()], [task()], Signs({}, {}), at(60))
    assert (plan.priority, plan.max_attempts, plan.order) == (NOW, 1, task().plan.order)


def test_two_leaders_ask_for_the_same_help() -> None:
    ((one, plan),) = late([head()], [task()], Signs({}, {}), at(60))
    first, second = (one.again(plan, "service:ledger", at(60 + n)) for n in (0, 5))
    assert first.task_id == second.task_id
    assert first.meta.event_id == second.meta.event_id


def test_progress_is_a_sign_of_life_and_tells_the_speed() -> None:
    signs = Signs({}, {})
    signs.hear(samples.progressed(task_id="t1", speed=2.5))
    assert (list(signs.heard_at), signs.speeds) == (["t1"], {"j1": 2.5})
