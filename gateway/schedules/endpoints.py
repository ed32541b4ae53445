"""The routes of schedules."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import Path

from gateway import pages, resources
from gateway.auth.dependencies import allow
from gateway.care.orders import order_chore
from gateway.commands import Commanded
from gateway.documents import part
from gateway.errors import Conflict, Invalid
from gateway.jobs.makers import JOBS
from gateway.jobs.render import render
from gateway.jobs.schemas import JobAccepted
from gateway.openapi import problems
from gateway.routing import Router
from gateway.schedules import schemas
from gateway.schedules.schemas import NAME, NewSchedule, Run, ScheduleChanged, ScheduleOrder
from gateway.services import ServicesOf
from schemas import chores
from schemas.schedules import KIND, BadSchedule, Schedule, next_due, refuse_bad_times

router = Router(prefix="/schedules", tags=["schedules"])

_READ, _WRITE = allow("system:read"), allow("system:write")

_Name = Annotated[str, Path(pattern=NAME, description="The schedule's name.")]


@router.get("", dependencies=[_READ], responses=problems(400))
async def list_schedules(services: ServicesOf) -> schemas.Schedules:
    """Lists all schedules, with when each is due next."""
    now, known = services.clock.now(), services.schedules
    return schemas.Schedules(
        items=[_shown(n, known.last_version(n), each, now) for n, each in sorted(known.all().items())]
    )


@router.post("", dependencies=[_WRITE], status_code=202, responses=problems(409))
async def make_schedule(command: Commanded, order: NewSchedule) -> ScheduleChanged:
    """Makes a schedule."""
    if order.name in command.services.schedules.all():
        raise Conflict("schedule-exists", f"There is a schedule {order.name!r}; PUT changes it.")
    return await _put(command, order.name, _asked(order, command.principal.id))


@router.get("/{name}", dependencies=[_READ], responses=problems(400, 404))
async def get_schedule(services: ServicesOf, name: _Name) -> schemas.Schedule:
    """Gets one schedule."""
    known = services.schedules
    return _shown(name, known.last_version(name), known.find(name), services.clock.now())


@router.put("/{name}", dependencies=[_WRITE], status_code=202, responses=problems(400))
async def put_schedule(command: Commanded, name: _Name, order: ScheduleOrder) -> ScheduleChanged:
    """Makes a schedule, or says anew all that it says. What has come due by then is not made up for."""
    known = command.services.schedules.all().get(name)
    return await _put(command, name, _asked(order, known.owner_id if known else command.principal.id))


@router.delete("/{name}", dependencies=[_WRITE], status_code=202, responses=problems(404))
async def delete_schedule(command: Commanded, name: _Name) -> ScheduleChanged:
    """Removes a schedule; jobs that it began go on."""
    command.services.schedules.find(name)
    return await _put(command, name, None)


@router.post("/{name}/pause", dependencies=[_WRITE], status_code=202, responses=problems(404, 409))
async def pause_schedule(command: Commanded, name: _Name) -> ScheduleChanged:
    """Has a schedule rest; what it began goes on."""
    return await _pause(command, name, on=True)


@router.post("/{name}/resume", dependencies=[_WRITE], status_code=202, responses=problems(404, 409))
async def resume_schedule(command: Commanded, name: _Name) -> ScheduleChanged:
    """Has a schedule go on. What came due meanwhile is not made up for."""
    return await _pause(command, name, on=False)


@router.post("/{name}/run", dependencies=[_WRITE], status_code=202, responses=problems(404))
async def run_schedule(command: Commanded, name: _Name) -> JobAccepted:
    """Does at once what a schedule is for, also while it is paused."""
    found = command.services.schedules.find(name)
    return await order_chore(command, found.chore, found.said_options(), name)


@router.get("/{name}/history", dependencies=[_READ], responses=problems(400, 404))
async def list_runs(services: ServicesOf, name: _Name, paging: pages.Paged) -> pages.Listing[Run]:
    """Lists the past runs of a schedule, newest first, with their jobs; also of one that was removed."""
    if not services.schedules.last_version(name):
        services.schedules.find(name)
    found = await pages.page(services.read_models, JOBS, {"request.schedule": name}, paging)
    return pages.Listing(
        items=[
            Run(due_at=part(document, "request")["due_at"], missed=document["request"]["missed"], job=job)
            for document in found.items
            if (job := render(document, services.clock.now()))
        ],
        next=found.next,
    )


def _asked(order: ScheduleOrder, owner_id: str) -> Schedule:
    """The schedule that someone wants. Raises Invalid."""
    if order.chore not in chores.CHORES:
        known = sorted(chores.CHORES)
        raise Invalid("unknown-chore", f"There is no chore {order.chore!r}; there are {', '.join(known)}.")
    try:
        refuse_bad_times(order.cron, order.zone)
        chores.checked(order.chore, order.options)
    except (BadSchedule, chores.BadOptions) as error:
        raise Invalid("bad-schedule", str(error), problems=str(error).splitlines()) from error
    names = ("cron", "zone", "chore", "options", "paused")
    return Schedule(**{name: getattr(order, name) for name in names}, owner_id=owner_id)


async def _pause(command: Commanded, name: str, *, on: bool) -> ScheduleChanged:
    found = command.services.schedules.find(name)
    if found.paused == on:
        said = "paused already" if on else "not paused"
        raise Conflict("schedule-paused" if on else "schedule-not-paused", f"The schedule is {said}.")
    return await _put(command, name, replace(found, paused=on))


async def _put(command: Commanded, name: str, schedule: Schedule | None) -> ScheduleChanged:
    version = command.services.schedules.last_version(name) + 1
    event = resources.changed(command, KIND, name, version, schedule.written() if schedule else None)
    token = await command.publish([event], f"/api/v1/schedules/{name}")
    shown = _shown(name, version, schedule, command.now) if schedule else None
    return ScheduleChanged(schedule=shown, token=token)


def _shown(name: str, version: int, said: Schedule, now: datetime) -> schemas.Schedule:
    due = None if said.paused else next_due(said.cron, said.zone, now)
    return schemas.Schedule(
        name=name,
        version=version,
        cron=said.cron,
        zone=said.zone,
        chore=said.chore,
        options=dict(said.options),
        paused=said.paused,
        owner_id=said.owner_id,
        next_due=due,
    )
