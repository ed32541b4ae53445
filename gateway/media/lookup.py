"""Finds a medium, or says why there is none to be had."""

from __future__ import annotations

from connectors.ports import Document
from connectors.read_models import ReadModels
from gateway.errors import Conflict, Gone, NotFound
from gateway.media.render import render
from gateway.media.schemas import Media

MEDIA = "media"


async def find(read_models: ReadModels, media_id: str) -> tuple[Media, Document]:
    """The medium with its document. Raises NotFound and Gone."""
    document = await read_models.get(MEDIA, media_id)
    media = render(document) if document else None
    if media is None or document is None:
        raise NotFound("media-not-found", f"There is no medium {media_id}, or not yet.")
    if media.status == "deleted":
        raise Gone("media-deleted", f"The medium {media_id} was deleted.")
    return media, document


async def find_usable(read_models: ReadModels, media_id: str) -> Media:
    """The medium, if something can be made of it. Raises NotFound, Gone and Conflict."""
    media, _ = await find(read_models, media_id)
    if media.status == "rejected":
        reason = media.rejection.reason if media.rejection else "It was not accepted."
        raise Conflict("media-rejected", f"The medium {media_id} was rejected: {reason}")
    return media
