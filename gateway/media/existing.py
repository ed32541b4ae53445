"""Finds a medium for whoever has shown already that they may have it."""

from __future__ import annotations

from connectors.ports import Document
from connectors.read_models import ReadModels
from gateway.access.gate import not_found
from gateway.errors import Gone
from gateway.media.render import render
from gateway.media.schemas import Media

MEDIA = "media"


async def find_for_all(read_models: ReadModels, media_id: str) -> tuple[Media, Document]:
    """The medium with its document. Raises NotFound, Gone."""
    return there(await document_of(read_models, media_id))


async def document_of(read_models: ReadModels, media_id: str) -> Document:
    """The document of a medium that was uploaded. Raises NotFound."""
    document = await read_models.get(MEDIA, media_id)
    if document is None or "upload" not in document:
        raise not_found(media_id)
    return document


def there(document: Document) -> tuple[Media, Document]:
    """The medium of a document. Raises NotFound, Gone."""
    media = render(document)
    if media is None:
        raise not_found(document["_id"])
    if media.status == "deleted":
        raise Gone("media-deleted", f"The medium {media.id} was deleted.")
    return media, document
