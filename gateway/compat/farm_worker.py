"""The routes that each worker of the HandBrake farm had of its own; any gateway answers for all workers.

Its list, `GET /jobs`, is that of the transcoding service as well.
"""

from __future__ import annotations

from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.commands import Commanded
from gateway.compat import farm, jobs
from gateway.compat.route import TAG, OlderRoute, instead
from gateway.openapi import problems
from gateway.routing import Router
from gateway.services import ServicesOf

router = Router(tags=[TAG], route_class=OlderRoute)

_READ, _MAKE = allow("jobs:read"), allow("jobs:write")


@router.post(
    "/convert",
    dependencies=[_MAKE],
    responses=problems(404, 409, 410),
    openapi_extra=instead("POST /api/v1/jobs"),
)
async def convert(command: Commanded, order: farm.FarmOrder) -> farm.FarmAnswer:
    """Asks for a medium that is here already in another form."""
    return await farm.ordered(command, order)


@router.get(
    "/job/{job_id}",
    dependencies=[_READ],
    responses=problems(400, 404),
    openapi_extra=instead("GET /api/v1/jobs/{job_id}"),
)
async def get_worker_job(services: ServicesOf, principal: CurrentPrincipal, job_id: str) -> jobs.FarmJob:
    """Gets one job."""
    return jobs.in_farm(await jobs.found(services, principal, job_id))


@router.post(
    "/cancel/{job_id}",
    dependencies=[_MAKE],
    responses=problems(404, 409),
    openapi_extra=instead("POST /api/v1/jobs/{job_id}/cancel"),
)
async def cancel_worker_job(command: Commanded, job_id: str) -> farm.FarmAnswer:
    """Cancels what is under way; the answer shows the job as it is then."""
    return await farm.cancelled(command, job_id)
