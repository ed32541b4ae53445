"""What a worker may claim: what was let in, and what a viewer waits for as soon as it is planned. Pure.

Who waits is not kept waiting for the leader: its window is there to keep work in order that nobody waits for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connectors.ports import Clock
from processors.work.demand import Demands
from processors.work.tasks import READY, Task
from schemas.events import JobControlled, TaskChanged

_MOST_PLANNED = 20_000
"""Planned tasks are remembered for a viewer that may come; what is forgotten, the leader lets in."""


@dataclass(slots=True)
class Prospects:
    """Every task that was heard of and that nobody is known to have."""

    clock: Clock
    demands: Demands
    most_planned: int = _MOST_PLANNED
    _ready: dict[str, Task] = field(default_factory=dict)
    _planned: dict[str, Task] = field(default_factory=dict)
    _groups: dict[str, dict[str, Task]] = field(default_factory=dict)
    """What is planned, by the renditions that it makes."""

    def __iter__(self) -> Iterator[Task]:
        """Those that may be claimed now, as viewers want them."""
        yield from map(self._as_wanted, self._ready.values())
        for group in {head.group for head in self.demands.waited_for(self.clock.now())}:
            yield from (task for task in map(self._as_wanted, self._of_group(group)) if task.awaited)

    def let_in(self, tasks: Iterable[Task]) -> None:
        """Takes in what the ledger says is ready."""
        self._ready |= {task.id: task for task in tasks}

    def let_none_in(self) -> None:
        """Forgets what is ready: it is to be looked up."""
        self._ready.clear()

    def drop(self, task_id: str) -> None:
        """Forgets a task."""
        self._ready.pop(task_id, None)
        task = self._planned.pop(task_id, None)
        if task is not None and task.made is not None:
            group = self._groups[task.made.group]
            del group[task_id]
            if not group:
                del self._groups[task.made.group]

    def hear(self, event: TaskChanged) -> bool:
        """A task was planned or let in, or is nobody's to claim; True where it may be claimed now."""
        self.drop(event.task_id)
        if event.state == READY and event.plan is not None:
            self._ready[event.task_id] = Task.planned(event, READY)
            return True
        if event.state != "planned":
            return False
        task = Task.planned(event)
        self._remember(task)
        return self._as_wanted(task).awaited

    def steer(self, event: JobControlled) -> None:
        """What belongs to a cancelled job is nobody's to claim."""
        if event.command == "cancel":
            for id in [id for id, task in self._planned.items() if task.job_id == event.job_id]:
                self.drop(id)

    def _remember(self, task: Task) -> None:
        if task.made is None:
            return
        if len(self._planned) >= self.most_planned:
            self.drop(next(iter(self._planned)))
        self._planned[task.id] = task
        self._groups.setdefault(task.made.group, {})[task.id] = task

    def _of_group(self, group: str) -> list[Task]:
        return [task for id, task in self._groups.get(group, {}).items() if id not in self._ready]

    def _as_wanted(self, task: Task) -> Task:
        return task.wanted(self.demands.want(task.made, self.clock.now()))
