"""Who goes next: by priority class, then the owners' fair share, then deadline and age. Pure."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from processors.work.tasks import Task

_Entry = tuple[tuple[object, ...], str]
_Where = tuple[int, str, tuple[str, ...]]
"""Class, owner and tools: what is alike in these waits in one line."""


@dataclass(slots=True)
class FairQueue:
    """Waiting tasks. Within a class the owner with the fewest tasks under way goes first; among those that a
    viewer waits for, the one that is needed soonest.
    """

    _tasks: dict[str, Task] = field(default_factory=dict)
    _heaps: dict[_Where, list[_Entry]] = field(default_factory=dict)
    _groups: dict[str, set[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._tasks)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def __contains__(self, task_id: str) -> bool:
        return task_id in self._tasks

    def put(self, task: Task) -> None:
        """Adds a task, or replaces what was known of it."""
        self._tasks[task.id] = task
        if (made := task.made) is not None:
            self._groups.setdefault(made.group, set()).add(task.id)
        heapq.heappush(self._heaps.setdefault(_where(task), []), (task.urgency, task.id))

    def drop(self, task_id: str) -> Task | None:
        """Takes a task out, if it waits here."""
        task = self._tasks.pop(task_id, None)
        if task is not None and (made := task.made) is not None:
            self._groups[made.group].discard(task_id)
            if not self._groups[made.group]:
                del self._groups[made.group]
        return task

    def of_job(self, job_id: str) -> list[Task]:
        """The waiting tasks of a job."""
        return [task for task in self._tasks.values() if task.job_id == job_id]

    def of_group(self, group: str) -> list[Task]:
        """The waiting tasks that encode segments of these renditions."""
        return [self._tasks[task_id] for task_id in self._groups.get(group, ())]

    def take(self, under_way: Counter[str], tools: Collection[str]) -> Task | None:
        """Removes and returns the task that goes next among those whose tools there are; None without one.

        `under_way` counts each owner's tasks that are let in or running.
        """
        heads = {where: head for where in list(self._heaps) if (head := self._head(where)) is not None}
        ready = [where for where in heads if set(where[2]) <= set(tools)]
        if not ready:
            return None
        chosen = min(ready, key=lambda where: (where[0], where[0] and under_way[where[1]], heads[where]))
        task = self._tasks[heads[chosen][1]]
        self.drop(task.id)
        return task

    def _head(self, where: _Where) -> _Entry | None:
        """The first entry that still stands; entries that were replaced or dropped are passed over."""
        heap = self._heaps[where]
        while heap and not self._stands(where, heap[0]):
            heapq.heappop(heap)
        if not heap:
            del self._heaps[where]
            return None
        return heap[0]

    def _stands(self, where: _Where, entry: _Entry) -> bool:
        task = self._tasks.get(entry[1])
        return task is not None and entry[0] == task.urgency and where == _where(task)


def _where(task: Task) -> _Where:
    return (task.urgency[0], task.plan.owner_id, tuple(sorted(task.plan.tools)))
