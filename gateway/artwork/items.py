"""Images that are given to what is no medium: nodes of a hierarchy, and people."""

from __future__ import annotations

from connectors.ports import Document
from gateway.artwork.schemas import ImageAccepted
from gateway.commands import Command
from schemas import artwork
from schemas.artwork import GIVEN, Wanted
from schemas.events import ItemChanged
from schemas.versions import next_version

ITEMS = "items"


async def give(
    command: Command, item: str, known: Document | None, kind: str, image: Wanted | None
) -> ImageAccepted:
    """Says that there is an image of an item, or none any more; `known` is what was said of it before."""
    change = artwork.CHANGE if image is None else artwork.WANTED
    event = ItemChanged(
        meta=command.meta(),
        item=item,
        version=next_version(command.now, artwork.version_of(known or {}, GIVEN, kind)),
        change=change,
        values={artwork.field_of(GIVEN, kind): artwork.told(image)},
    )
    path = command.request.url.path.partition("/images/")[0]
    token = await command.publish([event], path)
    return ImageAccepted(id=item.partition("/")[2], kind=kind, token=token)
