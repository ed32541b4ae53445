"""Which jobs stand still, and why: what no amount of waiting will move. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

from processors.work.jobs import WAITING, Job
from processors.work.tasks import Task


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
            reasons[job.id] = "none of its tasks waits or runs, and it has not ended"
        elif lacking:
            reasons[job.id] = f"no living worker has {', '.join(sorted(lacking))}"
    return reasons
