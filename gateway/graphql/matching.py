"""What media have to be like, as GraphQL says it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import strawberry
from pydantic import ValidationError

from gateway.errors import BadRequest
from gateway.graphql.shapes import BigInt
from gateway.graphql.types import MediaStatus
from gateway.media.listing import Filters


@strawberry.enum(description="What is in a medium.")
class MediaKind(StrEnum):
    VIDEO = "video"
    AUDIO = "audio"


@strawberry.enum(description="By what media are put in order.")
class MediaSort(StrEnum):
    CREATED = "created"
    RELEASED = "released"
    SIZE = "size"
    DURATION = "duration"


@strawberry.input(description="What media have to be like; what is left out is no condition.")
class MediaMatching:
    q: str | None = strawberry.field(
        default=None, description="Words, or their beginnings, of titles, names, tags and categories."
    )
    tags: list[str] = strawberry.field(default_factory=list, description="All of them.")
    categories: list[str] = strawberry.field(default_factory=list, description="All of them.")
    kind: MediaKind | None = None
    library: strawberry.ID | None = None
    owner: strawberry.ID | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    min_duration_ms: BigInt | None = None
    max_duration_ms: BigInt | None = None
    sort: MediaSort = MediaSort.CREATED
    ascending: bool = strawberry.field(default=False, description="The first or smallest first.")


def filters(status: MediaStatus | None, matching: MediaMatching | None) -> Filters:
    """What is wanted, within the bounds of the other routes. Raises BadRequest."""
    said = dict(vars(matching or MediaMatching()))
    said["order"] = "asc" if said.pop("ascending") else "desc"
    said["status"] = status
    try:
        return Filters.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadRequest("bad-matching", f"{first['loc'][0]}: {first['msg']}.") from error
