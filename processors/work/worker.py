"""The worker: claims what is ready and fits, and attempts it.

Every worker is equal. What an attempt is, is told in `attempt.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import structlog

from connectors.brakes import Brakes
from connectors.ports import Clock, Publisher, Tail, Transient
from processors.work.admission import Admission
from processors.work.attempt import Attempt, Desk
from processors.work.execution import Work
from processors.work.expiry import Expiry
from processors.work.foreman import cooling
from processors.work.giving_way import Load
from processors.work.governor import Governor
from processors.work.ledger import Hold, Ledger
from processors.work.load import LoadMeter
from processors.work.minder import Minder
from processors.work.observer import Silent, WorkObserver
from processors.work.prospects import Prospects
from processors.work.standing import LastOrder, Standing, never_ordered
from processors.work.tasks import READY, Task
from schemas.events import Event, JobControlled, PlaybackChanged, ResourceChanged, TaskChanged
from schemas.workers import DRAIN

log = structlog.get_logger()

TAILED = ("task.changed", "job.controlled", "playback.changed", "resource.changed")
"""What workers read along."""

_AGAIN_S = 0.5
_BORNE_FOR_S = 1.0
_STEERED_FOR_S = 10.0
_EXPECTED_FOR = timedelta(seconds=2)
"""Whoever claims a task that someone waits for has done so by then, or cannot."""


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
    last_order: LastOrder = never_ordered
    """Says what this worker was ordered before it started; nothing is claimed until that is known."""
    minder: Minder = field(init=False)
    standing: Standing = field(init=False)
    meter: Callable[[], Load] | None = None
    """Measures the machine; without one, the real thing does."""
    governor: Governor = field(init=False)
    _attempts: dict[str, Attempt] = field(default_factory=dict)
    """What this worker has, by task."""
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)
    _prospects: Prospects = field(init=False)
    _telling: set[asyncio.Task[None]] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _borne_at: float = -_BORNE_FOR_S
    """When this worker was last found not to be set aside."""
    _steered: dict[str, float] = field(default_factory=dict)
    """The jobs that someone steered a moment ago, and when."""
    _inherited: bool = False
    """Whether nothing is left that an earlier process of this name had."""
    _stopping: bool = False

    def __post_init__(self) -> None:
        self.standing = Standing(self.settings.name)
        places = self.admission.limits.max_jobs
        self.minder = Minder(
            self.clock, self._attempts, self.standing, places, brakes=self.brakes, expects=self._expects
        )
        self._prospects = Prospects(self.clock, self.minder.demands)
        meter = self.meter or LoadMeter(lambda: self.brakes.groups)
        self.governor = Governor(self.minder, self.admission.limits, meter)

    @property
    def drained(self) -> bool:
        """Whether it was to finish what it had, and has."""
        return self.standing.order == DRAIN and not self._attempts

    @property
    def running(self) -> list[Task]:
        """What this worker has now."""
        return [attempt.task for attempt in self._attempts.values()]

    async def run(self) -> None:
        """Works until `stop` is called."""
        shutil.rmtree(self.settings.scratch, ignore_errors=True)
        self.settings.scratch.mkdir(parents=True)
        beside = (self._learn(), self._listen(), self.minder.run(), self.governor.run())
        duties = [asyncio.create_task(duty) for duty in beside]
        try:
            while not self._stopping:
                for duty in duties:
                    if duty.done():
                        duty.result()
                await self._round()
        finally:
            for duty in duties:
                duty.cancel()
            self.minder.let_all_go()
            await self._drain()

    def stop(self) -> None:
        """Claims nothing more; `run` returns once what is under way is done or given back."""
        self._stopping = True
        self._wake.set()

    async def _inherit(self) -> None:
        """What an earlier process of this name had when it was killed goes back at once."""
        if not self._inherited:
            await Expiry(self.ledger, self.clock, self.observer).take_back_from(self.settings.name)
            self._inherited = True

    async def _learn(self) -> None:
        await self.standing.learn(self.last_order)
        self._wake.set()

    async def _round(self) -> None:
        try:
            await self._inherit()
            self._prospects.let_in(await self.ledger.in_state(READY, 1000))
            deadline = asyncio.get_running_loop().time() + self.settings.poll.total_seconds()
            await self._claim_what_fits()
            while (left := deadline - asyncio.get_running_loop().time()) > 0 and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._wake.wait()
                self._wake.clear()
                await self._claim_what_fits()
            self._prospects.let_none_in()
        except Transient as error:
            log.warning("the worker waits for what it needs", error=str(error))
            await asyncio.sleep(_AGAIN_S)

    async def _claim_what_fits(self) -> None:
        while fitting := self._fitting():
            bearable, incarnation = await asyncio.gather(self._bearable(fitting), self.ledger.incarnation())
            for task in bearable:
                self._prospects.drop(task.id)
            if incarnation is None or not bearable:
                return
            await asyncio.gather(*(self._claim(task, incarnation) for task in bearable))

    def _fitting(self) -> list[Task]:
        """What is ready and may begin beside what runs, the most urgent first; where someone waits for some
        of it, that alone, and the rest after it.
        """
        fitting: list[Task] = []
        if self._stopping or not self.standing.takes_work:
            return fitting
        for task in sorted(self._prospects, key=lambda t: t.urgency):
            beside = [*self.minder.placed, *fitting]
            if task.id in self._attempts or not self._can_do(task) or self.minder.would_stop(task, beside):
                continue
            if self.admission.refusal(task, beside) is None:
                fitting.append(task)
        return [task for task in fitting if task.awaited] or fitting

    async def _bearable(self, fitting: list[Task]) -> list[Task]:
        """Those that the leader lets this worker have: none while it is set aside, one when it has cooled."""
        now = asyncio.get_running_loop().time()
        if not fitting or now - self._borne_at < _BORNE_FOR_S:
            return fitting
        found = await cooling(self.ledger.database, self.settings.name)
        if found is None:
            self._borne_at = now
            return fitting
        return fitting[:1] if found.admits(await self.ledger.now(), len(self._attempts)) else []

    def _expects(self) -> bool:
        """Whether someone has just begun to wait for something that may begin here."""
        if not self.standing.takes_work:
            return False
        since = self.clock.now() - _EXPECTED_FOR
        expected = [task for task in self._prospects if task.awaited and self._can_do(task)]
        return any(task.wanted_at and task.wanted_at > since for task in expected)

    def _can_do(self, task: Task) -> bool:
        return task.kind in self.works and set(task.plan.tools) <= self.settings.tools

    async def _claim(self, found: Task, incarnation: str) -> None:
        task = await self._claimed(found, incarnation)
        if task is None:
            return
        wanted = await self.ledger.wanted(task)
        if wanted is Hold.CANCELLED:
            await self.ledger.drop(task)
        elif wanted is Hold.PAUSED and self.minder.as_wanted(task).wanted_at is None:
            if await self.ledger.release(task):
                self._tell(task.told("released", self._desk().actor, self.clock.now()))
        else:
            self._begin(task, job_paused=wanted is Hold.PAUSED)

    async def _claimed(self, found: Task, incarnation: str) -> Task | None:
        name, lease = self.settings.name, self.settings.lease
        if found.state == READY:
            return await self.ledger.claim(found.id, found.epoch, name, lease, incarnation)
        return await self.ledger.claim_planned(found, name, lease, incarnation)

    def _begin(self, task: Task, *, job_paused: bool) -> None:
        desk = self._desk()
        attempt = self._attempts[task.id] = Attempt(task, self.works[task.kind], desk, job_paused)
        self.minder.look()
        self._tell(task.told("running", desk.actor, self.clock.now()))
        if self._was_steered(task.job_id):
            attempt.check()
        running = asyncio.create_task(attempt.run(), name=f"task/{task.id}")
        self._under_way.add(running)
        running.add_done_callback(lambda ended: self._ended(attempt, ended))

    def _was_steered(self, job_id: str) -> bool:
        """Whether someone steered a job a moment ago: what is claimed just then may be wanted no more."""
        since = asyncio.get_running_loop().time() - _STEERED_FOR_S
        self._steered = {id: at for id, at in self._steered.items() if at > since}
        return job_id in self._steered

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
            demands=self.minder.demands,
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
            case TaskChanged() if self._prospects.hear(event):
                self.minder.look()
                self._wake.set()
            case JobControlled():
                self._prospects.steer(event)
                self._steered[event.job_id] = asyncio.get_running_loop().time()
                for attempt in self._attempts.values():
                    if attempt.task.job_id == event.job_id:
                        attempt.check()
            case PlaybackChanged():
                self.minder.demands.hear(event)
                self._wake.set()
            case ResourceChanged():
                self.standing.hear(event)
                self.minder.look()
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
