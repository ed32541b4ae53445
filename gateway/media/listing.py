"""Which media are wanted, and in which order: from what a request says to what the read models are asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from connectors import ports
from connectors.ports import Between, Document, OneOf, StartsWith
from connectors.read_models import ReadModels
from gateway.documents import part
from gateway.media import any_file
from gateway.media.existing import MEDIA
from gateway.media.schemas import Status
from gateway.moments import Moment
from gateway.pages import Paging
from schemas import record, words
from schemas.words import label

Kind = Literal["video", "audio"]
Sort = Literal["created", "released", "size", "duration"]
Order = Literal["asc", "desc"]

_PATHS = dict(zip(("created", "released", "size", "duration"), record.ORDERS, strict=True))
_CREATED = _PATHS["created"]
_MOMENTS = frozenset({"created", "released"})
_EXTENTS = "extents"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Condition = Mapping[str, Any]

SHOWN = OneOf(("uploaded", "quarantined", "ready", "rejected"))
"""What a list shows that asks for no status."""

_MOST_LOOKS = 20
_FEW_ARE = frozenset({"uploaded", "quarantined", "rejected", "deleted"})
_MOST_LABELS = 5
_MOST_MS = 2**53

Words = Annotated[str | None, Field(max_length=200)]
Labels = Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=_MOST_LABELS)]
Id = Annotated[str | None, Field(max_length=64)]
Milliseconds = Annotated[int | None, Field(ge=0, le=_MOST_MS)]


class Filters(BaseModel):
    """Which media are wanted; what is not said is no condition."""

    model_config = ConfigDict(frozen=True)

    q: Words = None
    tags: Labels = Field([])
    categories: Labels = Field([])
    kind: Kind | None = None
    status: Status | None = None
    library: Id = None
    owner: Id = None
    archived: bool = False
    created_after: datetime | None = None
    created_before: datetime | None = None
    min_duration_ms: Milliseconds = None
    max_duration_ms: Milliseconds = None
    sort: Sort = "created"
    order: Order = "desc"


async def filters(
    q: Annotated[
        Words,
        Query(
            description="Words, or their beginnings, of its title, name, folders, tags and categories.",
            examples=["summer krak"],
        ),
    ] = None,
    tag: Annotated[Labels, Query(description="Only with this tag; several: with all of them.")] = [],  # noqa: B006
    category: Annotated[Labels, Query(description="Only of this category; several: of all.")] = [],  # noqa: B006
    kind: Annotated[Kind | None, Query(description="Only those that are this, as far as is known.")] = None,
    status: Annotated[
        Status | None,
        Query(description="Only those of which a file is so; all but deleted ones without it."),
    ] = None,
    library: Annotated[Id, Query(description="Only in this library.")] = None,
    owner: Annotated[Id, Query(description="Only those of this account.")] = None,
    archived: Annotated[bool, Query(description="Only those of which a file is archived.")] = False,
    created_after: Annotated[Moment, Query(description="Nothing before this.")] = None,
    created_before: Annotated[Moment, Query(description="Nothing after this.")] = None,
    min_duration_ms: Annotated[Milliseconds, Query(description="Nothing shorter.")] = None,
    max_duration_ms: Annotated[Milliseconds, Query(description="Nothing longer.")] = None,
    sort: Annotated[
        Sort, Query(description="By what to order; what has no such value is left out then.")
    ] = "created",
    order: Annotated[
        Order, Query(description="The last or largest first, or the first or smallest.")
    ] = "desc",
) -> Filters:
    """What a request's query asks for."""
    return Filters(
        q=q,
        tags=tag,
        categories=category,
        kind=kind,
        status=status,
        library=library,
        owner=owner,
        archived=archived,
        created_after=created_after,
        created_before=created_before,
        min_duration_ms=min_duration_ms,
        max_duration_ms=max_duration_ms,
        sort=sort,
        order=order,
    )


Filtered = Annotated[Filters, Depends(filters)]


async def page(
    read_models: ReadModels, wanted: Filters, visible: Sequence[Condition], paging: Paging
) -> ports.Page:
    """A page of the media that are wanted, of those that are visible. Raises BadCursor."""
    searched = (wanted.q or "").strip()
    asked = words.asked(searched)
    extents = await read_models.get(_EXTENTS, MEDIA) or {}
    has_any = paging.cursor is not None or record.extent_of(_PATHS[wanted.sort]) in extents
    if not has_any or (searched and not asked):
        return ports.Page([], None)
    return await _page(read_models, _files(wanted), query(wanted, asked, visible, paging, extents))


async def _page(read_models: ReadModels, files: any_file.Wanted, asked: ports.Query) -> ports.Page:
    """A page may have fewer than fit on it, where many media are not any more what is asked for."""
    found = await read_models.page(MEDIA, asked)
    if not files.is_of_files:
        return found
    items = await files.among(read_models, found.items)
    for _ in range(_MOST_LOOKS):
        if found.next is None or len(items) >= asked.limit:
            break
        more = replace(asked, cursor=found.next, limit=asked.limit - len(items))
        found = await read_models.page(MEDIA, more)
        items += await files.among(read_models, found.items)
    return ports.Page(items, found.next)


def _files(wanted: Filters) -> any_file.Wanted:
    return any_file.Wanted(wanted.status, wanted.archived)


def query(
    wanted: Filters,
    asked: Sequence[str],
    visible: Sequence[Condition],
    paging: Paging,
    extents: Document,
) -> ports.Query:
    """What the read models are asked. Pure.

    What is looked up is what few media have, as far as that can be told: labels and places, then words, then
    whose they are. In another order than by age all media are gone through: each index costs every change.
    """
    by_age = wanted.sort == "created"
    asked_for = {"limit": paging.limit, "cursor": paging.cursor, **_order(wanted, extents)}
    narrow, files = _narrow(wanted), _files(wanted)
    held = [*_wide(wanted), *files.groups, *(_has(each) for each in asked)]
    looked_up = next((found for each in asked if (found := words.start(each))), None)
    seen = [visible] if visible else []
    if not by_age:
        return ports.Query(all_of=[[each] for each in narrow] + held + seen, **asked_for)
    if narrow:
        more = [[each] for each in narrow[1:]] + held
        return ports.Query(key=narrow[0], any_of=visible, all_of=more, **asked_for)
    if looked_up:
        starts = [{path: looked_up} for path in record.STARTS]
        return ports.Query(any_of=starts, all_of=held + seen, **asked_for)
    if wanted.status in _FEW_ARE and not visible:
        return ports.Query(any_of=files.lookups, all_of=held, **asked_for)
    return ports.Query(any_of=visible, all_of=held, **asked_for)


def _wide(wanted: Filters) -> list[Sequence[Condition]]:
    """What many have in common."""
    return [[{record.KIND: wanted.kind}]] if wanted.kind is not None else []


def _narrow(wanted: Filters) -> list[Condition]:
    """What few have in common, and is looked up."""
    said = {record.TAGS: wanted.tags, record.CATEGORIES: wanted.categories}
    narrow: list[Condition] = [
        {f"record.{field}.labels": label(each)} for field, names in said.items() for each in names
    ]
    narrow += [{"library.id": wanted.library}] if wanted.library is not None else []
    return narrow + ([{"upload.owner_id": wanted.owner}] if wanted.owner is not None else [])


def _order(wanted: Filters, extents: Document) -> dict[str, Any]:
    """How they are put in order, where that begins, and what has to lie between bounds."""
    path, ascending = _PATHS[wanted.sort], wanted.order == "asc"
    since, until = (_utc(each) for each in (wanted.created_after, wanted.created_before))
    by_age = wanted.sort == "created"
    where: dict[str, Any] = {} if wanted.status == "deleted" else {"status.name": SHOWN}
    where |= _between(record.DURATION, wanted.min_duration_ms, wanted.max_duration_ms)
    where |= {} if by_age else _between(_CREATED, since, until)
    return {
        "where": where,
        "order_by": path,
        "numbers": wanted.sort not in _MOMENTS,
        "ascending": ascending,
        "edge": _edge(wanted, extents),
        "since": since if by_age else None,
        "until": until if by_age else None,
    }


def _edge(wanted: Filters, extents: Document) -> Any:
    """Where an order begins: the largest or last of all media, or the smallest or first; None if unknown."""
    known = part(extents, record.extent_of(_PATHS[wanted.sort]))
    if not known:
        return None
    number = -known["down"] if wanted.order == "asc" else known["up"]
    if wanted.sort not in _MOMENTS:
        return number
    return _EPOCH + timedelta(milliseconds=number)


def _has(beginning: str) -> Sequence[Condition]:
    """That a word of any text starts so."""
    return [{path: StartsWith(beginning)} for path in record.WORDS]


def _between(path: str, low: Any, high: Any) -> dict[str, Any]:
    return {} if low is None and high is None else {path: Between(low, high)}


def _utc(when: datetime | None) -> datetime | None:
    """A moment as the database takes it; one that says no zone is in UTC."""
    if when is None:
        return None
    zoned = when if when.tzinfo else when.replace(tzinfo=UTC)
    try:
        return zoned.astimezone(UTC)
    except OverflowError:  # it is before the first year there is, or after the last
        return (datetime.min if zoned.year == 1 else datetime.max).replace(tzinfo=UTC)
