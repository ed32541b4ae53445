"""The routes of given images."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path

from gateway.access.policy import Level
from gateway.artwork.schemas import ImageAccepted
from gateway.artwork.taking import take
from gateway.auth.dependencies import allow
from gateway.commands import Command, Commanded
from gateway.media.lookup import find
from gateway.media.render import media_path
from gateway.openapi import problems
from gateway.routing import Router
from schemas import artwork
from schemas.artwork import GIVEN, Kind
from schemas.events import MediaChanged
from schemas.versions import next_version

router = Router(prefix="/media/{media_id}/images", tags=["media"])

_WRITE = allow("media:write")
OfKind = Annotated[Kind, Path(alias="name", description="Which kind of image it is.")]
IMAGE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            name: {"schema": {"type": "string", "format": "binary"}}
            for name in ("image/jpeg", "image/png", "image/webp", "application/octet-stream")
        },
    }
}


@router.put(
    "/{name}",
    dependencies=[_WRITE],
    status_code=202,
    openapi_extra=IMAGE,
    responses=problems(400, 404, 408, 410, 413, 507),
)
async def put_media_image(command: Commanded, media_id: str, kind: OfKind) -> ImageAccepted:
    """Gives a medium an image: JPEG, PNG or WebP of up to 20 MiB. It stands in the place of what was drawn or
    found, as soon as a worker has looked at it.
    """
    media, document = await find(command.services, command.principal, media_id, Level.EDIT)
    wanted = await take(command)
    values = {artwork.field_of(GIVEN, kind): artwork.told(wanted)}
    version = _next(command, document, kind)
    return await _say(command, media.id, kind, artwork.WANTED, version, values)


@router.delete("/{name}", dependencies=[_WRITE], status_code=202, responses=problems(404, 410))
async def remove_media_image(command: Commanded, media_id: str, kind: OfKind) -> ImageAccepted:
    """Takes a given image away again: what was found or drawn is shown instead."""
    media, document = await find(command.services, command.principal, media_id, Level.EDIT)
    values = {artwork.field_of(GIVEN, kind): artwork.told(None)}
    return await _say(command, media.id, kind, artwork.CHANGE, _next(command, document, kind), values)


def _next(command: Command, document: dict[str, Any], kind: str) -> int:
    return next_version(command.now, artwork.version_of(document, GIVEN, kind))


async def _say(
    command: Command, media_id: str, kind: str, change: str, version: int, values: dict[str, str]
) -> ImageAccepted:
    event = MediaChanged(
        meta=command.meta(), media_id=media_id, version=version, change=change, values=values
    )
    return ImageAccepted(id=media_id, kind=kind, token=await command.publish([event], media_path(media_id)))
