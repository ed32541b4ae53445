"""Finds a job, or says why there is none to be had."""

from __future__ import annotations

from typing import Any

from gateway.access.policy import Level
from gateway.auth.dependencies import refuse_unless
from gateway.auth.principal import Principal
from gateway.auth.roles import Permission
from gateway.commands import Command
from gateway.errors import Forbidden, Gone, Hidden, NotFound
from gateway.jobs.makers import JOBS
from gateway.jobs.render import render
from gateway.jobs.schemas import Job
from gateway.media import lookup
from gateway.media.existing import MEDIA
from gateway.services import Services

_CHORES: Permission = "system:write"
"""What it takes to order a chore, and so to steer one."""


async def find(services: Services, principal: Principal, job_id: str, least: Level = Level.VIEW) -> Job:
    """The job as of now, for someone who asked for it or may do so much with its medium.

    Raises NotFound, and Forbidden for who may see it and no more.
    """
    document = await services.read_models.get(JOBS, job_id)
    job = render(document, services.clock.now()) if document else None
    if job is None or document is None:
        raise _missing(job_id)
    if not principal.sees_all and document["request"]["owner_id"] != principal.id:
        await _refuse_below(services, principal, job, least)
    return job


async def find_own(command: Command, job_id: str) -> Job:
    """The job, for someone who may steer it. Raises NotFound and Forbidden."""
    job = await find(command.services, command.principal, job_id, Level.EDIT)
    if not job.media_id:
        refuse_unless(command.principal, _CHORES)
    return job


async def seen(services: Services, principal: Principal, media_id: str | None) -> dict[str, Any]:
    """Which jobs someone is shown: those of a medium that they may see, or else their own."""
    if media_id is not None:
        try:
            await lookup.find(services, principal, media_id)
        except (NotFound, Gone):
            return {"request.owner_id": principal.id}
        return {}
    return {"request.owner_id": principal.id}


async def _refuse_below(services: Services, principal: Principal, job: Job, least: Level) -> None:
    document = await services.read_models.get(MEDIA, job.media_id)
    has = services.gate.level(principal, document) if document else Level.NONE
    if has < Level.VIEW:
        raise Hidden("job-not-found", _said(job.id))
    if has < least:
        raise Forbidden("not-yours", "This job is another's, and you may not edit its medium.")


def _missing(job_id: str) -> NotFound:
    return NotFound("job-not-found", _said(job_id))


def _said(job_id: str) -> str:
    return f"There is no job {job_id}, or not yet."
