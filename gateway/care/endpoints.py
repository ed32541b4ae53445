"""The routes of care: each orders a job, whose output is a report."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body
from pydantic import BaseModel

from gateway.archive.endpoints import refuse_without
from gateway.auth.dependencies import allow
from gateway.care.orders import order_chore
from gateway.commands import Commanded
from gateway.jobs.schemas import JobAccepted
from gateway.openapi import problems
from gateway.routing import Router
from schemas.chores import (
    ARCHIVAL,
    CLEANUP,
    RETENTION,
    SCRUB,
    ArchivalOptions,
    CleanupOptions,
    RetentionOptions,
    ScrubOptions,
)

router = Router(prefix="/care", tags=["care"])

_WRITE = allow("system:write")


@router.post("/cleanup", dependencies=[_WRITE], status_code=202)
async def order_cleanup(command: Commanded, options: Annotated[CleanupOptions, Body()]) -> JobAccepted:
    """Looks for what nothing refers to any more, and removes it if told to.

    The job's output is the report: by area what there is, how much of it nothing refers to, what went.
    """
    return await order_chore(command, CLEANUP, _said(options))


@router.post("/scrub", dependencies=[_WRITE], status_code=202)
async def order_scrub(command: Commanded, options: Annotated[ScrubOptions, Body()]) -> JobAccepted:
    """Reads all bytes again, and says which are not what they were. Removes and repairs nothing.

    The job's output is the report; media that are found damaged say so of themselves.
    """
    return await order_chore(command, SCRUB, _said(options))


@router.post("/retention", dependencies=[_WRITE], status_code=202)
async def order_retention(command: Commanded, options: Annotated[RetentionOptions, Body()]) -> JobAccepted:
    """Looks for media and versions that have been kept for long enough, and deletes them if told to.

    A policy is a schedule of it. The job's output is the report; the bytes go with the next cleanup.
    """
    return await order_chore(command, RETENTION, _said(options))


@router.post("/archival", dependencies=[_WRITE], status_code=202, responses=problems(409))
async def order_archival(command: Commanded, options: Annotated[ArchivalOptions, Body()]) -> JobAccepted:
    """Looks for media and versions that hardly anyone asks for, and archives them if told to.

    A policy is a schedule of it. The job's output is the report; what is archived says so of itself.
    """
    refuse_without(command.services.settings)
    return await order_chore(command, ARCHIVAL, _said(options))


def _said(options: BaseModel) -> str:
    return options.model_dump_json(exclude_defaults=True)
