"""The routes of what is in a library."""

from __future__ import annotations

from typing import Annotated

from fastapi import Header, Query, Response

from gateway import files, pages
from gateway.access.policy import Level
from gateway.artwork.endpoints import IMAGE, OfKind
from gateway.artwork.items import give
from gateway.artwork.schemas import ImageAccepted
from gateway.artwork.taking import take
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.commands import Command, Commanded
from gateway.hierarchy import listing, scopes
from gateway.hierarchy.found import Known
from gateway.hierarchy.schemas import Item, Node
from gateway.media import images
from gateway.openapi import FILE, NOT_MODIFIED, problems
from gateway.routing import Router
from gateway.services import ServicesOf
from schemas import nodes
from schemas.artwork import Wanted

router = Router(prefix="/libraries/{library_id}/items", tags=["libraries"])

_READ, _WRITE = allow("media:read"), allow("media:write")
Parent = Annotated[
    str | None, Query(max_length=64, description="What is in this node; without it, what is in no other.")
]


@router.get("", dependencies=[_READ], responses=problems(400, 404))
async def list_items(
    services: ServicesOf,
    principal: CurrentPrincipal,
    paging: pages.Paged,
    library_id: str,
    parent: Parent = None,
) -> pages.Listing[Item]:
    """Lists what is in a library, or in a series, a season, an artist, an album or a folder of it: nodes by
    name or number, then media by episode, track or name. `own` as the library is one's own media that are in
    none.
    """
    scope = scopes.find(services, principal, library_id)
    return await listing.page(services, principal, scope, parent, paging)


@router.get("/{item_id}", dependencies=[_READ], responses=problems(404))
async def get_item(services: ServicesOf, principal: CurrentPrincipal, library_id: str, item_id: str) -> Node:
    """Gets a node: how much is in it, its images, and what files beside its media say of it."""
    return await listing.node(services, scopes.find(services, principal, library_id), item_id)


@router.head(
    "/{item_id}/images/{name}", dependencies=[_READ], include_in_schema=False, name="head_item_image"
)
@router.get(
    "/{item_id}/images/{name}",
    dependencies=[_READ],
    response_class=Response,
    responses=FILE | NOT_MODIFIED | problems(404, 410, 416),
)
async def get_item_image(
    services: ServicesOf,
    principal: CurrentPrincipal,
    library_id: str,
    item_id: str,
    name: str,
    v: Annotated[str | None, Query(description="Which picture; it may be kept for ever then.")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Sends one of a node's images."""
    known = await listing.find(services, scopes.find(services, principal, library_id), item_id)
    found = images.named(known.images.values(), name)
    return await images.send(services.files, found, v, if_none_match, files.NOTHING_RUNS)


@router.put(
    "/{item_id}/images/{name}",
    dependencies=[_WRITE],
    status_code=202,
    openapi_extra=IMAGE,
    responses=problems(400, 404, 408, 413, 507),
)
async def put_item_image(command: Commanded, library_id: str, item_id: str, kind: OfKind) -> ImageAccepted:
    """Gives a node an image, as a medium is given one. It takes what editing the library's media takes."""
    known = await _editable(command, library_id, item_id)
    return await _give(command, known, kind, await take(command))


@router.delete("/{item_id}/images/{name}", dependencies=[_WRITE], status_code=202, responses=problems(404))
async def remove_item_image(command: Commanded, library_id: str, item_id: str, kind: OfKind) -> ImageAccepted:
    """Takes a given image away again: what was found is shown instead."""
    known = await _editable(command, library_id, item_id)
    return await _give(command, known, kind, None)


async def _editable(command: Command, library_id: str, item_id: str) -> Known:
    scope = scopes.find(command.services, command.principal, library_id, Level.EDIT)
    return await listing.find(command.services, scope, item_id)


async def _give(command: Command, known: Known, kind: str, image: Wanted | None) -> ImageAccepted:
    item = nodes.item_of_node(known.node["_id"])
    before = next((each for each in known.items if each["_id"] == item), None)
    return await give(command, item, before, kind, image)
