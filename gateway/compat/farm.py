"""The routes of the HandBrake farm's front: accounts, jobs, and how the machine does."""

from __future__ import annotations

import asyncio
from typing import Literal

from fastapi import Request, Response
from pydantic import AliasChoices, BaseModel, Field

from gateway import pages
from gateway.access.policy import Level
from gateway.accounts import registration
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.auth.passwords import LEAST, MOST
from gateway.commands import Command, Commanded, CommandedByAnyone
from gateway.compat import forms, jobs
from gateway.compat.route import TAG, OlderRoute, instead
from gateway.compat.tokens import OlderTokens, signed_in
from gateway.jobs import lookup, orders
from gateway.jobs.render import ENDED
from gateway.jobs.schemas import Priority, TranscodeOrder
from gateway.media.named import find_named
from gateway.openapi import problems
from gateway.routing import Admits, Router
from gateway.services import ServicesOf
from gateway.sessions import schemas
from gateway.system import status, workers
from gateway.system.schemas import Disk, Memory, Warning

router = Router(prefix="/api", tags=[TAG], route_class=OlderRoute)
opening = Router(admits=Admits.ANYONE, prefix="/api/auth", tags=[TAG], route_class=OlderRoute)

_READ, _MAKE, _LOOK = allow("jobs:read"), allow("jobs:write"), allow("system:read")


class FarmSignIn(BaseModel):
    """Who someone says they are."""

    username: str = Field(
        min_length=1,
        max_length=254,
        validation_alias=AliasChoices("username", "email", "login"),
        description="A name or e-mail address; `email` or `login` in its place do as well.",
    )
    password: str = Field(min_length=1, max_length=MOST)


class FarmRegistration(BaseModel):
    """A new account of one's own."""

    username: str = Field(min_length=1, max_length=254)
    password: str = Field(min_length=1, max_length=MOST, json_schema_extra={"minLength": LEAST})
    email: str | None = Field(None, max_length=254)
    invitation: str | None = Field(None, max_length=200, description="Needed where one must be invited.")


class FarmRegistered(BaseModel):
    """A registration was taken in."""

    message: str = "The registration was taken in."
    username: str


class FarmOrder(BaseModel):
    """A medium that someone wants in another form."""

    input_file: str = Field(
        max_length=1000,
        validation_alias=AliasChoices(
            "input_file", "input_path", "input", "source", "file", "filename", "media_id"
        ),
        description="The medium's id, or the name that it was uploaded with; never a path. `input_path`, "
        "`input`, `source`, `file`, `filename` or `media_id` in its place do as well.",
        examples=["holiday.mov"],
    )
    preset: str | None = Field(
        None,
        max_length=100,
        validation_alias=AliasChoices("preset", "profile"),
        description="A profile, or the HandBrake preset of one; `profile` in its place does as well.",
        examples=["web"],
    )
    priority: Priority = "normal"


class FarmAnswer(jobs.FarmJob):
    """A job that was ordered or cancelled."""

    message: str


class FarmWorker(BaseModel):
    """One worker."""

    name: str
    status: str = Field(description="up, starting, paused, draining or down.")
    running: int = Field(description="How many tasks it has.")
    slots: int = Field(description="How many encodes it does at a time.")


class FarmSystem(BaseModel):
    """How the machine and the workers do."""

    status: Literal["ok"] = "ok"
    version: str
    cpu_percent: float
    memory_percent: float
    disk_percent: float | None = Field(description="Null where the files are not on a disk of this machine.")
    workers: list[FarmWorker]
    warnings: list[Warning]


@opening.post("/login", openapi_extra=instead("POST /api/v1/auth/login"))
async def farm_sign_in(
    command: CommandedByAnyone, request: Request, response: Response, said: FarmSignIn
) -> OlderTokens:
    """Opens a session."""
    return await signed_in(command, request, response, said.username, said.password)


@opening.post(
    "/register", status_code=201, responses=problems(409), openapi_extra=instead("POST /api/v1/auth/register")
)
async def farm_register(command: CommandedByAnyone, said: FarmRegistration) -> FarmRegistered:
    """Makes an account of one's own, where that is open to whoever asks."""
    wanted = schemas.Registration(
        login=said.username, password=said.password, email=said.email, name=None, invitation=said.invitation
    )
    await registration.register(command, wanted)
    return FarmRegistered(username=said.username)


@router.post(
    "/jobs/add",
    dependencies=[_MAKE],
    responses=problems(404, 409, 410),
    openapi_extra=instead("POST /api/v1/jobs"),
)
async def add_farm_job(command: Commanded, order: FarmOrder) -> FarmAnswer:
    """Asks for a medium that is here already in another form."""
    return await ordered(command, order)


@router.get(
    "/jobs/status/{job_id}",
    dependencies=[_READ],
    responses=problems(400, 404),
    openapi_extra=instead("GET /api/v1/jobs/{job_id}"),
)
async def get_farm_job(services: ServicesOf, principal: CurrentPrincipal, job_id: str) -> jobs.FarmJob:
    """Gets one job."""
    return jobs.in_farm(await jobs.found(services, principal, job_id))


@router.get(
    "/jobs/list",
    dependencies=[_READ],
    responses=problems(400),
    openapi_extra=instead("GET /api/v1/jobs"),
)
async def list_farm_jobs(
    services: ServicesOf, principal: CurrentPrincipal, paging: pages.Paged
) -> jobs.FarmJobs:
    """Lists one's jobs, newest first."""
    found = await jobs.listed(services, principal, paging)
    shown = [jobs.in_farm(job) for job in found.items]
    return jobs.FarmJobs(jobs=shown, count=len(shown), next=found.next)


@router.post(
    "/jobs/cancel/{job_id}",
    dependencies=[_MAKE],
    responses=problems(404, 409),
    openapi_extra=instead("POST /api/v1/jobs/{job_id}/cancel"),
)
async def cancel_farm_job(command: Commanded, job_id: str) -> FarmAnswer:
    """Cancels what is under way; the answer shows the job as it is then."""
    return await cancelled(command, job_id)


@router.get("/system/status", dependencies=[_LOOK], openapi_extra=instead("GET /api/v1/system/status"))
async def get_farm_status(services: ServicesOf) -> FarmSystem:
    """Says how the machine and the workers do."""
    heard = services.presence.services()
    machine = await asyncio.to_thread(status.machine, services.settings.blobs_folder)
    known = await workers.every(services.read_models, heard)
    return FarmSystem(
        version=services.version,
        cpu_percent=machine.cpu.percent,
        memory_percent=_memory_percent(machine.memory),
        disk_percent=_disk_percent(machine.disk),
        workers=[
            FarmWorker(name=w.instance, status=w.state, running=w.running, slots=w.slots) for w in known
        ],
        warnings=status.warnings(heard),
    )


async def ordered(command: Command, order: FarmOrder) -> FarmAnswer:
    """Opens a job. Raises Invalid, NotFound, Gone, Forbidden and Conflict."""
    media = await find_named(command.services, command.principal, order.input_file, Level.EDIT)
    profile = forms.of_preset(command.services.profiles, order.preset)
    wanted = TranscodeOrder(profile=profile, priority=order.priority)
    accepted = await orders.order_transcode(command, media, wanted)
    return FarmAnswer(**jobs.in_farm(accepted.job).model_dump(), message="The job was taken in.")


async def cancelled(command: Command, job_id: str) -> FarmAnswer:
    """Ends a job's present run. Raises NotFound, Forbidden, and Conflict where it has ended."""
    await orders.cancel(command, await lookup.find_own(command, job_id))
    job = await lookup.find_own(command, job_id)
    message = "The job has ended." if job.state in ENDED else "The job is being cancelled."
    return FarmAnswer(**jobs.in_farm(job).model_dump(), message=message)


def _memory_percent(memory: Memory) -> float:
    return round(100 * (1 - memory.available_bytes / memory.total_bytes), 1)


def _disk_percent(disk: Disk | None) -> float | None:
    return round(100 * (1 - disk.free_bytes / disk.total_bytes), 1) if disk else None
