"""The worker: claims what is ready and fits, and attempts it.

Every worker is equal. What an attempt is, is told in `attempt.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import structlog

from connectors.brakes import Brakes
from connectors.ports import Clock, Publisher, Tail, Transient
from processors.work.admission import Admission
from processors.work.attempt import Attempt, Desk
from processors.work.demand import Demands
from processors.work.execution import Work
from processors.work.ledger import Ledger
from processors.work.observer import Silent, WorkObserver
from processors.work.tasks import READY, Task
from schemas.events import Event, JobControlled, PlaybackChanged, TaskChanged

log = structlog.get_logger()

TAILED = ("task.changed", "job.controlled", "playback.changed")
"""What workers read along."""

_AGAIN_S = 0.5
_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How a worker takes part."""

    name: str
    scratch: Path
    """Attempts get an empty folder each below this."""
    tools: frozenset[str]
    lease: timedelta = timedelta(seconds=30)
    poll: timedelta = timedelta(seconds=2)
    """How often the ledger is looked at all the same, for what was not heard of."""
    drain: timedelta = timedelta(seconds=5)
    """How long a stopping worker goes on with what it has before it gives it back."""


@dataclass(slots=True)
class Worker:
    """Does tasks until it is stopped."""

    ledger: Ledger
    publisher: Publisher
    tail: Tail
    clock: Clock
    admission: Admission
    works: Mapping[str, Work]
    settings: WorkerSettings
    observer: WorkObserver = field(default_factory=Silent)
    brakes: Brakes = field(default_factory=Brakes)
    """Stops what this worker runs while a viewer waits for something else."""
    demands: Demands = field(default_factory=Demands)
    _attempts: dict[str, Attempt] = field(default_factory=dict)
    """What this worker has, by task."""
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _ready: dict[str, Task] = field(default_factory=dict)
    _telling: set[asyncio.Task[None]] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False

    @property
    def running(self) -> list[Task]:
        """What this worker has now."""
        return [attempt.task for attempt in self._attempts.values()]

    async def run(self) -> None:
        """Works until `stop` is called."""
        shutil.rmtree(self.settings.scratch, ignore_errors=True)
        self.settings.scratch.mkdir(parents=True)
        duties = [asyncio.create_task(self._listen()), asyncio.create_task(self._mind_viewers())]
        try:
            while not self._stopping:
                for duty in duties:
                    if duty.done():
                        duty.result()
                await self._round()
        finally:
            for duty in duties:
                duty.cancel()
            self.brakes.hold(frozenset())
            await self._drain()

    def stop(self) -> None:
        """Claims nothing more; `run` returns once what is under way is done or given back."""
        self._stopping = True
        self._wake.set()

    async def _round(self) -> None:
        try:
            self._ready |= {task.id: task for task in await self.ledger.in_state(READY, 1000)}
            deadline = asyncio.get_running_loop().time() + self.settings.poll.total_seconds()
            await self._claim_what_fits()
            while (left := deadline - asyncio.get_running_loop().time()) > 0 and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._wake.wait()
                self._wake.clear()
                await self._claim_what_fits()
            self._ready.clear()
        except Transient as error:
            log.warning("the worker waits for what it needs", error=str(error))
            await asyncio.sleep(_AGAIN_S)

    async def _claim_what_fits(self) -> None:
        for task in sorted(map(self._as_wanted, self._ready.values()), key=lambda t: t.urgency):
            if self._stopping:
                return
            if task.id in self._attempts or not self._can_do(task):
                continue
            if self.admission.refusal(task, self.running) is None:
                self._ready.pop(task.id, None)
                await self._claim(task)

    def _as_wanted(self, task: Task) -> Task:
        want = self.demands.want(task.made, self.clock.now())
        return replace(task, wanted_at=want.deadline if want else None)

    async def _mind_viewers(self) -> None:
        """Stops heavy work that nobody waits for, as long as someone waits for something else here."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self.demands.changed.wait()
            waited = [task for task in self.running if self._someone_waits(task)]
            others = (task.id for task in self.running if not task.light and task not in waited)
            self.brakes.hold(frozenset(others) if waited else frozenset())

    def _someone_waits(self, task: Task) -> bool:
        want = self.demands.want(task.made, self.clock.now())
        return want is not None and want.waiting

    def _can_do(self, task: Task) -> bool:
        return task.kind in self.works and set(task.plan.tools) <= self.settings.tools

    async def _claim(self, ready: Task) -> None:
        task = await self.ledger.claim(ready.id, ready.epoch, self.settings.name, self.settings.lease)
        if task is None:
            return
        if await self.ledger.is_moot(task):
            await self.ledger.drop(task)
            return
        desk = self._desk()
        attempt = self._attempts[task.id] = Attempt(task, self.works[task.kind], desk)
        self._tell(task.told("running", desk.actor, self.clock.now()))
        running = asyncio.create_task(attempt.run(), name=f"task/{task.id}")
        self._under_way.add(running)
        running.add_done_callback(lambda ended: self._ended(attempt, ended))

    def _ended(self, attempt: Attempt, running: asyncio.Task[None]) -> None:
        self._attempts.pop(attempt.task.id, None)
        self._under_way.discard(running)
        self._wake.set()

    def _desk(self) -> Desk:
        return Desk(
            worker=self.settings.name,
            ledger=self.ledger,
            publisher=self.publisher,
            clock=self.clock,
            observer=self.observer,
            scratch=self.settings.scratch,
            lease=self.settings.lease,
            tell=self._tell,
            brakes=self.brakes,
            demands=self.demands,
        )

    async def _drain(self) -> None:
        """Lets what is under way finish for a moment, then gives it back."""
        if self._under_way:
            _done, left = await asyncio.wait(self._under_way, timeout=self.settings.drain.total_seconds())
            for attempt in left:
                attempt.cancel()
            await asyncio.gather(*left, return_exceptions=True)
        await asyncio.gather(*self._telling, return_exceptions=True)

    async def _listen(self) -> None:
        async for delivery in self.tail.deliveries():
            self._hear(delivery.event)

    def _hear(self, event: Event) -> None:
        match event:
            case TaskChanged(state="ready") if event.plan is not None:
                self._ready[event.task_id] = Task.planned(event, READY)
                self._wake.set()
            case TaskChanged():
                self._ready.pop(event.task_id, None)
            case JobControlled():
                for attempt in self._attempts.values():
                    if attempt.task.job_id == event.job_id:
                        attempt.check()
            case PlaybackChanged():
                self.demands.hear(event)
                self._wake.set()
            case _:
                pass

    def _tell(self, event: Event) -> None:
        telling = asyncio.create_task(self._try_to_tell(event))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _try_to_tell(self, event: Event) -> None:
        with contextlib.suppress(Transient):
            await self.publisher.publish([event])
