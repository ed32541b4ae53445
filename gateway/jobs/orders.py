"""What people may ask of jobs, as events: orders for new ones, and commands for those that there are."""

from __future__ import annotations

from gateway import names
from gateway.commands import Command
from gateway.errors import Archived, Conflict
from gateway.jobs.minutes import spend_minutes
from gateway.jobs.render import ENDED, PAUSED, job_path, render_requested
from gateway.jobs.schemas import Job, JobAccepted, Priority, TranscodeOrder
from gateway.media.schemas import Media
from schemas.events import JobControlled, TranscodeRequested
from schemas.profiles import Profile, written
from schemas.versions import source_id

_CAN_RETRY = frozenset({"failed", "cancelled"})


def transcode_requested(
    command: Command, source: str, file_name: str, order: TranscodeOrder, profile: Profile
) -> TranscodeRequested:
    """The event that opens a new job, with the profile as it is now."""
    return TranscodeRequested(
        meta=command.meta(),
        job_id=command.new_id(),
        run=1,
        media_id=source,
        owner_id=command.principal.id,
        profile=order.profile,
        priority=order.priority,
        name=names.stem(file_name),
        profile_json=written(profile),
    )


async def order_transcode(command: Command, media: Media, order: TranscodeOrder) -> JobAccepted:
    """Opens a new job. Raises Invalid for an unknown profile, Archived, and OverBudget."""
    profile = command.services.profiles.asked_for(order.profile)
    if media.archived is not None and not media.archived.readable:
        raise Archived
    await spend_minutes(command, media)
    source = source_id(media.id, media.version)
    event = transcode_requested(command, source, media.name, order, profile)
    token = await command.publish([event], job_path(event.job_id))
    return JobAccepted(job=render_requested(event), token=token)


async def cancel(command: Command, job: Job) -> JobAccepted:
    """Ends the present run. Raises Conflict where it has ended."""
    _refuse_ended(job, "cancelled")
    return await _control(command, job, "cancel", job.run)


async def retry(command: Command, job: Job) -> JobAccepted:
    """Opens the next run. Raises Conflict unless the present one failed or was cancelled."""
    if job.state not in _CAN_RETRY:
        raise Conflict(
            "not-retryable", f"The job is {job.state}: only failed or cancelled ones can be retried."
        )
    return await _control(command, job, "retry", job.run + 1)


async def pause(command: Command, job: Job) -> JobAccepted:
    """Holds the present run back. Raises Conflict where it has ended, or is held back."""
    _refuse_ended(job, "paused")
    if job.state == PAUSED:
        raise Conflict("job-paused", "The job is paused already.")
    return await _control(command, job, "pause", job.run)


async def resume(command: Command, job: Job) -> JobAccepted:
    """Lets a paused run go on. Raises Conflict where it is not paused."""
    if job.state != PAUSED:
        raise Conflict("job-not-paused", f"The job is {job.state}: only a paused one can be resumed.")
    return await _control(command, job, "resume", job.run)


async def prioritise(command: Command, job: Job, priority: Priority) -> JobAccepted:
    """Changes the priority of what is still to be done. Raises Conflict where nothing is."""
    _refuse_ended(job, "given another priority")
    accepted = await _control(command, job, "priority", job.run, priority)
    return accepted.model_copy(update={"job": job.model_copy(update={"priority": priority})})


async def _control(
    command: Command, job: Job, name: str, run: int, priority: Priority | None = None
) -> JobAccepted:
    event = JobControlled(meta=command.meta(), job_id=job.id, run=run, command=name, priority=priority)
    token = await command.publish([event], job_path(job.id))
    return JobAccepted(job=job, token=token)


def _refuse_ended(job: Job, what: str) -> None:
    if job.state in ENDED:
        raise Conflict("job-ended", f"The job is {job.state}: it can no longer be {what}.")
