"""Everything that waits: for its turn, for its time, or for another task that makes the same. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from connectors.ports import Clock
from processors.work.demand import Demands
from processors.work.queue import FairQueue
from processors.work.tasks import Task
from schemas.events import JobControlled, PlaybackChanged


@dataclass(slots=True)
class Line:
    """The tasks that are not let in yet."""

    clock: Clock
    demands: Demands = field(default_factory=Demands)
    heavy: FairQueue = field(default_factory=FairQueue)
    light: FairQueue = field(default_factory=FairQueue)
    idle: FairQueue = field(default_factory=FairQueue)
    _delayed: dict[str, Task] = field(default_factory=dict)
    _behind: list[Task] = field(default_factory=list)
    _watched: set[str] = field(default_factory=set)
    """The groups of renditions that viewers asked for."""

    def __iter__(self) -> Iterator[Task]:
        for queue in self._queues:
            yield from queue
        yield from (*self._delayed.values(), *self._behind)

    def __len__(self) -> int:
        return sum(map(len, self._queues)) + len(self._delayed) + len(self._behind)

    @property
    def _queues(self) -> tuple[FairQueue, ...]:
        return (self.heavy, self.light, self.idle)

    def put(self, task: Task) -> None:
        """Adds a task, or replaces what was known of it."""
        if task.not_before is not None:
            self._delayed[task.id] = task
        else:
            queue = self.light if task.light else self.idle if task.idle else self.heavy
            queue.put(self._as_wanted(task))

    def put_unknown(self, tasks: Collection[Task]) -> None:
        """Adds those that do not wait here yet."""
        behind = {task.id for task in self._behind}
        for task in tasks:
            if not (task.id in behind or any(task.id in queue for queue in self._queues)):
                self.put(task)

    def take(self, queue: FairQueue, under_way: Collection[Task], tools: Collection[str]) -> Task | None:
        """The next task of a queue that nobody is at already; what is behind another steps aside."""
        owners = Counter(task.plan.owner_id for task in under_way)
        while (task := queue.take(owners, tools)) is not None:
            if not _is_being_made(task, under_way):
                return task
            self._behind.append(task)
        return None

    def release(self, now: datetime) -> None:
        """Lets those have their turn whose time has come, and whoever stood behind another."""
        due = [task for task in self._delayed.values() if task.not_before is None or task.not_before <= now]
        for task in due:
            del self._delayed[task.id]
        self.step_forward()
        for task in due:
            self.put(replace(task, not_before=None))

    def step_forward(self) -> None:
        """Some task has ended: whoever stood behind one may have its turn."""
        behind, self._behind = self._behind, []
        for task in behind:
            self.put(task)

    def hear(self, event: PlaybackChanged) -> None:
        """A viewer is somewhere: what it needs next goes first."""
        self.demands.hear(event)
        if event.makes is not None:
            self._watched.add(event.makes)
            self._heed(event.makes)

    def heed_all(self) -> None:
        """Puts what viewers have left back to where it was."""
        for group in list(self._watched):
            self._heed(group)
            if not self.demands.watched(group, self.clock.now()):
                self._watched.discard(group)

    def steer(self, event: JobControlled) -> None:
        """Someone cancelled a job, or gave it another priority."""
        for queue in self._queues:
            for task in queue.of_job(event.job_id):
                if event.command == "cancel":
                    queue.drop(task.id)
                elif event.command == "priority" and event.priority:
                    queue.put(replace(task, plan=replace(task.plan, priority=event.priority)))

    def _heed(self, group: str) -> None:
        for queue in self._queues:
            for task in queue.of_group(group):
                heeded = self._as_wanted(task)
                if heeded != task:
                    queue.put(heeded)

    def _as_wanted(self, task: Task) -> Task:
        want = self.demands.want(task.made, self.clock.now())
        return replace(task, wanted_at=want.deadline if want else None)


def _is_being_made(task: Task, under_way: Collection[Task]) -> bool:
    makes = task.plan.makes
    return makes is not None and any(o.plan.makes == makes and o.id != task.id for o in under_way)
