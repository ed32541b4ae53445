"""Finds a medium for whoever has shown already that they may have it."""

from __future__ import annotations

from connectors.ports import Document
from connectors.read_models import ReadModels
from gateway.access.gate import not_found
from gateway.errors import Gone
from gateway.media import versions
from gateway.media.render import render
from gateway.media.schemas import Media
from schemas.versions import work_of

MEDIA = "media"


async def find_for_all(read_models: ReadModels, media_id: str) -> tuple[Media, Document]:
    """The medium with its document. Raises NotFound, Gone."""
    return there(await document_of(read_models, media_id))


async def find_source(read_models: ReadModels, source: str) -> tuple[Media, Document]:
    """The medium as one of its files has it, whichever is shown now. Raises NotFound, Gone."""
    document = await read_models.get(MEDIA, work_of(source))
    if document is None or "upload" not in document:
        raise not_found(work_of(source))
    return there(await versions.as_of(read_models, document, source))


async def document_of(read_models: ReadModels, media_id: str) -> Document:
    """The document of a medium that was uploaded, as its present version has it. Raises NotFound."""
    document = await read_models.get(MEDIA, media_id)
    if document is None or "upload" not in document:
        raise not_found(media_id)
    (shown,) = await versions.shown(read_models, [document])
    return shown


def there(document: Document) -> tuple[Media, Document]:
    """The medium of a document. Raises NotFound, Gone."""
    media = render(document)
    if media is None:
        raise not_found(document["_id"])
    if media.status == "deleted":
        raise Gone("media-deleted", f"The medium {media.id} was deleted.")
    return media, document
