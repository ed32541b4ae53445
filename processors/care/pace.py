"""How far a chore's task is, told now and then."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from connectors.ports import Clock
from processors.work.execution import Execution, GivenBack
from schemas.events import JobProgress, Meta, new_id

_EVERY_S = 0.5
_LOOK_AGAIN_S = 0.1


@dataclass(slots=True)
class Pace:
    """One attempt's word on how far it is."""

    execution: Execution
    clock: Clock
    total: int
    done: int = 0
    _began_at: float | None = None
    _told_at: float = 0.0

    def reach(self, done: int, *, at_once: bool = False) -> None:
        """So much is done. Raises GivenBack where the task is to be left here."""
        self.done = max(self.done, done)
        now = asyncio.get_running_loop().time()
        if self._began_at is None:
            self._began_at = now
        if at_once or now - self._told_at > _EVERY_S:
            self._told_at = now
            self.execution.tell(self._event(max(now - self._began_at, 0.001)))
        if self.execution.leave.is_set() and not at_once:
            raise GivenBack

    async def give_way(self) -> None:
        """Waits while a viewer waits for something."""
        while self.execution.demands.waited_for(self.clock.now()):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_AGAIN_S)

    def _event(self, seconds: float) -> JobProgress:
        task = self.execution.task
        meta = Meta(
            event_id=new_id(),
            occurred_at=self.clock.now(),
            correlation_id=task.correlation_id,
            causation_id=task.planned_by,
            actor=f"worker:{self.execution.worker}",
        )
        return JobProgress(
            meta=meta,
            job_id=task.job_id,
            run=task.run,
            task_id=task.id,
            worker=self.execution.worker,
            done=self.done,
            total=self.total,
            units_per_s=self.done / seconds,
        )
