"""Takes tasks back from workers that went silent, or that are no more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import structlog

from connectors.ports import Clock
from processors.work.ledger import Ledger
from processors.work.observer import WorkObserver
from processors.work.tasks import DEAD, RUNNING, Task

log = structlog.get_logger()

_ACTOR = "service:ledger"
_LOST_FOR_AN_ATTEMPT = 3
"""A worker that goes away takes all with it that it had: most of that is not to blame."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """The leases that ran out, and those whose holder is known to be gone."""

    ledger: Ledger
    clock: Clock
    observer: WorkObserver

    async def take_back(self, running: Iterable[Task], now: datetime) -> set[str]:
        """Ends the attempts whose lease is over; returns the tasks that this has moved."""
        overdue = [task for task in running if task.lease_until is not None and task.lease_until < now]
        return {task.id for task in overdue if await self._expire(task, "went silent")}

    async def take_back_from(self, worker: str) -> None:
        """Ends the attempts of an earlier process of that name: it is no more, so no lease is waited for."""
        for task in await self.ledger.in_state(RUNNING):
            if task.worker == worker:
                await self._expire(task, "was started anew")

    async def _expire(self, task: Task, what: str) -> bool:
        state = DEAD if task.lost + 1 >= _LOST_FOR_AN_ATTEMPT * task.plan.max_attempts else "expired"
        reason = f"{task.worker} {what} while it worked on this"
        event = task.told(state, _ACTOR, self.clock.now(), code="worker_lost", error=reason)
        if not await self.ledger.expire(task, event):
            return False
        log.warning("taken back", task=task.id, why=reason, epoch=task.epoch)
        self.observer.expired()
        return True
