"""Who waits for what: a turn, a time, another task that makes the same, or a viewer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from processors.work.line import Line
from processors.work.tasks import Task
from schemas.segments import Made
from tests import samples
from tests.fakes import FakeClock
from tests.samples import WHEN

GROUP = "film/pictures"


def task(id: str, first: int | None = None, *, group: str = GROUP, **more: Any) -> Task:
    plan = {"tools": [], "makes": None if first is None else str(Made(group, first, 8)), **more}
    return Task.planned(samples.task_changed(task_id=id, job_id=f"job-{id}", plan=samples.plan(**plan)))


def watching(segment: int, state: str = "waiting") -> Any:
    return samples.playback(state, makes=GROUP, rendition="r", segment=segment, meta=samples.meta(now=WHEN))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(WHEN)


@pytest.fixture
def line(clock: FakeClock) -> Line:
    return Line(clock)


def test_what_is_light_and_what_is_idle_wait_in_lines_of_their_own(line: Line) -> None:
    several = [task("heavy"), task("light", cpu=0.5), task("idle", cpu=0.0)]
    line.put_unknown(several)
    line.put_unknown(several)
    assert (len(line), {each.id for each in line}) == (3, {"heavy", "light", "idle"})
    for queue, only in ((line.heavy, "heavy"), (line.light, "light"), (line.idle, "idle")):
        found = line.take(queue, [], [])
        assert found is not None
        assert (found.id, line.take(queue, [], [])) == (only, None)


def taken(line: Line, *under_way: Task) -> list[str]:
    """Takes everything that can be taken, one after another."""
    found = []
    while (each := line.take(line.heavy, under_way, ())) is not None:
        found.append(each.id)
    return found


def test_tasks_that_make_the_same_go_one_after_another(line: Line) -> None:
    one, two, other = task("one", 0), task("two", 0), task("other", 8)
    for each in (one, two, other):
        line.put(each)
    assert taken(line, task("running", 0)) == ["other"]
    assert {each.id for each in line} == {"one", "two"}
    line.step_forward()
    assert taken(line) == ["one", "two"]


def test_a_task_that_comes_back_is_not_behind_itself(line: Line) -> None:
    one = task("one", 0)
    line.put(one)
    assert taken(line, one) == ["one"]


def test_what_a_viewer_waits_for_goes_first(line: Line) -> None:
    for number in range(4):
        line.put(task(f"t{number}", 8 * number))
    line.put(task("high", 0, group="another", priority="high"))
    line.hear(watching(18))
    assert taken(line)[:3] == ["t2", "t3", "high"]


def test_what_comes_while_a_viewer_waits_goes_first_too(line: Line) -> None:
    line.hear(watching(3))
    line.put(task("other", 0, group="another", priority="high"))
    line.put(task("wanted", 0, priority="low"))
    assert taken(line) == ["wanted", "other"]


def test_what_a_viewer_has_left_goes_back_to_its_place(line: Line, clock: FakeClock) -> None:
    line.put(task("film", 0, priority="background"))
    line.put(task("upload", 0, group="another"))
    line.hear(watching(3))
    clock.advance(31)
    line.heed_all()
    assert taken(line) == ["upload", "film"]


def test_a_viewer_who_stops_lets_go_at_once(line: Line) -> None:
    line.put(task("film", 0, priority="background"))
    line.put(task("upload", 0, group="another"))
    line.hear(watching(3))
    line.hear(samples.playback("stopped", makes=GROUP))
    assert taken(line) == ["upload", "film"]


def test_a_retry_waits_for_its_time(line: Line, clock: FakeClock) -> None:
    line.put(replace(task("again"), not_before=WHEN + timedelta(seconds=5)))
    line.release(WHEN + timedelta(seconds=4))
    assert taken(line) == []
    line.release(WHEN + timedelta(seconds=5))
    assert taken(line) == ["again"]


def test_what_waits_already_is_not_put_twice(line: Line) -> None:
    line.put(task("one", 0))
    assert taken(line, task("running", 0)) == []
    line.put_unknown([task("one", 0), task("new", 8)])
    assert {each.id for each in line} == {"one", "new"}
    assert len(line) == 2


def test_the_viewers_needs_order_their_tasks_before_the_owners_share(line: Line) -> None:
    """Class first: among what viewers wait for, nobody's share counts, only when it is needed."""
    for number, owner in enumerate(["ann", "ann", "bob"]):
        line.put(task(f"{owner}{number}", 8 * number, owner_id=owner))
    line.hear(watching(0))
    assert taken(line, task("anns", 80, owner_id="ann")) == ["ann0", "ann1", "bob2"]


def test_what_is_paused_waits_until_it_is_no_longer(line: Line) -> None:
    line.put(task("one", 0))
    line.put(task("other", 8))
    line.hold(frozenset({"job-one", "job-late"}))
    line.put(task("late", 16))
    assert taken(line) == ["other"]
    assert {each.id for each in line} == {"one", "late"}
    line.hold(frozenset({"job-late"}))
    assert taken(line) == ["one"]


def test_a_pause_is_heeded_at_once_and_a_resume_when_the_ledger_says_so(line: Line) -> None:
    line.put(task("one", 0))
    line.steer(samples.controlled("pause", "job-one"))
    line.steer(samples.controlled("resume", "job-one"))
    assert taken(line) == []
    line.hold(frozenset())
    assert taken(line) == ["one"]


def test_what_a_viewer_wants_of_a_paused_job_is_let_in_and_the_rest_is_not(
    line: Line, clock: FakeClock
) -> None:
    line.put(task("far", 80))
    line.put(task("wanted", 0))
    line.hold(frozenset({"job-wanted", "job-far"}))
    line.hear(watching(3))
    assert taken(line) == ["wanted"]
    line.put(task("wanted", 0))
    clock.advance(60)
    line.heed_all()
    assert taken(line) == []
    assert len(line) == 2


def test_what_is_cancelled_while_it_is_paused_waits_no_more(line: Line) -> None:
    line.put(task("one", 0))
    line.hold(frozenset({"job-one"}))
    line.steer(samples.controlled("cancel", "job-one"))
    assert len(line) == 0


def test_a_retry_of_a_paused_job_waits_for_both(line: Line, clock: FakeClock) -> None:
    line.hold(frozenset({"job-one"}))
    line.put(replace(task("one", 0), not_before=clock.now() + timedelta(seconds=5)))
    clock.advance(6)
    line.release(clock.now())
    assert taken(line) == []
    line.hold(frozenset())
    assert taken(line) == ["one"]
