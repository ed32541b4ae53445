"""The leader coordinates and never works: it lets tasks in, takes back what died, tells the untold.

A stopped leader that wakes still believes that it leads. So each of its acts is a compare-and-set on a
deterministic id, harmless when two leaders act. With no leader, the window drains and running work goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from connectors.ports import Clock, Publisher, Tail, Transient
from processors.work import crew, rescue
from processors.work.conduct import Conduct, Cooling
from processors.work.crew import Crew
from processors.work.expiry import Expiry
from processors.work.foreman import Foreman
from processors.work.jobs import paused_jobs
from processors.work.ledger import Ledger
from processors.work.line import Line
from processors.work.observer import Silent, WorkObserver
from processors.work.queue import FairQueue
from processors.work.rescue import Signs
from processors.work.rest import rest
from processors.work.schedules import Schedules
from processors.work.stuck import Standstill
from processors.work.tasks import READY, RUNNING, WAITING, Task
from processors.work.untold import Untold
from processors.work.window import room_for
from schemas.events import (
    Event,
    JobControlled,
    PlaybackChanged,
    ResourceChanged,
    ServiceBeat,
    TaskChanged,
    TranscodeProgress,
)

log = structlog.get_logger()

TAILED = (
    "task.changed",
    "job.controlled",
    "service.beat",
    "playback.changed",
    "transcode.progress",
    "resource.changed",
)
"""What the leader reads along."""

_ACTOR = "service:ledger"
_SPARE_WINDOW = 2
_AT_ONCE = 16
"""So many tasks are let in together: nobody who waits for one waits for many."""
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
    bearable_failures: int = 5
    """A worker that fails so many tasks in a row is set aside."""
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
    _untold: Untold = field(init=False)
    _foreman: Foreman = field(init=False)
    _crew: Crew = field(default_factory=Crew)
    _signs: Signs = field(default_factory=lambda: Signs({}, {}))
    _standstill: Standstill = field(init=False)
    _expiry: Expiry = field(init=False)
    _schedules: Schedules = field(init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _rescan_at: float = 0.0
    leading: bool = False
    """Whether the last look found this process to be the leader; for the status page."""

    def __post_init__(self) -> None:
        self._line = Line(self.clock)
        self._untold = Untold(self.ledger, self.publisher)
        self._schedules = Schedules(self.ledger, self.publisher)
        self._standstill = Standstill(self.ledger, self.observer, self.settings.patience)
        self._expiry = Expiry(self.ledger, self.clock, self.observer)
        conduct = Conduct(self.settings.bearable_failures)
        self._foreman = Foreman(self.ledger.database, self.observer, conduct)

    @property
    def stuck(self) -> Mapping[str, str]:
        """The jobs that stand still, and why."""
        return self._standstill.found

    @property
    def aside(self) -> list[Cooling]:
        """The workers that are set aside."""
        return sorted(self._foreman.aside.values(), key=lambda one: one.worker)

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
        await rest(self.settings.tick, self._wake, self._fill_if_leading)

    async def _fill_if_leading(self) -> None:
        if self.leading:
            await self.fill()

    async def take_over(self) -> None:
        """Learns what there is. Nothing is assumed of what the last leader did."""
        self._line = Line(self.clock, self._line.demands)
        self._foreman.forget()
        self._schedules.forget()
        await self._rescan()
        self.leading = True
        log.info("this process leads", waiting=len(self._line))
        await self.tick()

    async def tick(self) -> None:
        """One round of the leader's duties."""
        now = await self.ledger.now()
        running = await self.ledger.in_state(RUNNING)
        self._to_look_up |= await self._expiry.take_back(running, now)
        ready = await self.ledger.in_state(READY)
        let_in, self._under_way = self._under_way, {task.id: task for task in [*running, *ready]}
        self._to_look_up |= let_in.keys() - self._under_way.keys()
        self._line.hold(await paused_jobs(self.ledger))
        self._show(now, ready, running)
        await self._untold.tell()
        await self._foreman.look()
        self._line.release(now)
        self._line.heed_all()
        await self._rescue()
        if asyncio.get_running_loop().time() > self._rescan_at:
            await self._rescan()
            await self._standstill.look([*self._line, *self._under_way.values()], self._tools(), now)
        await self._schedules.heed(now)
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

    async def fill(self) -> None:
        """Lets tasks in while there is room, the light ones always. Raises what kept some of them out."""
        await self._look_up()
        while chosen := self._next():
            await self._let_in([each for each in chosen if each[0].awaited])
            await self._let_in([each for each in chosen if not each[0].awaited])

    async def _let_in(self, chosen: Sequence[tuple[Task, FairQueue]]) -> None:
        """Lets tasks in and tells of them. Raises what kept some of them out."""
        answers = await asyncio.gather(*(self._admit(*each) for each in chosen), return_exceptions=True)
        admitted = [answer for answer in answers if isinstance(answer, TaskChanged)]
        if admitted:
            await self.publisher.publish(admitted)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    def _next(self) -> list[tuple[Task, FairQueue]]:
        """Some tasks that there is room for, each taken from its queue."""
        chosen: list[tuple[Task, FairQueue]] = []
        tools, line, size = self._tools(), self._line, self._window()
        for queue, bounded in ((line.light, False), (line.heavy, True), (line.idle, True)):
            while len(chosen) < _AT_ONCE:
                task = self._line.take(queue, self._under_way.values(), tools)
                if task is None:
                    break
                if bounded and not room_for(task, self._under_way.values(), size):
                    queue.put(task)
                    break
                self._under_way[task.id] = replace(task, state=READY)
                chosen.append((task, queue))
        return chosen

    async def _admit(self, task: Task, queue: FairQueue) -> TaskChanged | None:
        """What there is to tell of a task that was let in; None where it does not wait any more."""
        try:
            if await self.ledger.admit(task):
                return task.told(READY, _ACTOR, self.clock.now(), plan=task.shown)
        except Transient:
            self._under_way.pop(task.id, None)
            queue.put(task)
            raise
        self._under_way.pop(task.id, None)
        self._to_look_up.add(task.id)
        return None

    async def _rescue(self) -> None:
        """Has a second worker do what a viewer waits for and a silent one has."""
        now = self.clock.now()
        heads = self._line.demands.waited_for(now)
        new = rescue.spares(heads, list(self._under_way.values()), list(self._line), self._signs, now)
        if new:
            log.warning("a second worker takes over for a viewer", tasks=[event.task_id for event in new])
            await self.publisher.publish(new)

    def _window(self) -> int:
        return self.settings.window_per_slot * self._crew.slots(self.clock.now()) + _SPARE_WINDOW

    def _tools(self) -> frozenset[str]:
        return self._crew.tools(self.clock.now())

    async def _look_up(self) -> None:
        """Takes back into the queue what a worker gave up, and what is not as it was heard of."""
        ids, self._to_look_up = self._to_look_up, set()
        for id in ids:
            task = await self.ledger.get(id)
            if task is not None and task.state == WAITING:
                self._line.put(task)
            elif task is not None and task.state in (READY, RUNNING):
                self._under_way[id] = task

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
            case ResourceChanged():
                self._foreman.ordered(event)
            case TranscodeProgress():
                self._progressed(event)
                return
            case _:
                return
        self._wake.set()

    def _moved(self, event: TaskChanged) -> None:
        self._foreman.hear(event, self._under_way.get(event.task_id))
        match event.state:
            case "planned":
                self._line.put(Task.planned(event))
            case "failed" | "expired" | "released":
                self._under_way.pop(event.task_id, None)
                self._to_look_up.add(event.task_id)
            case "running":
                self._begun(event)
            case "completed" | "dead" | "cancelled":
                self._under_way.pop(event.task_id, None)
                self._signs.heard_at.pop(event.task_id, None)
                self._line.step_forward()

    def _begun(self, event: TaskChanged) -> None:
        """A worker has it: one that was let in, or one that a viewer waits for and nobody had to let in."""
        begun = self._under_way.get(event.task_id) or self._line.drop(event.task_id)
        if begun is not None:
            self._signs.heard_at[event.task_id] = event.meta.occurred_at
            self._under_way[event.task_id] = replace(begun, state=RUNNING)

    def _progressed(self, event: TranscodeProgress) -> None:
        self._signs.hear(event)
        for each in event.stored:
            self._line.demands.stored(each.rendition, each.segment)
