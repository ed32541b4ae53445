"""Chores that people ask for, as events."""

from __future__ import annotations

from gateway.commands import Command
from gateway.jobs.render import job_path, render_chore
from gateway.jobs.schemas import JobAccepted
from schemas.chores import PRIORITY
from schemas.events import ChoreRequested


async def order_chore(command: Command, kind: str, options: str, schedule: str | None = None) -> JobAccepted:
    """Opens a job for a chore, told what `schemas.chores.checked` gave."""
    event = ChoreRequested(
        meta=command.meta(),
        job_id=command.new_id(),
        run=1,
        kind=kind,
        owner_id=command.principal.id,
        priority=PRIORITY,
        options=options,
        schedule=schedule,
    )
    token = await command.publish([event], job_path(event.job_id))
    return JobAccepted(job=render_chore(event), token=token)
