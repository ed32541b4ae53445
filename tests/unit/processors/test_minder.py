"""What a worker does not begin just now."""

from __future__ import annotations

from typing import Any

from processors.work.minder import Minder
from processors.work.standing import Standing
from processors.work.tasks import Task
from tests import samples
from tests.fakes import FakeClock
from tests.samples import WHEN


def minder(clock: FakeClock) -> Minder:
    return Minder(clock, {}, Standing("w1"), 2)


def task(makes: str | None = None, **plan: Any) -> Task:
    return Task.planned(samples.task_changed(task_id="t1", plan=samples.plan(makes=makes, **plan)))


def test_nothing_else_is_begun_while_that_is_planned_for_which_someone_has_begun_to_wait() -> None:
    clock = FakeClock()
    minds, other = minder(clock), task("other/p:0+8")
    assert not minds.would_stop(other, [])
    waiting = samples.playback(makes="film/p", rendition="r", segment=3, meta=samples.meta(now=clock.now()))
    minds.demands.hear(waiting)
    assert minds.would_stop(other, [])
    assert not minds.would_stop(minds.as_wanted(task("film/p:0+8")), [])
    clock.advance(2)
    assert not minds.would_stop(other, []), "it is made elsewhere, or not at all"


def test_who_goes_on_waiting_for_the_same_holds_nothing_up() -> None:
    clock = FakeClock()
    minds, other = minder(clock), task("other/p:0+8")
    for _ in range(5):
        meta = samples.meta(now=clock.now())
        minds.demands.hear(samples.playback(makes="film/p", rendition="r", segment=3, meta=meta))
        clock.advance(1)
    assert not minds.would_stop(other, [])


def test_what_is_idle_begins_only_when_it_is_known_that_nobody_came_at_once() -> None:
    clock = FakeClock(WHEN)
    minds = minder(clock)
    assert minds.would_stop(task(cpu=0.0), [])
    assert not minds.would_stop(task(cpu=0.5), [])
    clock.advance(1)
    assert not minds.would_stop(task(cpu=0.0), [])
    ahead = minder(FakeClock())
    assert not ahead.would_stop(task(cpu=0.0), []), "planned by a clock that goes before ours"
