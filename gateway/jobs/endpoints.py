"""The routes of jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from gateway import pages
from gateway.access.policy import Level
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.commands import Commanded
from gateway.errors import Conflict
from gateway.jobs import orders
from gateway.jobs.estimate import estimated
from gateway.jobs.lookup import find, find_own, seen
from gateway.jobs.makers import JOBS
from gateway.jobs.render import PAUSED, render
from gateway.jobs.schemas import Job, JobAccepted, JobOrder, PriorityOrder, State
from gateway.media.lookup import find_usable
from gateway.openapi import FILE, problems
from gateway.routing import Router
from gateway.services import ServicesOf

router = Router(prefix="/jobs", tags=["jobs"])

_READ, _WRITE = allow("jobs:read"), allow("jobs:write")


@router.post("", dependencies=[_WRITE], status_code=202, responses=problems(404, 409, 410))
async def order_job(command: Commanded, order: JobOrder) -> JobAccepted:
    """Asks for a medium in another form."""
    media = await find_usable(command.services, command.principal, order.media_id, Level.EDIT)
    return await orders.order_transcode(command, media, order)


@router.get("", dependencies=[_READ], responses=problems(400))
async def list_jobs(
    services: ServicesOf,
    principal: CurrentPrincipal,
    paging: pages.Paged,
    state: Annotated[State | None, Query(description="Only those in this state.")] = None,
    media_id: Annotated[str | None, Query(description="Only those of this medium.")] = None,
) -> pages.Listing[Job]:
    """Lists jobs, newest first: one's own, or all of a medium that one may see.

    A page of one state may hold fewer than asked for, and go on all the same."""
    by_state = {"pause.on": True} if state == PAUSED else {"state.name": state}
    whose = {} if principal.sees_all else await seen(services, principal, media_id)
    asked = {"request.media_id": media_id, **whose, **by_state}
    where = {path: value for path, value in asked.items() if value is not None}
    found = await pages.page(services.read_models, JOBS, where, paging)
    shown = [job for document in found.items if (job := render(document, services.clock.now()))]
    jobs = [job for job in shown if state in (None, job.state)]
    return pages.Listing(items=jobs, next=found.next)


@router.get("/{job_id}", dependencies=[_READ], responses=problems(400, 404))
async def get_job(services: ServicesOf, principal: CurrentPrincipal, job_id: str) -> Job:
    """Gets one job, as of its present run."""
    return await estimated(services, await find(services, principal, job_id))


@router.post("/{job_id}/cancel", dependencies=[_WRITE], status_code=202, responses=problems(404, 409))
async def cancel_job(command: Commanded, job_id: str) -> JobAccepted:
    """Cancels what is under way; the answer shows the job as it was."""
    return await orders.cancel(command, await find_own(command, job_id))


@router.post("/{job_id}/retry", dependencies=[_WRITE], status_code=202, responses=problems(404, 409))
async def retry_job(command: Commanded, job_id: str) -> JobAccepted:
    """Runs a failed or cancelled job again; the answer shows the job as it was."""
    return await orders.retry(command, await find_own(command, job_id))


@router.post("/{job_id}/pause", dependencies=[_WRITE], status_code=202, responses=problems(404, 409))
async def pause_job(command: Commanded, job_id: str) -> JobAccepted:
    """Holds a job back: what runs is left at the end of its segment, and what is finished stays.

    What a viewer waits for is made all the same. The answer shows the job as it was.
    """
    return await orders.pause(command, await find_own(command, job_id))


@router.post("/{job_id}/resume", dependencies=[_WRITE], status_code=202, responses=problems(404, 409))
async def resume_job(command: Commanded, job_id: str) -> JobAccepted:
    """Lets a paused job go on with what is missing; the answer shows the job as it was."""
    return await orders.resume(command, await find_own(command, job_id))


@router.post("/{job_id}/priority", dependencies=[_WRITE], status_code=202, responses=problems(404, 409))
async def prioritise_job(command: Commanded, job_id: str, order: PriorityOrder) -> JobAccepted:
    """Changes the priority of what is still to be done."""
    job = await find_own(command, job_id)
    return await orders.prioritise(command, job, order.priority)


@router.head("/{job_id}/output", dependencies=[_READ], include_in_schema=False, name="head_job_output")
@router.get(
    "/{job_id}/output",
    dependencies=[_READ],
    response_class=Response,
    responses=FILE | problems(404, 409, 410, 416),
)
async def get_job_output(services: ServicesOf, principal: CurrentPrincipal, job_id: str) -> Response:
    """Downloads what a job made, in whole or in ranges."""
    job = await find(services, principal, job_id)
    if job.output is None:
        raise Conflict("no-output", f"The job is {job.state}: there is nothing to download.")
    return await services.files.download(job.output.location, job.output.name, None)
