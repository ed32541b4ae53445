"""The worker: claims what is ready and fits, does it under a lease, and tells how it ended.

Every worker is equal. A claim that is lost ends the attempt at once, process group and all; what was done by
then is worth nothing, for the fence refuses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import structlog

from connectors.ports import Clock, Publisher, Tail, Transient
from processors.work.admission import Admission
from processors.work.execution import ClaimLost, Execution, TaskFailed, Work
from processors.work.ledger import TASKS, Hold, Ledger, Told
from processors.work.observer import Silent, WorkObserver
from processors.work.tasks import COMPLETED, DEAD, READY, Task
from schemas.events import Event, JobControlled, TaskChanged

log = structlog.get_logger()

T = TypeVar("T")

TAILED = ("task.changed", "job.controlled")
"""What workers read along."""

_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 60.0
_AGAIN_S = 0.5


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
    running: dict[str, Task] = field(default_factory=dict)
    """What this worker has, by task."""
    _attempts: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _checks: dict[str, asyncio.Event] = field(default_factory=dict)
    _ready: dict[str, Task] = field(default_factory=dict)
    _telling: set[asyncio.Task[None]] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False

    async def run(self) -> None:
        """Works until `stop` is called."""
        shutil.rmtree(self.settings.scratch, ignore_errors=True)
        self.settings.scratch.mkdir(parents=True)
        listening = asyncio.create_task(self._listen())
        try:
            while not self._stopping:
                if listening.done():
                    listening.result()
                await self._round()
        finally:
            listening.cancel()
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
        for task in sorted(self._ready.values(), key=lambda t: t.urgency):
            if self._stopping:
                return
            if task.id in self.running or not self._can_do(task):
                continue
            if self.admission.refusal(task, self.running.values()) is None:
                self._ready.pop(task.id, None)
                await self._claim(task)

    def _can_do(self, task: Task) -> bool:
        return task.kind in self.works and set(task.plan.tools) <= self.settings.tools

    async def _claim(self, ready: Task) -> None:
        task = await self.ledger.claim(ready.id, ready.epoch, self.settings.name, self.settings.lease)
        if task is None:
            return
        if await self.ledger.is_moot(task):
            await self.ledger.drop(task)
            return
        self.running[task.id] = task
        self._checks[task.id] = asyncio.Event()
        self._tell(task.told("running", self._actor, self.clock.now()))
        self._attempts[task.id] = asyncio.create_task(self._attempt(task), name=f"task/{task.id}")

    async def _attempt(self, task: Task) -> None:
        """One claim from beginning to end; never raises."""
        folder = self.settings.scratch / f"{task.id}.{task.epoch}"
        log.info("begins", task=task.id, kind=task.kind, job=task.job_id, epoch=task.epoch)
        try:
            folder.mkdir()
            await self._under_lease(task, folder)
        except asyncio.CancelledError:
            await self._give_back(task)
        except ClaimLost as lost:
            self.observer.attempt(task.kind, "lost")
            log.warning("claim lost", task=task.id, epoch=task.epoch, why=str(lost))
        except Exception:
            log.exception("attempt ended unexpectedly", task=task.id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            for table in (self.running, self._attempts, self._checks):
                table.pop(task.id, None)
            self._wake.set()

    async def _under_lease(self, task: Task, folder: Path) -> None:
        """Does the task while its lease is kept. Raises ClaimLost."""
        doing = asyncio.create_task(self._do_and_tell(task, folder))
        keeping = asyncio.create_task(self._keep_lease(task))
        try:
            await asyncio.wait((doing, keeping), return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                keeping.result()
            await doing
        finally:
            for each in (doing, keeping):
                each.cancel()
            await asyncio.gather(doing, keeping, return_exceptions=True)

    async def _keep_lease(self, task: Task) -> None:
        """Renews until the claim is gone. Raises ClaimLost."""
        loop = asyncio.get_running_loop()
        lease_s = self.settings.lease.total_seconds()
        good_until = loop.time() + lease_s
        check = self._checks[task.id]
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(lease_s / 3):
                    await check.wait()
            check.clear()
            asked_at = loop.time()
            try:
                async with asyncio.timeout(lease_s):
                    hold = await self.ledger.renew(task, self.settings.lease)
            except (Transient, TimeoutError) as error:
                if loop.time() > good_until:
                    raise ClaimLost("the lease ran out while the database was away") from error
                await asyncio.sleep(min(_AGAIN_S, lease_s / 10))
                check.set()
                continue
            if hold is Hold.CANCELLED:
                await self.ledger.drop(task)
                raise ClaimLost("it was cancelled")
            if hold is Hold.LOST:
                raise ClaimLost("someone else may have it by now")
            good_until = asked_at + lease_s

    async def _do_and_tell(self, task: Task, folder: Path) -> None:
        async def confirm() -> None:
            if await self._persist(lambda: self.ledger.renew(task, self.settings.lease)) is not Hold.KEPT:
                raise ClaimLost("it was gone before its result could be published")

        execution = Execution(task, self.settings.name, folder, self._tell, confirm)
        try:
            outcome = await self.works[task.kind](execution)
        except ClaimLost:
            raise
        except TaskFailed as error:
            await self._failed(task, error)
        except Exception as error:
            log.exception("task failed unexpectedly", task=task.id)
            await self._failed(task, TaskFailed("internal", repr(error)))
        else:
            await self._completed(task, outcome)

    async def _completed(self, task: Task, outcome: str) -> None:
        event = task.told(COMPLETED, self._actor, self.clock.now(), outcome=outcome)
        if not await self._persist(lambda: self.ledger.complete(task, event)):
            raise ClaimLost("it was gone before it could be completed")
        log.info("completed", task=task.id, kind=task.kind)
        self.observer.attempt(task.kind, COMPLETED)
        await self._publish_outbox(task, event)

    async def _failed(self, task: Task, error: TaskFailed) -> None:
        failed = replace(task, attempts=task.attempts + 1)
        dead = not error.again or failed.attempts >= task.plan.max_attempts
        state = DEAD if dead else "failed"
        event = failed.told(state, self._actor, self.clock.now(), code=error.code, error=str(error))
        retry_in = None if dead else backoff(failed.attempts)
        log.warning("failed", task=task.id, code=error.code, error=str(error), dead=dead)
        if not await self._persist(lambda: self.ledger.fail(task, event, retry_in)):
            raise ClaimLost("it was gone before it could be failed")
        self.observer.attempt(task.kind, state)
        await self._publish_outbox(task, event)

    async def _publish_outbox(self, task: Task, event: TaskChanged) -> None:
        """What fails here is told by the leader, from the outbox."""
        try:
            await self.publisher.publish([event])
            await self.ledger.settle(Told(TASKS, task.id, event))
        except Transient as error:
            log.warning("left to the leader to tell", task=task.id, error=str(error))

    async def _persist(self, step: Callable[[], Awaitable[T]]) -> T:
        """Asks the ledger until it answers: the lease, not patience, bounds how long."""
        while True:
            try:
                return await step()
            except Transient as error:
                log.warning("the ledger does not answer, trying again", error=str(error))
                await asyncio.sleep(_AGAIN_S)

    async def _give_back(self, task: Task) -> None:
        with contextlib.suppress(Transient):
            if await self.ledger.release(task):
                log.info("given back", task=task.id)
                await self.publisher.publish([task.told("released", self._actor, self.clock.now())])

    async def _drain(self) -> None:
        """Lets what is under way finish for a moment, then gives it back."""
        attempts = list(self._attempts.values())
        if attempts:
            _done, left = await asyncio.wait(attempts, timeout=self.settings.drain.total_seconds())
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
                for task in self.running.values():
                    if task.job_id == event.job_id:
                        self._checks[task.id].set()
            case _:
                pass

    @property
    def _actor(self) -> str:
        return f"worker:{self.settings.name}"

    def _tell(self, event: Event) -> None:
        """Publishes without waiting and without promise."""
        telling = asyncio.create_task(self._try_to_tell(event))
        self._telling.add(telling)
        telling.add_done_callback(self._telling.discard)

    async def _try_to_tell(self, event: Event) -> None:
        with contextlib.suppress(Transient):
            await self.publisher.publish([event])


def backoff(attempts: int) -> timedelta:
    """How long to wait before the next attempt: twice as long each time."""
    return timedelta(seconds=min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2 ** (attempts - 1)))
