"""The route that says what is stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query

from connectors import ports
from connectors.ports import Document
from gateway import pages
from gateway.auth.dependencies import CurrentPrincipal, refuse_unless
from gateway.auth.principal import Principal
from gateway.auth.roles import Permission
from gateway.errors import BadRequest
from gateway.openapi import problems
from gateway.routing import Router
from gateway.services import Services, ServicesOf
from gateway.usage.sampling import USAGE
from gateway.usage.schemas import DayUsage, Usage
from gateway.usage.tally import By

router = Router(tags=["media"])

_ALL: Permission = "users:read"
"""Who may this is told of everyone."""
_MOST_DAYS = 366


@router.get("/storage/usage", responses=problems(400))
async def list_usage(
    services: ServicesOf,
    principal: CurrentPrincipal,
    paging: pages.Paged,
    by: Annotated[By, Query(description="What to count by.")] = "user",
    days: Annotated[
        int, Query(ge=0, le=_MOST_DAYS, description="How many days to look back, today among them.")
    ] = 0,
) -> pages.Listing[Usage]:
    """Says how much uploads take in the store, by user, type or library, or all that is in it by class.

    Who may not read accounts is told their own part, and that of the libraries they see.
    """
    found = await _found(services, principal, by, paging)
    first = services.clock.now().date() - timedelta(days=days - 1)
    return pages.Listing(items=[_shown(each, first) for each in found.items], next=found.next)


async def _found(services: Services, principal: Principal, by: By, paging: pages.Paging) -> ports.Page:
    if _ALL not in principal.may and by == "user":
        return await _of(services, paging, [f"user/{principal.id}"])
    if _ALL not in principal.may and by == "library":
        seen = services.gate.libraries.seen_by(principal)
        return await _of(services, paging, (f"library/{each.id}" for each in seen))
    refuse_unless(principal, _ALL)
    query = ports.Query({"by": by}, order_by="now.at", limit=paging.limit, cursor=paging.cursor)
    return await services.read_models.page(USAGE, query)


async def _of(services: Services, paging: pages.Paging, ids: Iterable[str]) -> ports.Page:
    """What few have, in whatever order. Raises BadRequest for a cursor."""
    if paging.cursor:
        raise BadRequest("bad-cursor", "This is all on one page: ask without a cursor.")
    found = [await services.read_models.get(USAGE, id) for id in ids]
    return ports.Page([each for each in found if each is not None])


def _shown(document: Document, first: date) -> Usage:
    days = (DayUsage(day=date.fromisoformat(day), **_sum(said)) for day, said in document["days"].items())
    return Usage(
        by=document["by"],
        key=document["key"],
        at=document["now"]["at"],
        days=sorted((each for each in days if each.day >= first), key=lambda each: each.day),
        **_sum(document["now"]),
    )


def _sum(said: Document) -> dict[str, int]:
    return {"files": said["files"], "size_bytes": said["size_bytes"]}
