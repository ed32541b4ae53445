"""One claim from beginning to end: the task is done while its lease is kept, and its end is told once.

A claim that is lost ends the attempt at once, process group and all; what was done by then is worth nothing,
for the fence refuses it.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import structlog

from connectors.brakes import Brakes
from connectors.disk import FULL
from connectors.ports import Clock, DiskFull, Publisher, Transient
from connectors.process import DISK_FULL
from processors.work.demand import Demands
from processors.work.execution import ClaimLost, Execution, GivenBack, TaskFailed, Work
from processors.work.ledger import TASKS, Hold, Ledger, Told
from processors.work.observer import WorkObserver
from processors.work.tasks import COMPLETED, DEAD, WAITS, Task
from schemas.events import Event, TaskChanged

log = structlog.get_logger()

T = TypeVar("T")

_FIRST_RETRY_S = 1.0
_LONGEST_RETRY_S = 60.0
_AGAIN_S = 0.5
_SOONEST, _LATEST = timedelta(seconds=1), timedelta(seconds=30)
_PATIENCE = 4
"""Whoever has waited for two minutes waits half a minute more."""
_CHECK_AGAIN_S = (0.0, 0.5, 2.0)
"""What a command changes in the ledger may come a moment after the command itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every attempt of one worker works with."""

    worker: str
    ledger: Ledger
    publisher: Publisher
    clock: Clock
    observer: WorkObserver
    scratch: Path
    lease: timedelta
    tell: Callable[[Event], None]
    """Publishes without waiting and without promise."""
    brakes: Brakes
    demands: Demands

    @property
    def actor(self) -> str:
        """Who did it, as events say it."""
        return f"worker:{self.worker}"


@dataclass(slots=True)
class Attempt:
    """One attempt at one claimed task."""

    task: Task
    work: Work
    desk: Desk
    job_paused: bool = False
    """Whether its job was, at the last renewal."""
    _leave: asyncio.Event = field(default_factory=asyncio.Event)
    _leave_at_once: asyncio.Event = field(default_factory=asyncio.Event)
    _check: asyncio.Event = field(default_factory=asyncio.Event)

    def check(self) -> None:
        """Asks the ledger at once, and in a moment again, whether the task is still wanted."""
        for delay_s in _CHECK_AGAIN_S:
            asyncio.get_running_loop().call_later(delay_s, self._check.set)

    def leave_or_not(self, leave: bool, *, at_once: bool) -> None:
        """Asks for the task to be left, at its next border or wherever it is, or for it to go on."""
        if at_once:
            self._leave_at_once.set()
        if leave and not self._leave.is_set():
            log.info("to be left at the next border", task=self.task.id)
            self._leave.set()
        elif not leave:
            self._leave.clear()

    async def run(self) -> None:
        """The whole of it; never raises. A cancellation gives the task back."""
        task = self.task
        folder = self.desk.scratch / f"{task.id}.{task.epoch}"
        log.info("begins", task=task.id, kind=task.kind, job=task.job_id, epoch=task.epoch)
        try:
            folder.mkdir()
            await self._under_lease(folder)
        except asyncio.CancelledError:
            await self._give_back(GivenBack())
        except GivenBack as left:
            await self._give_back(left)
        except OSError as error:
            log.warning("there is nowhere to work", task=task.id, error=str(error))
            await self._give_back(self._waiting(error))
        except ClaimLost as lost:
            self.desk.observer.attempt(task.kind, "lost")
            log.warning("claim lost", task=task.id, epoch=task.epoch, why=str(lost))
        except Exception:
            log.exception("attempt ended unexpectedly", task=task.id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    async def _under_lease(self, folder: Path) -> None:
        """Does the task while its lease is kept. Raises ClaimLost and GivenBack."""
        doing = asyncio.create_task(self._do_and_tell(folder))
        keeping = asyncio.create_task(self._keep_lease())
        watching = [doing, keeping, asyncio.create_task(self._left())]
        try:
            await asyncio.wait(watching, return_when=asyncio.FIRST_COMPLETED)
            for other in watching[1:]:
                if other.done() and not doing.done():
                    other.result()
            await doing
        finally:
            for each in watching:
                each.cancel()
            await asyncio.gather(*watching, return_exceptions=True)

    async def _left(self) -> None:
        """For what is left wherever it is. Raises GivenBack."""
        await self._leave_at_once.wait()
        raise GivenBack

    async def _keep_lease(self) -> None:
        """Renews until the claim is gone. Raises ClaimLost."""
        loop = asyncio.get_running_loop()
        lease_s = self.desk.lease.total_seconds()
        good_until = loop.time() + lease_s
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(lease_s / 3):
                    await self._check.wait()
            self._check.clear()
            asked_at = loop.time()
            try:
                async with asyncio.timeout(lease_s):
                    hold = await self._renew()
            except (Transient, TimeoutError) as error:
                if loop.time() > good_until:
                    raise ClaimLost("the lease ran out while the database was away") from error
                await asyncio.sleep(min(_AGAIN_S, lease_s / 10))
                self._check.set()
                continue
            if hold is Hold.CANCELLED:
                await self.desk.ledger.drop(self.task)
                raise ClaimLost("it was cancelled")
            if hold is Hold.LOST:
                raise ClaimLost("someone else may have it by now")
            self.job_paused = hold is Hold.PAUSED
            good_until = asked_at + lease_s

    def _renew(self) -> Awaitable[Hold]:
        return self.desk.ledger.renew(self.task, self.desk.lease)

    async def _confirm(self) -> None:
        if await _persist(self._renew) not in (Hold.KEPT, Hold.PAUSED):
            raise ClaimLost("it was gone before its result could be published")

    async def _do_and_tell(self, folder: Path) -> None:
        desk = self.desk
        execution = Execution(
            self.task, desk.worker, folder, desk.tell, self._confirm, desk.demands, self._leave
        )
        try:
            with desk.brakes.owned(self.task.id):
                outcome = await self.work(execution)
        except (ClaimLost, GivenBack):
            raise
        except TaskFailed as error:
            await self._failed(error)
        except Transient as error:
            raise self._waiting(error) from error
        except Exception as error:
            if isinstance(error, OSError) and error.errno in FULL:
                raise self._waiting(DiskFull(DISK_FULL)) from error
            log.exception("task failed unexpectedly", task=self.task.id)
            await self._failed(TaskFailed("internal", repr(error)))
        else:
            await self._completed(outcome)

    async def _completed(self, outcome: str) -> None:
        event = self.task.told(COMPLETED, self.desk.actor, self.desk.clock.now(), outcome=outcome)
        if not await _persist(lambda: self.desk.ledger.complete(self.task, event)):
            raise ClaimLost("it was gone before it could be completed")
        log.info("completed", task=self.task.id, kind=self.task.kind)
        await self._tell_end(event)

    async def _failed(self, error: TaskFailed) -> None:
        failed = replace(self.task, attempts=self.task.attempts + 1)
        dead = not error.again or failed.attempts >= failed.plan.max_attempts
        state = DEAD if dead else "failed"
        event = failed.told(state, self.desk.actor, self.desk.clock.now(), code=error.code, error=str(error))
        retry_in = None if dead else backoff(failed.attempts)
        log.warning("failed", task=failed.id, code=error.code, error=str(error), dead=dead)
        if not await _persist(lambda: self.desk.ledger.fail(self.task, event, retry_in)):
            raise ClaimLost("it was gone before it could be failed")
        await self._tell_end(event)

    async def _tell_end(self, event: TaskChanged) -> None:
        """What fails here is told by the leader, from the outbox."""
        self.desk.observer.attempt(self.task.kind, event.state)
        try:
            await self.desk.publisher.publish([event])
            await self.desk.ledger.settle(Told(TASKS, self.task.id, event))
        except Transient as error:
            log.warning("left to the leader to tell", task=self.task.id, error=str(error))

    def _waiting(self, why: Exception) -> GivenBack:
        return GivenBack(str(why), once_more(self.desk.clock.now() - self.task.created_at))

    async def _give_back(self, left: GivenBack) -> None:
        with contextlib.suppress(Transient):
            if await self.desk.ledger.release(self.task, left.again_in):
                log.info("given back", task=self.task.id, why=left.why, again_in=str(left.again_in))
                now, code = self.desk.clock.now(), left.why and WAITS
                event = self.task.told("released", self.desk.actor, now, code=code, error=left.why)
                await self.desk.publisher.publish([event])


async def _persist(step: Callable[[], Awaitable[T]]) -> T:
    """Asks the ledger until it answers: the lease, not patience, bounds how long."""
    while True:
        try:
            return await step()
        except Transient as error:
            log.warning("the ledger does not answer, trying again", error=str(error))
            await asyncio.sleep(_AGAIN_S)


def once_more(waited: timedelta) -> timedelta:
    """How long to wait once more for what is away, if that was waited for so long already."""
    return min(_LATEST, max(_SOONEST, waited / _PATIENCE))


def backoff(attempts: int) -> timedelta:
    """How long to wait before the next attempt: twice as long each time."""
    return timedelta(seconds=min(_LONGEST_RETRY_S, _FIRST_RETRY_S * 2 ** (attempts - 1)))
