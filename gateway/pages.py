"""Lists: what every one of them takes, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel, Field

from connectors import ports
from connectors.read_models import ReadModels

MAX_LIMIT = 200

Item = TypeVar("Item")


class Listing(BaseModel, Generic[Item]):
    """Some of the things asked for, newest first."""

    items: list[Item]
    next: str | None = Field(None, description="The cursor of the next page; null at the end.")


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page is wanted."""

    limit: int = 50
    cursor: str | None = None


async def paging(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many to answer with.")] = 50,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> Paging:
    """Which page a request's query asks for."""
    return Paging(limit, cursor)


Paged = Annotated[Paging, Depends(paging)]


async def page(
    read_models: ReadModels,
    name: str,
    where: Mapping[str, Any],
    paging: Paging,
    any_of: Sequence[Mapping[str, Any]] = (),
    since: datetime | None = None,
    until: datetime | None = None,
) -> ports.Page:
    """A page of a read model. Raises BadCursor.

    Without alternatives the first single value in `where` is what is looked up.
    """
    key = {} if any_of else _first_value(where)
    rest = {path: value for path, value in where.items() if path not in key}
    asked = ports.Query(
        key=key, where=rest, any_of=any_of, limit=paging.limit, cursor=paging.cursor, since=since, until=until
    )
    return await read_models.page(name, asked)


def _first_value(where: Mapping[str, Any]) -> dict[str, Any]:
    found = ({path: value} for path, value in where.items() if not isinstance(value, ports.OneOf))
    return next(found, {})
