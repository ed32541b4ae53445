"""Which worker fails task after task, and how long it is set aside for that. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from processors.work.tasks import DEAD, Task
from schemas.events import TaskChanged

_FIRST_COOLING = timedelta(minutes=1)
_LONGEST_COOLING = timedelta(hours=1)
_MOST_MEDIA = 1000
_LOST = "worker_lost"


@dataclass(slots=True)
class Conduct:
    """Each worker's failures since its last success.

    Where a medium fails here and nobody else has made anything of it, all its tasks count as one: then it may
    well be the medium.
    """

    bearable: int
    """So many failures in a row are too many."""
    _failures: dict[str, dict[str, str | None]] = field(default_factory=dict)
    """By worker: the tasks that failed, and of which medium."""
    _made: OrderedDict[str, set[str]] = field(default_factory=OrderedDict)
    """Who has made something of a medium lately."""

    def succeeded(self, worker: str, medium: str | None) -> None:
        """A worker did a task."""
        self._failures.pop(worker, None)
        if medium is not None:
            self._made.setdefault(medium, set()).add(worker)
            self._made.move_to_end(medium)
            if len(self._made) > _MOST_MEDIA:
                self._made.popitem(last=False)

    def failed(self, worker: str, task_id: str, medium: str | None) -> bool:
        """A worker failed at a task: whether that is one too many."""
        failures = self._failures.setdefault(worker, {})
        failures[task_id] = medium
        if self._count(worker) < self.bearable:
            return False
        del self._failures[worker]
        return True

    def _count(self, worker: str) -> int:
        failures = self._failures[worker]
        proven = [medium for medium in failures.values() if medium is None or self._by_others(worker, medium)]
        return len(proven) + len(set(failures.values()) - set(proven))

    def _by_others(self, worker: str, medium: str) -> bool:
        return bool(self._made.get(medium, set()) - {worker})


@dataclass(frozen=True, slots=True)
class Cooling:
    """A worker that is set aside."""

    worker: str
    strikes: int
    """How often in a row it was."""
    until: datetime

    def admits(self, now: datetime, running: int) -> bool:
        """Whether it may claim a task: after its time one at a time, until one succeeds."""
        return now >= self.until and running == 0


def cooling_time(strikes: int) -> timedelta:
    """How long a worker is set aside: twice as long each time."""
    factor: int = 2 ** min(strikes - 1, 10)
    return min(_LONGEST_COOLING, _FIRST_COOLING * factor)


def is_the_worker_s(failure: TaskChanged, task: Task | None) -> bool:
    """Whether a failed attempt may be the worker's fault: others might do better, and it lived to tell.

    A task that died before its last attempt was given up for good, whoever has it; and of one that had but a
    single attempt nobody knows.
    """
    if failure.worker is None or failure.code == _LOST:
        return False
    if failure.state != DEAD:
        return True
    return task is not None and 1 < task.plan.max_attempts <= failure.attempts
