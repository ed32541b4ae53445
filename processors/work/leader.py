"""The leader coordinates and never works: it lets tasks in, takes back what died, tells the untold.

A stopped leader that wakes still believes that it leads. So each of its acts is a compare-and-set on a
deterministic id, harmless when two leaders act. With no leader, the window drains and running work goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from connectors.ports import Clock, Publisher, Tail, Transient
from processors.work import crew, rescue
from processors.work.crew import Crew
from processors.work.jobs import open_jobs
from processors.work.ledger import Ledger
from processors.work.line import Line
from processors.work.observer import Silent, WorkObserver
from processors.work.queue import FairQueue
from processors.work.rescue import Signs
from processors.work.stuck import stuck
from processors.work.tasks import DEAD, NOW, READY, RUNNING, WAITING, Task
from schemas.events import (
    Event,
    JobControlled,
    PlaybackChanged,
    ServiceBeat,
    TaskChanged,
    TaskPlan,
    TranscodeProgress,
    to_millis,
)

log = structlog.get_logger()

TAILED = ("task.changed", "job.controlled", "service.beat", "playback.changed", "transcode.progress")
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
    _line: Line = field(init=False)
    _under_way: dict[str, Task] = field(default_factory=dict)
    _to_look_up: set[str] = field(default_factory=set)
    _untold: set[str] = field(default_factory=set)
    _crew: Crew = field(default_factory=Crew)
    _signs: Signs = field(default_factory=lambda: Signs({}, {}))
    _suspected: frozenset[str] = frozenset()
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _rescan_at: float = 0.0
    stuck: Mapping[str, str] = field(default_factory=dict)
    """The jobs that stand still, and why."""
    leading: bool = False
    """Whether the last look found this process to be the leader; for the status page."""

    def __post_init__(self) -> None:
        self._line = Line(self.clock)

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
        self._line = Line(self.clock, self._line.demands)
        await self._rescan()
        self.leading = True
        log.info("this process leads", waiting=len(self._line))
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
        self._line.release(now)
        self._line.heed_all()
        await self._rescue()
        if asyncio.get_running_loop().time() > self._rescan_at:
            await self._rescan()
            await self._look_for_stuck(now)
        await self.fill()

    def _show(self, now: datetime, ready: list[Task], running: list[Task]) -> None:
        counts = {WAITING: len(self._line), READY: len(ready), RUNNING: len(running)}
        oldest = min((task.created_at for task in ready), default=now)
        self.observer.tasks(counts, max(0.0, (now - oldest).total_seconds()))

    async def _rescan(self) -> None:
        """Takes in what waits and was not heard of, whatever the reason."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._line.put_unknown(await self.ledger.in_state(WAITING))
        self._rescan_at = loop.time() + max(_RESCAN_S, _RESCAN_SHARE * (loop.time() - began))

    async def _look_for_stuck(self, now: datetime) -> None:
        """Says of each job that stood still at this look and the one before that it does, once."""
        tasks = [*self._line, *self._under_way.values()]
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
        line = self._line
        for queue, bounded in ((line.light, False), (line.heavy, True), (line.idle, True)):
            while (task := self._line.take(queue, self._under_way.values(), tools)) is not None:
                if bounded and not self._room_for(task):
                    queue.put(task)
                    break
                if await self._admit(task, queue):
                    admitted.append(task.told(READY, _ACTOR, self.clock.now(), plan=_shown(task)))
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
        rank = task.urgency[0]
        before = [
            other
            for other in self._under_way.values()
            if other.state == READY
            and (other.light, other.idle) == (False, task.idle)
            and other.urgency[0] <= rank
        ]
        return task.wanted_at is not None or len(before) < self._window()

    def _window(self) -> int:
        return self.settings.window_per_slot * self._crew.slots(self.clock.now()) + _SPARE_WINDOW

    async def _rescue(self) -> None:
        """Has a second worker do what a viewer waits for and a silent one has."""
        now = self.clock.now()
        late = rescue.late(self._line.demands.waited_for(now), self._under_way.values(), self._signs, now)
        spares = [task.again(plan, _ACTOR, now) for task, plan in late]
        known = {task.id for task in (*self._under_way.values(), *self._line)}
        new = [event for event in spares if event.task_id not in known]
        if new:
            log.warning("a second worker takes over for a viewer", tasks=[event.task_id for event in new])
            await self.publisher.publish(new)

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
                self._line.put(task)

    async def _listen(self) -> None:
        async for delivery in self.tail.deliveries():
            self._hear(delivery.event)

    def _hear(self, event: Event) -> None:
        match event:
            case TaskChanged():
                self._moved(event)
            case JobControlled():
                self._line.steer(event)
            case PlaybackChanged():
                self._line.hear(event)
            case ServiceBeat(service=crew.SERVICE):
                self._crew.hear(event)
            case TranscodeProgress():
                self._progressed(event)
                return
            case _:
                return
        self._wake.set()

    def _moved(self, event: TaskChanged) -> None:
        match event.state:
            case "planned":
                self._line.put(Task.planned(event))
            case "failed" | "expired" | "released":
                self._under_way.pop(event.task_id, None)
                self._to_look_up.add(event.task_id)
            case "running" if event.task_id in self._under_way:
                self._signs.heard_at[event.task_id] = event.meta.occurred_at
                begun = replace(self._under_way[event.task_id], state=RUNNING)
                self._under_way[event.task_id] = begun
            case "completed" | "dead" | "cancelled":
                self._under_way.pop(event.task_id, None)
                self._signs.heard_at.pop(event.task_id, None)
                self._line.step_forward()

    def _progressed(self, event: TranscodeProgress) -> None:
        self._signs.hear(event)
        for each in event.stored:
            self._line.demands.stored(each.rendition, each.segment)


def _shown(task: Task) -> TaskPlan:
    """The plan as those who hear of it should see it now."""
    if task.wanted_at is None:
        return task.plan
    return replace(task.plan, priority=NOW, deadline_at=to_millis(task.wanted_at))
