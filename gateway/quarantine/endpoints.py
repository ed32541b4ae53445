"""The routes of the quarantine: for administrators, who see all media."""

from __future__ import annotations

from connectors.ports import Document, OneOf
from gateway import pages
from gateway.auth.dependencies import allow
from gateway.commands import Command, Commanded
from gateway.documents import part
from gateway.errors import Conflict
from gateway.media.existing import MEDIA, find_for_all
from gateway.media.render import QUARANTINED, media_path, render
from gateway.openapi import problems
from gateway.quarantine.schemas import Alike, QuarantineItem, Review, Reviewed
from gateway.routing import Router
from gateway.services import Services, ServicesOf
from schemas.events import MediaChanged

router = Router(tags=["quarantine"])

_READ, _WRITE = allow("quarantine:read"), allow("quarantine:write")
_SHOWN = OneOf(("ready", QUARANTINED))
_MOST_ALIKE = 20


@router.get("/quarantine", dependencies=[_READ], responses=problems(400))
async def list_quarantine(services: ServicesOf, paging: pages.Paged) -> pages.Listing[QuarantineItem]:
    """Lists what is held because the virus scanner found something in it, newest first."""
    found = await pages.page(services.read_models, MEDIA, {"status.name": QUARANTINED}, paging)
    items = [item for document in found.items if (item := await _item(services, document))]
    return pages.Listing(items=items, next=found.next)


@router.post(
    "/quarantine/{media_id}/release",
    dependencies=[_WRITE],
    status_code=202,
    responses=problems(404, 409, 410),
)
async def release_media(command: Commanded, media_id: str, review: Review) -> Reviewed:
    """Lets a medium in after all: it is looked at, and not scanned again. So are others that are held for the
    same finding in the same bytes, also those that are uploaded later.
    """
    return await _decided(command, media_id, "released", review)


@router.post(
    "/quarantine/{media_id}/destroy",
    dependencies=[_WRITE],
    status_code=202,
    responses=problems(404, 409, 410),
)
async def destroy_media(command: Commanded, media_id: str, review: Review) -> Reviewed:
    """Destroys a medium's bytes and rejects it. So it goes for all other media of the same bytes, also those
    that were accepted before the scanner knew.
    """
    return await _decided(command, media_id, "destroyed", review)


async def _decided(command: Command, media_id: str, change: str, review: Review) -> Reviewed:
    media, _ = await find_for_all(command.services.read_models, media_id)
    if media.status != QUARANTINED:
        raise Conflict("not-quarantined", f"The medium {media_id} is not held; it is {media.status}.")
    event = MediaChanged(
        meta=command.meta(), media_id=media_id, version=1, change=change, values={"reason": review.reason}
    )
    token = await command.publish([event], media_path(media_id))
    return Reviewed(id=media_id, token=token)


async def _item(services: Services, document: Document) -> QuarantineItem | None:
    media = render(document)
    if media is None:
        return None
    asked = pages.Paging(_MOST_ALIKE + 1)
    where = {"upload.sha256": media.sha256, "status.name": _SHOWN}
    found = await pages.page(services.read_models, MEDIA, where, asked)
    others = [_alike(other) for other in found.items if other["_id"] != media.id]
    return QuarantineItem(media=media, same_bytes=others[:_MOST_ALIKE])


def _alike(document: Document) -> Alike:
    upload = part(document, "upload")
    return Alike(
        id=document["_id"],
        name=upload["name"],
        owner_id=upload["owner_id"],
        status=part(document, "status")["name"],
    )
