"""Finds a job, or says why there is none to be had."""

from __future__ import annotations

from datetime import datetime

from connectors.ports import Document, Query
from connectors.read_models import ReadModels
from gateway.errors import NotFound
from gateway.jobs.render import render
from gateway.jobs.schemas import Job

JOBS = "jobs"
_MOST_ALIKE = 200


async def makers(read_models: ReadModels, media_id: str, profile: str | None) -> list[Document]:
    """The jobs that make a medium in a profile, the newest first."""
    where = {"request.media_id": media_id, "request.profile": profile}
    return (await read_models.page(JOBS, Query(where=where, limit=_MOST_ALIKE))).items


async def find(read_models: ReadModels, job_id: str, now: datetime) -> Job:
    """The job, as of now. Raises NotFound."""
    document = await read_models.get(JOBS, job_id)
    job = render(document, now) if document else None
    if job is None:
        raise NotFound("job-not-found", f"There is no job {job_id}, or not yet.")
    return job
