"""Which jobs stand still, and why: what no amount of waiting will move."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from processors.work.jobs import WAITING, Job, KnownMedia, is_held, open_jobs
from processors.work.ledger import Ledger
from processors.work.observer import WorkObserver
from processors.work.tasks import Task

log = structlog.get_logger()

_IDLE = {
    True: "it has no tasks yet, and nobody looks at its medium",
    False: "all its tasks have ended, and it has not",
}
"""Why a job stands still that has no task which waits or runs, by whether it waits for its medium."""


def stuck(
    jobs: Iterable[Job],
    tasks: Collection[Task],
    tools: Collection[str],
    now: datetime,
    patience: timedelta,
) -> Mapping[str, str]:
    """The reason for each open job that stands still longer than `patience`.

    `tasks` are all that wait, are ready or run; `tools` what the living workers have. Tasks of its medium's
    move a job only as long as it has none of its own.
    """
    missing = {task.job_id: set(task.plan.tools) - set(tools) for task in tasks}
    reasons = {}
    for job in jobs:
        if now - job.requested_at < patience:
            continue
        looked_at = missing.get(job.media_id) if job.state == WAITING else None
        lacking = missing.get(job.id, looked_at)
        if lacking is None:
            reasons[job.id] = _IDLE[job.state == WAITING]
        elif lacking:
            reasons[job.id] = f"no living worker has {', '.join(sorted(lacking))}"
    return reasons


@dataclass(slots=True)
class Standstill:
    """The jobs that stood still at this look and the one before it: between two steps any job may."""

    ledger: Ledger
    observer: WorkObserver
    patience: timedelta
    found: Mapping[str, str] = field(default_factory=dict)
    """Why, by job."""
    _suspected: frozenset[str] = frozenset()

    async def look(self, tasks: Collection[Task], tools: Collection[str], now: datetime) -> None:
        """Says of each that it stands still, once. Raises DatabaseUnavailable."""
        jobs = await open_jobs(self.ledger)
        suspected = {**stuck(jobs, tasks, tools, now, self.patience)}
        for job in [job for job in jobs if job.id in suspected and await self._waits_for_people(job)]:
            del suspected[job.id]
        still = {job_id: reason for job_id, reason in suspected.items() if job_id in self._suspected}
        for job_id in still.keys() - self.found.keys():
            log.error("a job stands still", job=job_id, why=still[job_id])
        self._suspected, self.found = frozenset(suspected), still
        self.observer.stuck(len(still))

    async def _waits_for_people(self, job: Job) -> bool:
        """Whether its medium is in quarantine."""
        return job.state == WAITING and is_held(await KnownMedia(self.ledger.database).get(job.media_id))
