"""What a worker leaves, what it stops in place, and what goes on: a table."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from processors.work.restraint import Restraint, Running, restrain
from processors.work.tasks import Task
from tests import samples
from tests.samples import WHEN


def running(
    id: str, *, paused: bool = False, awaited: bool = False, wanted: bool = False, **plan: Any
) -> Running:
    task = Task.planned(samples.task_changed(task_id=id, plan=samples.plan(**plan)))
    seen = replace(task, wanted_at=WHEN if wanted or awaited else None, awaited=awaited)
    return Running(seen, paused)


def cut(id: str = "cut", **more: Any) -> Running:
    return running(id, makes="film/p:0+8", **more)


def whole(id: str = "whole", **more: Any) -> Running:
    return running(id, **more)


def light(id: str = "light", **more: Any) -> Running:
    return running(id, cpu=0.5, **more)


@pytest.mark.parametrize(
    ("several", "worker_paused", "left", "stopped", "placeless"),
    [
        ([cut(), whole(), light()], False, "", "", ""),
        ([cut(paused=True), whole(paused=True), light(paused=True)], False, "cut", "whole", "whole"),
        ([cut(paused=True, wanted=True)], False, "", "", ""),
        ([cut(paused=True, awaited=True), whole()], False, "", "whole", ""),
        ([cut(awaited=True), whole(), light(), cut("next")], False, "", "whole light next", ""),
        ([cut(awaited=True), running("probe", cpu=0.25)], False, "", "", ""),
        ([cut(awaited=True), light("sound", makes="film/s:0+75")], False, "", "sound", ""),
        ([cut(), light("sound", makes="film/s:0+75")], False, "", "", ""),
        ([cut("a"), cut("b"), cut("c")], False, "", "", ""),
        ([cut("a"), cut("b", wanted=True), cut("c"), cut("d")], False, "d", "", ""),
        ([cut("a"), cut("b"), whole(), cut("c", awaited=True)], False, "b", "a b whole", ""),
        ([cut(), whole(), light()], True, "cut", "whole", ""),
        ([cut(awaited=True), whole()], True, "cut", "whole", ""),
        ([running("idle", cpu=0.0)], True, "idle", "", ""),
    ],
)
def test_what_is_held_back(
    several: list[Running], worker_paused: bool, left: str, stopped: str, placeless: str
) -> None:
    found = restrain(several, now=WHEN, places=2, worker_paused=worker_paused)
    assert found.left == set(left.split())
    assert found.stopped == set(stopped.split())
    assert found.placeless == set(placeless.split())


@pytest.mark.parametrize(
    ("beside", "age_s", "stopped"),
    [
        ([cut(), whole()], 599, "idle"),
        ([cut(), whole()], 601, ""),
        ([cut(), light()], 0, ""),
        ([cut(), cut("next", wanted=True)], 0, "idle"),
        ([cut(), cut("paused", paused=True)], 0, ""),
        ([cut(), whole("paused", paused=True)], 0, "paused"),
    ],
)
def test_what_is_idle_stands_still_while_all_places_are_taken_unless_it_has_waited_long(
    beside: list[Running], age_s: float, stopped: str
) -> None:
    several = [running("idle", cpu=0.0), *beside]
    found = restrain(several, now=WHEN + timedelta(seconds=age_s), places=2, worker_paused=False)
    assert found.stopped == set(stopped.split())


def test_what_stands_still_is_left_wherever_it_is_for_no_border_would_come() -> None:
    several = [cut("a"), cut("b"), cut("c"), running("idle", cpu=0.0, paused=True)]
    calm = restrain(several, now=WHEN, places=1, worker_paused=False)
    assert (set(calm.left), at_once(calm, several)) == ({"c", "idle"}, {"idle"})
    pressed = restrain([*several, cut("d", awaited=True)], now=WHEN, places=1, worker_paused=False)
    assert (set(pressed.left), at_once(pressed, several)) == ({"b", "c", "idle"}, {"b", "c", "idle"})


def at_once(found: Restraint, several: list[Running]) -> set[str]:
    return {each.task.id for each in several if found.at_once(each.task)}


def test_the_background_is_hushed_for_what_is_about_to_begin_or_to_be_delivered() -> None:
    several = [cut(), cut("wanted", wanted=True), whole(), light(), light("sound", makes="film/s:0+75")]
    found = restrain(several, now=WHEN, places=5, worker_paused=False, hushed=True)
    assert (set(found.stopped), set(found.left)) == ({"cut", "whole", "light", "sound"}, set())


def test_what_nobody_waits_for_stands_still_while_others_have_the_processor() -> None:
    several = [cut(), cut("wanted", wanted=True), whole(), light(), running("idle", cpu=0.0)]
    found = restrain(several, now=WHEN, places=2, worker_paused=False, breathing=True)
    assert found.stopped == {"cut", "whole", "idle"}
    assert not found.left


@pytest.mark.parametrize(
    ("several", "left"),
    [
        ([cut("old"), cut("young")], "young"),
        ([cut("old"), cut("wanted", wanted=True)], "old"),
        ([running("idle", cpu=0.0), cut("young")], "idle"),
        ([whole(), light()], ""),
        ([cut("gone", paused=True), cut("young")], "gone"),
    ],
)
def test_where_memory_is_short_one_task_is_left(several: list[Running], left: str) -> None:
    found = restrain(several, now=WHEN, places=2, worker_paused=False, memory_short=True)
    assert found.left == set(left.split())
