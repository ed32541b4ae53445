"""Looks people's own state up."""

from __future__ import annotations

from collections.abc import Sequence

from connectors.ports import Document, OneOf, Page, Query
from connectors.read_models import ReadModels
from gateway.pages import Paging
from gateway.viewings.state import Place, State
from schemas.viewings import CHANGES, viewing_id

VIEWINGS = "viewings"
_MOST = 100_000


async def of_place(read_models: ReadModels, place: Place) -> tuple[State, Document | None]:
    """Someone's state of a work, and what it was read from."""
    document = await read_models.get(VIEWINGS, place.id)
    return State.read(document), document


async def of_works(read_models: ReadModels, user_id: str, work_ids: Sequence[str]) -> dict[str, State]:
    """Someone's state of those of these works of which they have one, in one read."""
    ids = {viewing_id(user_id, work_id): work_id for work_id in work_ids}
    if not ids:
        return {}
    found = await read_models.select(VIEWINGS, {"_id": OneOf(tuple(ids))}, len(ids))
    return {ids[document["_id"]]: State.read(document) for document in found}


async def of_user(read_models: ReadModels, user_id: str) -> list[Document]:
    """All that is kept of someone's."""
    found: dict[str, Document] = {}
    for change in CHANGES:
        documents = await read_models.select(VIEWINGS, {f"{change}.user_id": user_id}, _MOST)
        found |= {document["_id"]: document for document in documents}
    return list(found.values())


async def listed(read_models: ReadModels, user_id: str, change: str, paging: Paging) -> Page:
    """A page of what someone has begun, played or holds dear, the newest first. Raises BadCursor."""
    asked = Query(
        key={f"{change}.by": user_id}, order_by=f"{change}.at", limit=paging.limit, cursor=paging.cursor
    )
    return await read_models.page(VIEWINGS, asked)
