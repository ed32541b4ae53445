"""The routes of what is said of media."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Annotated

from fastapi import Header, Response

from gateway.access.policy import Level
from gateway.auth.dependencies import allow
from gateway.commands import Command, Commanded
from gateway.errors import Problem
from gateway.media.existing import there
from gateway.media.lookup import find
from gateway.media.render import media_path
from gateway.openapi import problems
from gateway.records import bulk, edits
from gateway.records.schemas import BulkEdited, BulkOrder, Edited, RecordOrder
from gateway.routing import Router

router = Router(prefix="/media", tags=["media"])

_WRITE = allow("media:write")


@router.patch("/{media_id}", dependencies=[_WRITE], status_code=202, responses=problems(404, 409, 410, 412))
async def edit_media(
    command: Commanded,
    response: Response,
    media_id: str,
    order: RecordOrder,
    if_match: Annotated[
        str | None, Header(max_length=1000, description="The ETag of the medium as it was read.")
    ] = None,
) -> Edited:
    """Says something of a medium: its title, tags, fields of one's own, what its file is called.

    Of two who change the same field at once the later one stands, unless `If-Match` says to refuse what was
    changed meanwhile.
    """
    _, document = await find(command.services, command.principal, media_id, Level.EDIT)
    async with AsyncExitStack() as held:
        if if_match is not None:
            await _refuse_stale(held, command, media_id, if_match, edits.etag(document))
        token, values = "", edits.values_of(order, document)
        if values:
            event = edits.event_of(command.meta(), document, values)
            token = await command.publish([event], media_path(media_id))
            document = edits.after(document, event)
    response.headers["ETag"] = edits.etag(document)
    media, _ = there(document)
    return Edited(media=media, token=token)


@router.post("/bulk", dependencies=[_WRITE], status_code=202)
async def edit_many_media(command: Commanded, order: BulkOrder) -> BulkEdited:
    """Adds tags and categories to many media, or takes them off: to each that one may edit."""
    return await bulk.edit(command, order)


async def _refuse_stale(
    held: AsyncExitStack, command: Command, media_id: str, if_match: str, tag: str
) -> None:
    """Raises a Problem where the record is not what it was read as; of two who read the same, one goes on."""
    stale = Problem(
        "record-changed", "Someone changed it meanwhile: read it again, then change that.", status=412
    )
    if not edits.is_current(if_match, tag):
        raise stale
    if if_match.strip() != "*":
        deciding = command.services.identity.claims.deciding(f"record/{media_id}/{tag}", otherwise=stale)
        await held.enter_async_context(deciding)
