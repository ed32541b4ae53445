"""The routes of media."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query, Request, Response

from gateway import files, pages
from gateway.access.policy import Level
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.commands import Commanded
from gateway.jobs import orders
from gateway.jobs.schemas import JobAccepted, Priority, TranscodeOrder
from gateway.media import deletion, images, listing, versions
from gateway.media.intake import Wanted, take_in
from gateway.media.listing import Filtered
from gateway.media.lookup import find, find_file, find_usable
from gateway.media.outcome import counted
from gateway.media.render import render
from gateway.media.schemas import Accepted, Deletion, Media
from gateway.openapi import FILE, NOT_MODIFIED, file_body, problems
from gateway.records.edits import etag
from gateway.routing import Router
from gateway.services import ServicesOf
from gateway.viewings.render import with_states

router = Router(prefix="/media", tags=["media"])

_READ, _WRITE = allow("media:read"), allow("media:write")
_MAKE = allow("jobs:write")

_BODY = file_body(
    name={"type": "string"}, profile={"type": "string"}, priority={"enum": ["high", "normal", "low"]}
)


@router.post(
    "", dependencies=[_WRITE], status_code=202, openapi_extra=_BODY, responses=problems(400, 408, 413, 507)
)
async def upload_media(
    command: Commanded,
    request: Request,
    name: Annotated[str | None, Query(description="The file's name; needed unless a form says it.")] = None,
    profile: Annotated[str | None, Query(description="Ask for a transcode too.", examples=["web"])] = None,
    priority: Annotated[Priority | None, Query(description="Of that transcode.")] = None,
) -> Accepted:
    """Takes a file in: its bytes as the body, of any type, or as the file of a form."""
    with counted(command.services.metrics):
        return await take_in(command, request, Wanted(name, profile, priority))


@router.get("", dependencies=[_READ], responses=problems(400))
async def list_media(
    services: ServicesOf, principal: CurrentPrincipal, paging: pages.Paged, wanted: Filtered
) -> pages.Listing[Media]:
    """Lists media, newest first unless another order is asked for; of those that one sees, what fits."""
    found = await listing.page(services.read_models, wanted, services.gate.visible(principal), paging)
    documents = await versions.shown(services.read_models, found.items)
    media = [(one, document) for document in documents if (one := render(document))]
    return pages.Listing(items=await with_states(services, principal, media), next=found.next)


@router.get("/{media_id}", dependencies=[_READ], responses=problems(400, 404, 410))
async def get_media(
    services: ServicesOf, principal: CurrentPrincipal, response: Response, media_id: str
) -> Media:
    """Gets one medium. Its `ETag` is another one whenever what is said of it was changed."""
    found, document = await find(services, principal, media_id)
    response.headers["ETag"] = etag(document)
    (media,) = await with_states(services, principal, [(found, document)])
    return media


@router.delete("/{media_id}", dependencies=[_WRITE], status_code=202, responses=problems(404, 410))
async def delete_media(command: Commanded, media_id: str) -> Deletion:
    """Deletes a medium."""
    media, _ = await find(command.services, command.principal, media_id, Level.MANAGE)
    return await deletion.delete(command, media)


@router.head("/{media_id}/content", dependencies=[_READ], include_in_schema=False, name="head_media_content")
@router.get(
    "/{media_id}/content",
    dependencies=[_READ],
    response_class=Response,
    responses=FILE | problems(404, 409, 410, 416),
)
async def get_media_content(services: ServicesOf, principal: CurrentPrincipal, media_id: str) -> Response:
    """Downloads the file as it was uploaded, in whole or in ranges."""
    media, document = await find_file(services, principal, media_id)
    location = document["upload"]["location"]
    return await services.files.download(location, media.name, media.content_type)


@router.head(
    "/{media_id}/images/{name}", dependencies=[_READ], include_in_schema=False, name="head_media_image"
)
@router.get(
    "/{media_id}/images/{name}",
    dependencies=[_READ],
    response_class=Response,
    responses=FILE | NOT_MODIFIED | problems(404, 410, 416),
)
async def get_media_image(
    services: ServicesOf,
    principal: CurrentPrincipal,
    media_id: str,
    name: str,
    v: Annotated[str | None, Query(description="Which picture; it may be kept for ever then.")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Sends one of a medium's pictures, or the track of its thumbnails."""
    _, document = await find(services, principal, media_id)
    found = images.find(document, name)
    return await images.send(services.files, found, v, if_none_match, files.NOTHING_RUNS)


@router.post(
    "/{media_id}/transcode", dependencies=[_MAKE], status_code=202, responses=problems(404, 409, 410)
)
async def transcode_media(command: Commanded, media_id: str, order: TranscodeOrder) -> JobAccepted:
    """Asks for a medium in another form."""
    media = await find_usable(command.services, command.principal, media_id, Level.EDIT)
    return await orders.order_transcode(command, media, order)
