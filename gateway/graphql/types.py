"""The types of the GraphQL schema: those of the other routes, joined to each other."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from gateway.graphql.asking import Info
from gateway.graphql.shapes import BigInt, Shapes
from gateway.jobs.schemas import Job, JobAccepted
from gateway.libraries.schemas import Library
from gateway.media.schemas import Deletion, Media
from gateway.profiles.schemas import ProfileChanged
from gateway.sessions.schemas import Whoami
from gateway.system.schemas import Service
from schemas.profiles import Profile


@strawberry.enum(description="What a medium is.")
class MediaStatus(StrEnum):
    UPLOADED = "uploaded"
    QUARANTINED = "quarantined"
    READY = "ready"
    REJECTED = "rejected"
    DELETED = "deleted"


@strawberry.enum(description="How far a job is.")
class JobState(StrEnum):
    PENDING = "pending"
    PROCESSING = "processing"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@strawberry.enum(description="What may be asked for.")
class Priority(StrEnum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@strawberry.enum(description="Whose turn it is; what only viewers ask for is background work.")
class ShownPriority(StrEnum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"
    BACKGROUND = "background"


async def medium_of(root: strawberry.Parent[Job], info: Info) -> Media | None:
    """The medium that a job is about; nothing where it is deleted, or one may not see it."""
    return await info.context.allowed("media:read").media.load(root.media_id)


async def jobs_of(root: strawberry.Parent[Media], info: Info, first: int = 20) -> list[Job]:
    """The jobs of a medium, newest first."""
    return await info.context.allowed("jobs:read").jobs_of(root.id, first)


_Medium = Annotated["MediaType", strawberry.lazy("gateway.graphql.types")]

_SHAPES = Shapes(MediaStatus, JobState, Priority, ShownPriority)

JobType: Any = _SHAPES.of(
    Job,
    media=strawberry.field(
        resolver=medium_of,
        graphql_type=_Medium | None,
        description="What it is made of; null where one may not see it, or it was deleted.",
    ),
)
MediaType: Any = _SHAPES.of(
    Media,
    jobs=strawberry.field(
        resolver=jobs_of, graphql_type=list[JobType], description="What is made of it, newest first."
    ),
)
ProfileType: Any = _SHAPES.of(Profile)
LibraryType: Any = _SHAPES.of(Library)
ServiceType: Any = _SHAPES.of(Service)
WhoamiType: Any = _SHAPES.of(Whoami)
JobAcceptedType: Any = _SHAPES.of(JobAccepted)
DeletionType: Any = _SHAPES.of(Deletion)
ProfileChangedType: Any = _SHAPES.of(ProfileChanged)

_Item = TypeVar("_Item")


@strawberry.type(description="Some of the things asked for, newest first.")
class Page(Generic[_Item]):
    items: list[_Item]
    next: str | None = strawberry.field(description="What `after` says for the next page; null at the end.")


@strawberry.type(name="Limit", description="One budget, and how one stands with it.")
class LimitKind:
    kind: str
    limit: str
    left: BigInt | None
    resets_in_s: int | None
