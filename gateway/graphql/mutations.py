"""What may be ordered: the commands of the other routes. Each answers with a token that reads may present."""

from __future__ import annotations

from typing import Any

import strawberry
from pydantic import TypeAdapter, ValidationError
from strawberry.scalars import JSON

from gateway.auth.roles import Permission
from gateway.errors import Invalid
from gateway.graphql.asking import Info
from gateway.graphql.shapes import gives
from gateway.graphql.types import DeletionType, JobAcceptedType, Priority, ProfileChangedType
from gateway.jobs import endpoints as jobs
from gateway.jobs.schemas import JobAccepted, JobOrder, PriorityOrder
from gateway.media import endpoints as media
from gateway.media.schemas import Deletion
from gateway.profiles import endpoints as profiles
from gateway.profiles.schemas import ProfileChanged
from schemas.profiles import Profile

_JOBS: Permission = "jobs:write"
_PROFILES: Permission = "profiles:write"
_PROFILE = TypeAdapter(Profile)


@strawberry.type(description="What may be ordered. One after the other; where one fails, the others stand.")
class Mutation:
    @gives(JobAcceptedType | None)
    async def transcode(
        self, info: Info, media_id: strawberry.ID, profile: str, priority: Priority = Priority.NORMAL
    ) -> JobAccepted:
        """Asks for a medium in another form."""
        command = info.context.commanded(_JOBS)
        said = {"media_id": media_id, "profile": profile, "priority": priority.value}
        return await jobs.order_job(command, JobOrder.model_validate(said))

    @gives(JobAcceptedType | None)
    async def cancel_job(self, info: Info, id: strawberry.ID) -> JobAccepted:
        """Cancels what is under way; the answer shows the job as it was."""
        return await jobs.cancel_job(info.context.commanded(_JOBS), id)

    @gives(JobAcceptedType | None)
    async def retry_job(self, info: Info, id: strawberry.ID) -> JobAccepted:
        """Runs a failed or cancelled job again; the answer shows the job as it was."""
        return await jobs.retry_job(info.context.commanded(_JOBS), id)

    @gives(JobAcceptedType | None)
    async def pause_job(self, info: Info, id: strawberry.ID) -> JobAccepted:
        """Holds a job back; the answer shows the job as it was."""
        return await jobs.pause_job(info.context.commanded(_JOBS), id)

    @gives(JobAcceptedType | None)
    async def resume_job(self, info: Info, id: strawberry.ID) -> JobAccepted:
        """Lets a paused job go on with what is missing; the answer shows the job as it was."""
        return await jobs.resume_job(info.context.commanded(_JOBS), id)

    @gives(JobAcceptedType | None)
    async def prioritise_job(self, info: Info, id: strawberry.ID, priority: Priority) -> JobAccepted:
        """Changes the priority of what is still to be done."""
        order = PriorityOrder.model_validate({"priority": priority.value})
        return await jobs.prioritise_job(info.context.commanded(_JOBS), id, order)

    @gives(DeletionType | None)
    async def delete_media(self, info: Info, id: strawberry.ID) -> Deletion:
        """Deletes a medium."""
        return await media.delete_media(info.context.commanded("media:write"), id)

    @gives(ProfileChangedType | None)
    async def put_profile(self, info: Info, name: str, profile: JSON) -> ProfileChanged:
        """Makes a profile, or its next version: all of it, as `PUT /api/v1/profiles/{name}` takes it."""
        command = info.context.commanded(_PROFILES)
        return await profiles.put_profile(command, name, _profile(name, profile))

    @gives(ProfileChangedType | None)
    async def delete_profile(self, info: Info, name: str) -> ProfileChanged:
        """Removes a profile that people made."""
        return await profiles.delete_profile(info.context.commanded(_PROFILES), name)


def _profile(name: str, said: Any) -> Profile:
    """Raises Invalid for what is no profile."""
    try:
        return _PROFILE.validate_python({**said, "name": name} if isinstance(said, dict) else said)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise Invalid("bad-profile", "; ".join(problems), problems=problems) from error
