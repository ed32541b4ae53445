"""Which segments a second worker must make, for the first is silent while a viewer waits. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from processors.work.demand import Head
from processors.work.tasks import NOW, RUNNING, SPARE_INDEX, Task
from schemas.events import TaskChanged, TaskPlan, TranscodeProgress
from schemas.segments import SEGMENT_S, Made

_ACTOR = "service:ledger"
_LEAST = timedelta(seconds=2)
_SILENT = timedelta(seconds=2.5)
"""Whoever encodes tells of it several times in this long."""
_USUAL_SPEED = 4.0


@dataclass(frozen=True, slots=True)
class Signs:
    """What was last heard of the tasks that run."""

    heard_at: dict[str, datetime]
    """By task."""
    speeds: dict[str, float]
    """By job: seconds of the medium for a second of work."""

    def hear(self, event: TranscodeProgress) -> None:
        """Takes in that a task is being done."""
        self.heard_at[event.task_id] = event.meta.occurred_at
        if event.speed:
            self.speeds[event.job_id] = event.speed


def late(
    heads: Iterable[Head], tasks: Iterable[Task], signs: Signs, now: datetime
) -> Iterator[tuple[Task, TaskPlan]]:
    """Each task that is late, with the plan for another one that does the rest of it."""
    running = [(task, made) for task in tasks if task.state == RUNNING and (made := task.made) is not None]
    for head in heads:
        for task, made in running:
            if made.group != head.group or head.segment not in made or task.spare:
                continue
            if _is_late(head, task, signs, now):
                yield task, spare_plan(task, made, head.segment)


def spares(
    heads: Iterable[Head], under_way: Sequence[Task], waiting: Sequence[Task], signs: Signs, now: datetime
) -> list[TaskChanged]:
    """The events that plan second tasks for those that are late, but for the ones that there are."""
    known = {task.id for task in (*under_way, *waiting)}
    planned = [task.again(plan, _ACTOR, now) for task, plan in late(heads, under_way, signs, now)]
    return [event for event in planned if event.task_id not in known]


def spare_plan(task: Task, made: Made, segment: int) -> TaskPlan:
    """The plan for what is left of a task from a segment on."""
    rest = Made(made.group, segment, made.first + made.count - segment)
    return replace(task.plan, index=SPARE_INDEX + segment, priority=NOW, makes=str(rest), max_attempts=1)


def _is_late(head: Head, task: Task, signs: Signs, now: datetime) -> bool:
    expected = timedelta(seconds=SEGMENT_S / (signs.speeds.get(task.job_id) or _USUAL_SPEED))
    waited = now - head.at
    silent = now - signs.heard_at.get(task.id, head.at) > _SILENT
    return waited > max(_LEAST, (2 if silent else 6) * expected) and (silent or waited > 6 * _LEAST)
