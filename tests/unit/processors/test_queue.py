"""Who goes next: class first, then the owners' fair share, then deadline and age."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from processors.work.queue import FairQueue
from processors.work.tasks import Task
from tests import samples
from tests.samples import WHEN


def task(id: str, *, age: int = 0, priority: str = "normal", owner: str = "a", **plan: object) -> Task:
    made = samples.plan(priority=priority, owner_id=owner, tools=plan.pop("tools", []), **plan)
    when = samples.meta(now=WHEN - timedelta(seconds=age))
    return Task.planned(samples.task_changed(task_id=id, job_id=f"job-{id}", plan=made, meta=when))


def order(queue: FairQueue, tools: tuple[str, ...] = ()) -> list[str]:
    """Takes everything, counting what was taken as under way."""
    under_way: Counter[str] = Counter()
    taken = []
    while (next_one := queue.take(under_way, tools)) is not None:
        under_way[next_one.plan.owner_id] += 1
        taken.append(next_one.id)
    return taken


def queue_of(*tasks: Task) -> FairQueue:
    queue = FairQueue()
    for each in tasks:
        queue.put(each)
    return queue


def test_the_class_goes_before_the_age() -> None:
    queue = queue_of(task("old", age=99), task("high", priority="high"), task("now", priority="now"))
    assert order(queue) == ["now", "high", "old"]


def test_within_a_class_the_older_goes_first() -> None:
    assert order(queue_of(task("b", age=1), task("c"), task("a", age=9))) == ["a", "b", "c"]


def test_a_deadline_counts_before_the_age() -> None:
    soon = task("soon", deadline_at=WHEN - timedelta(seconds=60))
    assert order(queue_of(task("older", age=30), soon)) == ["soon", "older"]


def test_owners_take_turns_whatever_they_ask_for() -> None:
    many = [task(f"a{n}", age=100 - n, owner="a") for n in range(4)]
    few = [task(f"b{n}", age=10 - n, owner="b") for n in range(2)]
    assert order(queue_of(*many, *few)) == ["a0", "b0", "a1", "b1", "a2", "a3"]


def test_what_nobody_has_the_tools_for_keeps_nobody_back() -> None:
    queue = queue_of(task("gpu", age=99, tools=["gpu"]), task("cpu", tools=["ffmpeg"]))
    assert order(queue, ("ffmpeg",)) == ["cpu"]
    assert "gpu" in queue


def test_a_new_priority_replaces_the_old_one() -> None:
    queue = queue_of(task("a", age=9), task("b"))
    queue.put(task("b", priority="high"))
    assert order(queue) == ["b", "a"]
    assert len(queue) == 0


def test_what_is_dropped_is_gone() -> None:
    queue = queue_of(task("a"), task("b"))
    queue.drop("a")
    queue.drop("never there")
    assert [t.id for t in queue.of_job("job-b")] == ["b"]
    assert order(queue) == ["b"]
