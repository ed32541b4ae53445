"""The routes of signed addresses: those that make one, and the one that sends what one leads to."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, Response

from gateway.auth.dependencies import allow
from gateway.commands import Commanded
from gateway.openapi import FILE, problems
from gateway.routing import Admits, Router
from gateway.services import ServicesOf
from gateway.signed.making import make
from gateway.signed.schemas import AddressOrder, FileAddress
from gateway.signed.sending import file_of, permitted

making = Router(responses=problems(404, 409, 410))
router = Router(
    prefix="/signed", tags=["media"], admits=Admits.ALL, responses=problems(403, 410, 416, 422, 429, 503)
)

_AS_USUAL = AddressOrder()


@making.post("/media/{media_id}/address", tags=["media"], dependencies=[allow("media:read")], status_code=201)
async def make_media_address(
    command: Commanded, media_id: str, order: AddressOrder = _AS_USUAL
) -> FileAddress:
    """Makes an address by which anyone may fetch the file for a while, whole or in ranges, with no token."""
    file = await file_of(command.services, command.principal, "media", media_id)
    return await make(command, "media", media_id, file, order)


@making.post(
    "/jobs/{job_id}/output/address", tags=["jobs"], dependencies=[allow("jobs:read")], status_code=201
)
async def make_output_address(
    command: Commanded, job_id: str, order: AddressOrder = _AS_USUAL
) -> FileAddress:
    """Makes an address by which anyone may fetch what a job made."""
    file = await file_of(command.services, command.principal, "job", job_id)
    return await make(command, "job", job_id, file, order)


@router.head("/{permit}", include_in_schema=False, name="head_signed_file")
@router.get("/{permit}", response_class=Response, responses=FILE)
async def get_signed_file(
    services: ServicesOf, request: Request, permit: Annotated[str, Path(max_length=1000)]
) -> Response:
    """Sends the file that a signed address leads to, in whole or in ranges."""
    await services.limits.stranger(request)
    file = await permitted(services, request, permit)
    return await services.files.download(file.location, file.name, file.content_type)
