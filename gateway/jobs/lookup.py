"""Finds a job, or says why there is none to be had."""

from __future__ import annotations

from datetime import datetime

from connectors.read_models import ReadModels
from gateway.errors import NotFound
from gateway.jobs.render import render
from gateway.jobs.schemas import Job

JOBS = "jobs"


async def find(read_models: ReadModels, job_id: str, now: datetime) -> Job:
    """The job, as of now. Raises NotFound."""
    document = await read_models.get(JOBS, job_id)
    job = render(document, now) if document else None
    if job is None:
        raise NotFound("job-not-found", f"There is no job {job_id}, or not yet.")
    return job
