"""The routes of people's photos."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Header, Path, Query, Response

from connectors.ports import Document
from gateway import files
from gateway.artwork.endpoints import IMAGE
from gateway.artwork.items import ITEMS, give
from gateway.artwork.schemas import ImageAccepted
from gateway.artwork.taking import take
from gateway.auth.dependencies import allow
from gateway.commands import Commanded
from gateway.media import images
from gateway.openapi import FILE, NOT_MODIFIED, problems
from gateway.people.schemas import Person
from gateway.routing import Router
from gateway.services import Services, ServicesOf
from schemas import artwork, described

router = Router(prefix="/people/{person_id}", tags=["media"])

_READ, _WRITE = allow("media:read"), allow("system:write")
Photo = Annotated[Literal["photo"], Path(alias="name", description="What of them it is an image of.")]
PersonId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$", description="As the people of a medium have it.")]


@router.get("", dependencies=[_READ])
async def get_person(services: ServicesOf, person_id: PersonId) -> Person:
    """Gets the photo of somebody who had a part in media; none where none was given."""
    shown = artwork.shown(await _known(services, person_id) or {})
    return Person(id=person_id, images=images.listed(shown.items(), f"/api/v1/people/{person_id}"))


@router.head("/images/{name}", dependencies=[_READ], include_in_schema=False, name="head_person_image")
@router.get(
    "/images/{name}",
    dependencies=[_READ],
    response_class=Response,
    responses=FILE | NOT_MODIFIED | problems(404, 410, 416),
)
async def get_person_image(
    services: ServicesOf,
    person_id: PersonId,
    name: str,
    v: Annotated[str | None, Query(description="Which picture; it may be kept for ever then.")] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Sends somebody's photo."""
    known = await _known(services, person_id) or {}
    found = images.named(artwork.shown(known).values(), name)
    return await images.send(services.files, found, v, if_none_match, files.NOTHING_RUNS)


@router.put(
    "/images/{name}",
    dependencies=[_WRITE],
    status_code=202,
    openapi_extra=IMAGE,
    responses=problems(400, 408, 413, 507),
)
async def put_person_photo(command: Commanded, person_id: PersonId, kind: Photo) -> ImageAccepted:
    """Gives a photo of somebody: JPEG, PNG or WebP of up to 20 MiB. It takes the permission system:write,
    for it is the same in all libraries.
    """
    image = await take(command)
    known = await _known(command.services, person_id)
    return await give(command, described.item_of_person(person_id), known, kind, image)


@router.delete("/images/{name}", dependencies=[_WRITE], status_code=202)
async def remove_person_photo(command: Commanded, person_id: PersonId, kind: Photo) -> ImageAccepted:
    """Takes somebody's photo away."""
    known = await _known(command.services, person_id)
    return await give(command, described.item_of_person(person_id), known, kind, None)


async def _known(services: Services, person_id: str) -> Document | None:
    return await services.read_models.get(ITEMS, described.item_of_person(person_id))
