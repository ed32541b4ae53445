"""Looks after what a worker runs: who waits for what, what is to stand still, and what is to be left."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.brakes import Brakes
from connectors.ports import Clock
from processors.work.attempt import Attempt
from processors.work.demand import Demands
from processors.work.restraint import Running, crowded_out, restrain, takes_time
from processors.work.standing import Standing
from processors.work.tasks import Task
from schemas.workers import PAUSE

_LOOK_EVERY_S = 1.0
_DELIVERED_WITHIN_S = 0.3
_PLANNED_WITHIN = timedelta(seconds=1)
_COMING = timedelta(seconds=1)
"""Who has just brought a medium may want to see it: what is idle does not begin before that is known."""


@dataclass(slots=True)
class Minder:
    """Minds the attempts of one worker."""

    clock: Clock
    attempts: Mapping[str, Attempt]
    standing: Standing
    places: int
    demands: Demands = field(default_factory=Demands)
    brakes: Brakes = field(default_factory=Brakes)
    breathing: bool = False
    """Whether others on this machine have the processor just now."""
    memory_short: bool = False
    expects: Callable[[], bool] = lambda: False
    """Whether something is about to begin for which someone waits."""
    _pressed_at: float = -_DELIVERED_WITHIN_S
    """When someone was last seen to wait."""
    _hushed: bool = False
    _placeless: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Looks at each piece of news, and now and then. Never ends."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_DELIVERED_WITHIN_S if self._hushed else _LOOK_EVERY_S):
                    await self.demands.changed.wait()
            self.look()

    def look(self) -> None:
        """Stops, leaves and lets go on what is to."""
        running = [self._running(each) for each in self.attempts.values()]
        self._hushed = self._is_hushed(running)
        found = restrain(
            running,
            now=self.clock.now(),
            places=self.places,
            worker_paused=self.standing.order == PAUSE,
            breathing=self.breathing,
            memory_short=self.memory_short,
            hushed=self._hushed,
        )
        for task_id, attempt in self.attempts.items():
            attempt.leave_or_not(task_id in found.left, at_once=found.at_once(attempt.task))
        self._placeless = found.placeless
        self.brakes.hold(found.stopped)

    def _is_hushed(self, running: Sequence[Running]) -> bool:
        """Whether someone waits for what is about to begin, or for what is about to be delivered: that goes
        through several processes, and they need the processor too.
        """
        now = time.monotonic()
        if self.expects() or any(each.task.awaited for each in running):
            self._pressed_at = now
        return now - self._pressed_at < _DELIVERED_WITHIN_S

    def let_all_go(self) -> None:
        """Nothing stands still any more."""
        self.brakes.hold(frozenset())

    def would_stop(self, task: Task, beside: Collection[Task]) -> bool:
        """Whether a task would stand still at once, or in a moment: someone waits for something else that is
        made here, or has only just begun to wait, so that it is being planned; or there is no room.
        """
        now = self.clock.now()
        if crowded_out(task, beside, self.places, now):
            return True
        if task.awaited or not takes_time(task):
            return False
        if task.idle and self._is_new(task, now):
            return True
        planned = any(now - head.at < _PLANNED_WITHIN for head in self.demands.waited_for(now))
        return planned or any(self.as_wanted(t).awaited for t in beside)

    def _is_new(self, task: Task, now: datetime) -> bool:
        return timedelta(0) <= now - task.created_at < _COMING

    @property
    def placed(self) -> list[Task]:
        """What takes a place on this worker."""
        return [each.task for id, each in self.attempts.items() if id not in self._placeless]

    def as_wanted(self, task: Task) -> Task:
        """The task as viewers want it now."""
        return task.wanted(self.demands.want(task.made, self.clock.now()))

    def _running(self, attempt: Attempt) -> Running:
        return Running(self.as_wanted(attempt.task), attempt.job_paused)
