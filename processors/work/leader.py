"""The leader coordinates and never works: it lets tasks in, takes back what died, tells the untold.

A stopped leader that wakes still believes that it leads. So each of its acts is a compare-and-set on a
deterministic id, harmless when two leaders act. With no leader, the window drains and running work goes on.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from connectors.ports import Clock, Publisher, Tail, Transient
from processors.work import crew
from processors.work.crew import Crew
from processors.work.jobs import open_jobs
from processors.work.ledger import Ledger
from processors.work.observer import Silent, WorkObserver
from processors.work.queue import FairQueue
from processors.work.stuck import stuck
from processors.work.tasks import DEAD, READY, RUNNING, WAITING, Task, priority_class
from schemas.events import Event, JobControlled, ServiceBeat, TaskChanged

log = structlog.get_logger()

TAILED = ("task.changed", "job.controlled", "service.beat")
"""What the leader reads along."""

_ACTOR = "service:ledger"
_SPARE_WINDOW = 2
_RESCAN_S = 30.0
_RESCAN_SHARE = 20
"""A look at everything that waits takes at most one part in this many of the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderSettings:
    """How the leader keeps order."""

    tick: timedelta = timedelta(seconds=1)
    """How often leases, retries and outboxes are looked at; tasks are let in as soon as there is room."""
    window_per_slot: int = 2
    """How many ready tasks there are for each place on a worker."""
    patience: timedelta = timedelta(minutes=1)
    """How long a job may stand still before the leader says so."""


@dataclass(slots=True)
class Leader:
    """The leader's duties, done while `leads` says so."""

    ledger: Ledger
    publisher: Publisher
    tail: Tail
    clock: Clock
    leads: Callable[[], bool]
    settings: LeaderSettings = field(default_factory=LeaderSettings)
    observer: WorkObserver = field(default_factory=Silent)
    _waiting: FairQueue = field(default_factory=FairQueue)
    _light: FairQueue = field(default_factory=FairQueue)
    _under_way: dict[str, Task] = field(default_factory=dict)
    _delayed: dict[str, Task] = field(default_factory=dict)
    _to_look_up: set[str] = field(default_factory=set)
    _untold: set[str] = field(default_factory=set)
    _crew: Crew = field(default_factory=Crew)
    _suspected: frozenset[str] = frozenset()
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _rescan_at: float = 0.0
    stuck: Mapping[str, str] = field(default_factory=dict)
    """The jobs that stand still, and why."""
    leading: bool = False
    """Whether the last look found this process to be the leader; for the status page."""

    async def run(self) -> None:
        """Never ends; errors that may pass are logged and met with another round."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                if listening.done():
                    listening.result()
                await self._round()
        finally:
            listening.cancel()

    async def _round(self) -> None:
        try:
            if not self.leads() or await self.ledger.incarnation() is None:
                self.leading = False
            elif self.leading:
                await self.tick()
            else:
                await self.take_over()
        except Transient as error:
            log.warning("the leader waits for what it needs", error=str(error))
        await self._rest()

    async def _rest(self) -> None:
        """Waits for the next tick, letting tasks in as they come."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self.settings.tick.total_seconds()
        while (left := until - loop.time()) > 0:
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                return
            self._wake.clear()
            if self.leading:
                try:
                    await self.fill()
                except Transient as error:
                    log.warning("tasks wait to be let in", error=str(error))
                    return

    async def take_over(self) -> None:
        """Learns what there is. Nothing is assumed of what the last leader did."""
        self._waiting, self._light = FairQueue(), FairQueue()
        self._delayed.clear()
        await self._rescan()
        self.leading = True
        log.info("this process leads", waiting=len(self._waiting) + len(self._light))
        await self.tick()

    async def tick(self) -> None:
        """One round of the leader's duties."""
        now = await self.ledger.now()
        running = await self.ledger.in_state(RUNNING)
        await self._expire([t for t in running if t.lease_until is not None and t.lease_until < now])
        ready = await self.ledger.in_state(READY)
        self._under_way = {task.id: task for task in [*running, *ready]}
        self._show(now, ready, running)
        await self._tell_untold()
        self._release_due(now)
        if asyncio.get_running_loop().time() > self._rescan_at:
            await self._rescan()
            await self._look_for_stuck(now)
        await self.fill()

    def _show(self, now: datetime, ready: list[Task], running: list[Task]) -> None:
        waiting = len(self._waiting) + len(self._light) + len(self._delayed)
        counts = {WAITING: waiting, READY: len(ready), RUNNING: len(running)}
        oldest = min((task.created_at for task in ready), default=now)
        self.observer.tasks(counts, max(0.0, (now - oldest).total_seconds()))

    async def _rescan(self) -> None:
        """Takes in what waits and was not heard of, whatever the reason."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for task in await self.ledger.in_state(WAITING):
            if task.id not in self._waiting and task.id not in self._light:
                self._enqueue(task)
        self._rescan_at = loop.time() + max(_RESCAN_S, _RESCAN_SHARE * (loop.time() - began))

    async def _look_for_stuck(self, now: datetime) -> None:
        """Says of each job that stood still at this look and the one before that it does, once."""
        tasks = [*self._waiting, *self._light, *self._delayed.values(), *self._under_way.values()]
        tools = self._crew.tools(self.clock.now())
        found = stuck(await open_jobs(self.ledger), tasks, tools, now, self.settings.patience)
        still = {job_id: reason for job_id, reason in found.items() if job_id in self._suspected}
        for job_id in still.keys() - self.stuck.keys():
            log.error("a job stands still", job=job_id, why=still[job_id])
        self._suspected, self.stuck = frozenset(found), still
        self.observer.stuck(len(still))

    async def fill(self) -> None:
        """Lets tasks in while there is room, the light ones always."""
        await self._look_up()
        admitted: list[Event] = []
        tools = self._crew.tools(self.clock.now())
        for queue, bounded in ((self._light, False), (self._waiting, True)):
            while (task := queue.take(self._owners(), tools)) is not None:
                if bounded and not self._room_for(task):
                    queue.put(task)
                    break
                if await self._admit(task, queue):
                    admitted.append(task.told(READY, _ACTOR, self.clock.now(), plan=task.plan))
        if admitted:
            await self.publisher.publish(admitted)

    async def _admit(self, task: Task, queue: FairQueue) -> bool:
        try:
            admitted = await self.ledger.admit(task)
        except Transient:
            queue.put(task)
            raise
        if admitted:
            self._under_way[task.id] = replace(task, state=READY)
        return admitted

    def _room_for(self, task: Task) -> bool:
        """Less urgent tasks in the window never keep a more urgent one out."""
        rank = priority_class(task.plan.priority)
        before = [
            other
            for other in self._under_way.values()
            if other.state == READY and not other.light and priority_class(other.plan.priority) <= rank
        ]
        return len(before) < self._window()

    def _window(self) -> int:
        return self.settings.window_per_slot * self._crew.slots(self.clock.now()) + _SPARE_WINDOW

    def _owners(self) -> Counter[str]:
        return Counter(task.plan.owner_id for task in self._under_way.values())

    def _enqueue(self, task: Task) -> None:
        if task.not_before is not None:
            self._delayed[task.id] = task
        else:
            (self._light if task.light else self._waiting).put(task)

    def _release_due(self, now: datetime) -> None:
        for task in [t for t in self._delayed.values() if t.not_before is None or t.not_before <= now]:
            del self._delayed[task.id]
            self._enqueue(replace(task, not_before=None))

    async def _expire(self, overdue: list[Task]) -> None:
        for task in overdue:
            failed = replace(task, attempts=task.attempts + 1)
            dead = failed.attempts >= task.plan.max_attempts
            reason = f"{task.worker} went silent while it worked on this"
            event = failed.told(
                DEAD if dead else "expired", _ACTOR, self.clock.now(), code="worker_lost", error=reason
            )
            if await self.ledger.expire(task, event):
                log.warning("lease expired", task=task.id, worker=task.worker, epoch=task.epoch)
                self.observer.expired()
                self._to_look_up.add(task.id)

    async def _tell_untold(self) -> None:
        """Publishes what is still in an outbox a whole tick after it was first seen there."""
        found = await self.ledger.outboxes()
        overdue = [told for told in found if told.event.meta.event_id in self._untold]
        if overdue:
            await self.publisher.publish([told.event for told in overdue])
            for told in overdue:
                await self.ledger.settle(told)
        self._untold = {told.event.meta.event_id for told in found}

    async def _look_up(self) -> None:
        """Takes back into the queue what a worker gave up."""
        ids, self._to_look_up = self._to_look_up, set()
        for id in ids:
            task = await self.ledger.get(id)
            if task is not None and task.state == WAITING:
                self._enqueue(task)

    async def _listen(self) -> None:
        async for delivery in self.tail.deliveries():
            self._hear(delivery.event)

    def _hear(self, event: Event) -> None:
        match event:
            case TaskChanged(state="planned"):
                self._enqueue(Task.planned(event))
            case TaskChanged(state="failed" | "expired" | "released"):
                self._under_way.pop(event.task_id, None)
                self._to_look_up.add(event.task_id)
            case TaskChanged(state="running") if event.task_id in self._under_way:
                begun = replace(self._under_way[event.task_id], state=RUNNING)
                self._under_way[event.task_id] = begun
            case TaskChanged(state="completed" | "dead" | "cancelled"):
                self._under_way.pop(event.task_id, None)
            case JobControlled():
                self._steer(event)
            case ServiceBeat(service=crew.SERVICE):
                self._crew.hear(event)
            case _:
                return
        self._wake.set()

    def _steer(self, event: JobControlled) -> None:
        for queue in (self._waiting, self._light):
            for task in queue.of_job(event.job_id):
                if event.command == "cancel":
                    queue.drop(task.id)
                elif event.command == "priority" and event.priority:
                    queue.put(replace(task, plan=replace(task.plan, priority=event.priority)))
