"""What may be asked. Each field says which permission it takes, and reads what the other routes read."""

from __future__ import annotations

from typing import Any

import strawberry

from gateway.graphql.asking import Info, paging
from gateway.graphql.matching import MediaMatching, filters
from gateway.graphql.shapes import gives
from gateway.graphql.types import (
    JobState,
    JobType,
    LibraryType,
    LimitKind,
    MediaStatus,
    MediaType,
    Page,
    ProfileType,
    ServiceType,
    WhoamiType,
)
from gateway.jobs import endpoints as jobs
from gateway.jobs.schemas import Job, State
from gateway.libraries import endpoints as libraries
from gateway.libraries.schemas import Library
from gateway.limits import endpoints as limits
from gateway.media import endpoints as media
from gateway.media.lookup import find
from gateway.media.schemas import Media
from gateway.sessions import endpoints as sessions
from gateway.sessions.schemas import Whoami
from gateway.system.schemas import Service
from gateway.viewings.render import with_states
from schemas.profiles import Profile


@strawberry.type(description="What may be asked.")
class Query:
    @gives(MediaType | None)
    async def media(self, info: Info, id: strawberry.ID) -> Media:
        """One medium."""
        asking = info.context.allowed("media:read")
        found = await find(asking.services, asking.principal, id)
        (medium,) = await with_states(asking.services, asking.principal, [found])
        return medium

    @gives(Page[MediaType] | None)
    async def media_list(
        self,
        info: Info,
        first: int = 50,
        after: str | None = None,
        status: MediaStatus | None = None,
        matching: MediaMatching | None = None,
    ) -> Any:
        """Media, newest first; all but deleted ones where no status is asked for."""
        asking, wanted = info.context.allowed("media:read"), paging(first, after)
        fitting = filters(status, matching)
        return await media.list_media(asking.services, asking.principal, wanted, fitting)

    @gives(JobType | None)
    async def job(self, info: Info, id: strawberry.ID) -> Job:
        """One job, as of its present run."""
        asking = info.context.allowed("jobs:read")
        return await jobs.get_job(asking.services, asking.principal, id)

    @gives(Page[JobType] | None)
    async def jobs(
        self,
        info: Info,
        first: int = 50,
        after: str | None = None,
        state: JobState | None = None,
        media_id: strawberry.ID | None = None,
    ) -> Any:
        """Jobs, newest first: one's own, or all of a medium that one may see.

        A page of one state may hold fewer than asked for, and go on all the same.
        """
        asking, wanted = info.context.allowed("jobs:read"), paging(first, after)
        named: State | None = state.value if state else None
        return await jobs.list_jobs(asking.services, asking.principal, wanted, named, media_id)

    @gives(list[ProfileType] | None)
    async def profiles(self, info: Info) -> list[Profile]:
        """The forms that media can be given."""
        asking = info.context.allowed("profiles:read")
        return asking.services.profiles.every()

    @gives(WhoamiType | None)
    async def me(self, info: Info) -> Whoami:
        """Who asks, and what they may do."""
        return await sessions.whoami(info.context.services, info.context.principal)

    @gives(list[LimitKind] | None)
    async def limits(self, info: Info) -> list[LimitKind]:
        """What one may have in a while, and what is left of it."""
        found = await limits.get_limits(info.context.services, info.context.principal)
        return [LimitKind(kind=kind, **dict(each)) for kind, each in found.limits.items()]

    @gives(list[LibraryType] | None)
    async def libraries(self, info: Info, first: int = 50) -> list[Library]:
        """The newest of the shared libraries that one sees."""
        asking, wanted = info.context.allowed("media:read"), paging(first, None)
        found = await libraries.list_libraries(asking.services, asking.principal)
        return found.items[: wanted.limit]

    @gives(list[ServiceType] | None)
    async def services(self, info: Info) -> list[Service]:
        """The processes heard of in the last minutes."""
        return list(info.context.allowed("system:read").services.presence.services())
