"""The routes of the installation itself; those for probes need no token."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Path, Response

from gateway.auth.dependencies import allow
from gateway.commands import Commanded
from gateway.openapi import Responses, problems
from gateway.routing import Admits, Router
from gateway.services import ServicesOf
from gateway.system import schemas, status, workers
from gateway.system.readiness import readiness
from schemas.workers import DRAIN, PAUSE, WORK

router = Router(tags=["system"])

_READ, _WRITE = allow("system:read"), allow("system:write")
probes = Router(admits=Admits.ALL, tags=["health"])

_Name = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", description="Its SLUICE_INSTANCE.")]

_METRICS: Responses = {
    200: {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}
}
_NOT_READY: Responses = {
    503: {"model": schemas.Readiness, "description": "Something that the gateway needs is away"}
}


@probes.get("/health")
async def get_health() -> schemas.Health:
    """Says that the process answers, whatever else is away."""
    return schemas.Health()


@probes.get("/ready", responses=_NOT_READY)
async def get_readiness(services: ServicesOf, response: Response) -> schemas.Readiness:
    """Says whether the gateway has what it needs, each by name."""
    found = await readiness(services.looks, services.in_flight.stopping, breakers=services.breakers)
    response.status_code = 200 if found.ready else 503
    return found


@probes.get("/metrics", response_class=Response, responses=_METRICS)
async def get_metrics(services: ServicesOf) -> Response:
    """Metrics in Prometheus's text format."""
    return Response(services.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/system/status", dependencies=[_READ], responses=problems(401))
async def get_status(services: ServicesOf) -> schemas.Status:
    """The installation at a glance, with what an operator should know."""
    heard = services.presence.services()
    return schemas.Status(
        version=services.version,
        instance=services.settings.instance,
        started_at=services.started_at,
        machine=await asyncio.to_thread(status.machine, services.settings.blobs_folder),
        services=status.summary(heard),
        warnings=status.warnings(heard),
        folders=status.folders(heard),
    )


@router.get("/services", dependencies=[_READ], responses=problems(401))
async def list_services(services: ServicesOf) -> schemas.Services:
    """The processes heard of in the last minutes."""
    return schemas.Services(items=services.presence.services())


@router.get("/system/workers", dependencies=[_READ], responses=problems(400))
async def list_workers(services: ServicesOf) -> schemas.Workers:
    """Lists workers, with what they were ordered."""
    items = await workers.every(services.read_models, services.presence.services())
    return schemas.Workers(items=items)


@router.post(
    "/system/workers/{instance}/pause", dependencies=[_WRITE], status_code=202, responses=problems(404)
)
async def pause_worker(command: Commanded, instance: _Name) -> schemas.WorkerSteered:
    """Lets a worker leave what it does and take nothing more, also after it is started again.

    Segments under way are finished and others go on from there; what makes a whole file stops in place.
    """
    return await workers.order(command, instance, PAUSE)


@router.post(
    "/system/workers/{instance}/drain", dependencies=[_WRITE], status_code=202, responses=problems(404)
)
async def drain_worker(command: Commanded, instance: _Name) -> schemas.WorkerSteered:
    """Lets a worker finish what it has and take nothing more, also after it is started again."""
    return await workers.order(command, instance, DRAIN)


@router.post(
    "/system/workers/{instance}/resume", dependencies=[_WRITE], status_code=202, responses=problems(404)
)
async def resume_worker(command: Commanded, instance: _Name) -> schemas.WorkerSteered:
    """Lets a worker take work again, whatever it was ordered before."""
    return await workers.order(command, instance, WORK)
