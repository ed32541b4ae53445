"""Jobs in the words of the older systems."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from gateway import pages
from gateway.auth.principal import Principal
from gateway.jobs import endpoints, lookup
from gateway.jobs.estimate import estimated
from gateway.jobs.schemas import Job, State
from gateway.services import Services

Status = Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
FarmStatus = Literal["queued", "processing", "completed", "failed", "cancelled"]

_IN_THE_FARM: dict[State, FarmStatus] = {
    "pending": "queued",
    "processing": "processing",
    "paused": "queued",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "cancelled",
}
_IN_CAPITALS: dict[FarmStatus, Status] = {
    "queued": "PENDING",
    "processing": "PROCESSING",
    "completed": "COMPLETED",
    "failed": "FAILED",
    "cancelled": "CANCELLED",
}
"""They know no pause: a job that is held back waits, as far as they can tell."""


class _Told(BaseModel):
    """What all of them are told of a job."""

    job_id: str
    id: str = Field(description="The same as job_id.")
    media_id: str
    progress: int = Field(ge=0, le=100, description="In percent; 100 once it has completed.")
    filename: str = Field(description="The medium's name, without its ending.", examples=["holiday"])
    preset: str = Field(description="The profile that it is given.", examples=["web"])
    created_at: datetime
    completed_at: datetime | None
    eta_seconds: int | None = Field(description="How long it still takes; null where nobody can say.")
    output_file: str | None = Field(description="The result's name, once there is one.")
    download_url: str | None = Field(description="Where the result is; it takes the same token.")
    error: str | None = Field(description="Why it failed.")


class FarmJob(_Told):
    """A job, for clients of the farm."""

    status: FarmStatus


class OlderJob(_Told):
    """A job, for clients of the transcoding service, and of the farm's workers, which read `state`."""

    status: Status
    state: FarmStatus


class OlderJobs(BaseModel):
    """Jobs, newest first."""

    jobs: list[OlderJob]
    count: int = Field(description="How many are in this answer.")
    next: str | None = Field(description="The `cursor` of the next page; null at the end.")


class FarmJobs(BaseModel):
    """Jobs, newest first."""

    jobs: list[FarmJob]
    count: int = Field(description="How many are in this answer.")
    next: str | None = Field(description="The `cursor` of the next page; null at the end.")


def in_farm(job: Job) -> FarmJob:
    """A job as the farm told it."""
    return FarmJob(**_told(job), status=_IN_THE_FARM[job.state])


def in_capitals(job: Job) -> OlderJob:
    """A job as the transcoding service told it, and a worker of the farm."""
    state = _IN_THE_FARM[job.state]
    return OlderJob(**_told(job), status=_IN_CAPITALS[state], state=state)


async def found(services: Services, principal: Principal, job_id: str) -> Job:
    """The job, with the time that it still takes. Raises NotFound."""
    return await estimated(services, await lookup.find(services, principal, job_id))


async def listed(services: Services, principal: Principal, paging: pages.Paging) -> pages.Listing[Job]:
    """The jobs that `GET /api/v1/jobs` lists. Raises BadRequest for a cursor that is none."""
    return await endpoints.list_jobs(services, principal, paging)


def _told(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "id": job.id,
        "media_id": job.media_id,
        "progress": round(job.progress.fraction * 100) if job.progress else 0,
        "filename": job.name,
        "preset": job.profile,
        "created_at": job.requested_at,
        "completed_at": job.finished_at,
        "eta_seconds": None if job.eta_ms is None else -(-job.eta_ms // 1000),
        "output_file": job.output.name if job.output else None,
        "download_url": job.output.url if job.output else None,
        "error": job.error.reason if job.error else None,
    }
