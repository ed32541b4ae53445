"""The routes of uploads straight into the store."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from gateway.auth.dependencies import allow
from gateway.commands import Commanded
from gateway.direct_uploads import sending
from gateway.direct_uploads.schemas import Completion, DirectOrder, DirectUpload
from gateway.openapi import problems
from gateway.routing import Router
from gateway.uploads.beginning import end
from gateway.uploads.render import direct_path

router = Router(prefix="/uploads/direct", tags=["uploads"])

_WRITE = allow("media:write")
_FIRST_PAGE = 100
_ALL = Completion(parts=[])


@router.post("", dependencies=[_WRITE], status_code=201, responses=problems(409, 413, 507))
async def begin_direct_upload(command: Commanded, response: Response, order: DirectOrder) -> DirectUpload:
    """Begins an upload whose parts the client puts straight into the store, by the addresses that it is told.

    Where clients do not reach the store, it is refused: tus does the same through the gateway.
    """
    upload = await sending.begin(command, order)
    response.headers["Location"] = direct_path(upload.id)
    return await sending.shown(command.services, upload, 1, _FIRST_PAGE)


@router.get("/{upload_id}", dependencies=[_WRITE], responses=problems(404, 409, 410))
async def get_direct_upload(
    command: Commanded,
    upload_id: str,
    first: Annotated[int, Query(ge=1, le=10_000, description="The first part to tell of.")] = 1,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many parts to tell of.")] = _FIRST_PAGE,
) -> DirectUpload:
    """Gets one of one's own: which parts have arrived, and new addresses for them."""
    upload = await sending.find(command, upload_id)
    return await sending.shown(command.services, upload, first, limit)


@router.post("/{upload_id}/complete", dependencies=[_WRITE], responses=problems(404, 409, 410, 423))
async def complete_direct_upload(command: Commanded, upload_id: str, said: Completion = _ALL) -> DirectUpload:
    """Says that all parts are there. Their bytes are read and hashed, and become a medium.

    What is not accepted within a moment goes on by itself: ask for the upload again.
    """
    upload = await sending.complete(command, upload_id, said)
    return await sending.shown(command.services, upload, 1, 0)


@router.delete(
    "/{upload_id}",
    dependencies=[_WRITE],
    status_code=204,
    response_class=Response,
    responses=problems(404, 410, 423),
)
async def end_direct_upload(command: Commanded, upload_id: str) -> None:
    """Gives an upload up: its parts are removed. A medium that it has become stays."""
    await sending.find(command, upload_id)
    await end(command, upload_id)
