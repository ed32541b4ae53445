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
    _paused: frozenset[str] = frozenset()
    """The jobs that are held back."""
    _held: dict[str, Task] = field(default_factory=dict)
    """What belongs to them, but for what a viewer wants."""
    _watched: set[str] = field(default_factory=set)
    """The groups of renditions that viewers asked for."""

    def __iter__(self) -> Iterator[Task]:
        for queue in self._queues:
            yield from queue
        yield from (*self._delayed.values(), *self._behind, *self._held.values())

    def __len__(self) -> int:
        return sum(map(len, self._queues)) + len(self._delayed) + len(self._behind) + len(self._held)

    @property
    def _queues(self) -> tuple[FairQueue, ...]:
        return (self.heavy, self.light, self.idle)

    def put(self, task: Task) -> None:
        """Adds a task, or replaces what was known of it."""
        self._held.pop(task.id, None)
        queue = self.light if task.light else self.idle if task.idle else self.heavy
        if task.not_before is not None:
            self._delayed[task.id] = task
            return
        task = self._as_wanted(task)
        if task.job_id in self._paused and task.wanted_at is None:
            queue.drop(task.id)
            self._held[task.id] = task
        else:
            queue.put(task)

    def put_unknown(self, tasks: Collection[Task]) -> None:
        """Adds those that do not wait here yet."""
        behind = {task.id for task in self._behind}
        for task in tasks:
            if not (task.id in behind or any(task.id in queue for queue in self._queues)):
                self.put(task)

    def drop(self, task_id: str) -> Task | None:
        """Takes a task out, if it waits here."""
        behind = next((task for task in self._behind if task.id == task_id), None)
        if behind is not None:
            self._behind.remove(behind)
        waits = [queue.drop(task_id) for queue in self._queues]
        known = [*waits, self._delayed.pop(task_id, None), self._held.pop(task_id, None), behind]
        return next((task for task in known if task is not None), None)

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

    def hold(self, jobs: frozenset[str]) -> None:
        """Holds back what belongs to these jobs and no viewer wants, and nothing else any more."""
        new, self._paused = jobs - self._paused, jobs
        held = [task for task in self._held.values() if task.job_id not in jobs]
        for task in [*held, *(t for queue in self._queues for job in new for t in queue.of_job(job))]:
            self.put(task)

    def steer(self, event: JobControlled) -> None:
        """Someone steered a job. What is paused goes on when the ledger says so, and not before."""
        if event.command == "pause":
            self.hold(self._paused | {event.job_id})
        if event.command == "cancel":
            for task in [task for task in self._held.values() if task.job_id == event.job_id]:
                del self._held[task.id]
        for queue in self._queues:
            for task in queue.of_job(event.job_id):
                if event.command == "cancel":
                    queue.drop(task.id)
                elif event.command == "priority" and event.priority:
                    queue.put(replace(task, plan=replace(task.plan, priority=event.priority)))

    def _heed(self, group: str) -> None:
        held = [task for task in self._held.values() if task.made and task.made.group == group]
        for task in [*held, *(task for queue in self._queues for task in queue.of_group(group))]:
            if self._as_wanted(task) != task:
                self.put(task)

    def _as_wanted(self, task: Task) -> Task:
        return task.wanted(self.demands.want(task.made, self.clock.now()))


def _is_being_made(task: Task, under_way: Collection[Task]) -> bool:
    makes = task.plan.makes
    return makes is not None and any(o.plan.makes == makes and o.id != task.id for o in under_way)
