"""Sets workers aside that fail task after task, lets them try one when they have cooled, and says so.

Who is set aside stands in the database, so that workers know before they claim and the next leader goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from connectors.ports import Database
from processors.work.conduct import Conduct, Cooling, cooling_time, is_the_worker_s
from processors.work.observer import WorkObserver
from processors.work.tasks import COMPLETED, DEAD, Task
from schemas.events import ResourceChanged, TaskChanged
from schemas.workers import KIND

log = structlog.get_logger()

ASIDE = "workers_aside"
"""Working state: when it is lost, a bad worker fails a few more tasks and is set aside again."""


async def cooling(database: Database, worker: str) -> Cooling | None:
    """Whether a worker is set aside. Raises DatabaseUnavailable."""
    document = await database.get(ASIDE, worker)
    return Cooling(worker, document["strikes"], document["until"]) if document else None


@dataclass(slots=True)
class Foreman:
    """The leader's eye on the workers. What it hears it acts upon at the next look."""

    database: Database
    observer: WorkObserver
    conduct: Conduct
    aside: Mapping[str, Cooling] = field(default_factory=dict)
    """Who is set aside, as of the last look."""
    _bad: set[str] = field(default_factory=set)
    _failed: set[str] = field(default_factory=set)
    _forgiven: set[str] = field(default_factory=set)

    def hear(self, event: TaskChanged, task: Task | None) -> None:
        """An attempt ended; `task` is what the leader knows of it."""
        medium = task.plan.media_id if task else None
        if event.worker is None:
            return
        if event.state == COMPLETED:
            self.conduct.succeeded(event.worker, medium)
            if event.worker in self.aside:
                self._forgiven.add(event.worker)
        elif event.state in ("failed", DEAD) and is_the_worker_s(event, task):
            self._failed.add(event.worker)
            if self.conduct.failed(event.worker, event.task_id, medium):
                self._bad.add(event.worker)

    def ordered(self, event: ResourceChanged) -> None:
        """Whoever is told to work again is no longer set aside."""
        if event.kind == KIND and event.value is None:
            self._forgiven.add(event.id)

    def forget(self) -> None:
        """What was heard before this process led is no longer for it to act upon."""
        self.conduct = Conduct(self.conduct.bearable)
        self._clear()

    def _clear(self) -> None:
        self._bad, self._failed, self._forgiven = set(), set(), set()

    async def look(self) -> None:
        """Acts on what was heard. Raises DatabaseUnavailable."""
        now = await self.database.now()
        trials = {name for name in self._failed & self.aside.keys() if self.aside[name].admits(now, 0)}
        for name in self._forgiven:
            await self._forgive(name)
        for name in (self._bad | trials) - self._forgiven:
            await self._set_aside(name, now)
        self._clear()
        documents = await self.database.select(ASIDE, {})
        self.aside = {d["_id"]: Cooling(d["_id"], d["strikes"], d["until"]) for d in documents}
        self.observer.set_aside(len(self.aside))

    async def _set_aside(self, name: str, now: datetime) -> None:
        """One strike more, by compare-and-set: two leaders give no two."""
        known = self.aside.get(name)
        strikes = known.strikes + 1 if known else 1
        to = {"strikes": strikes, "until": now + cooling_time(strikes)}
        if known is None:
            done = await self.database.insert(ASIDE, {"_id": name, **to})
        else:
            done = await self.database.change(ASIDE, name, {"strikes": known.strikes}, to)
        if done:
            log.error("worker set aside", worker=name, until=to["until"], strikes=strikes)

    async def _forgive(self, name: str) -> None:
        await self.database.remove(ASIDE, name)
        if name in self.aside:
            log.info("worker is no longer set aside", worker=name)
