"""Finds a medium for someone, or says why there is none to be had."""

from __future__ import annotations

from connectors.ports import Document
from gateway.access.policy import Level
from gateway.auth.principal import Principal
from gateway.errors import Conflict
from gateway.media.existing import document_of, there
from gateway.media.schemas import Media
from gateway.services import Services


async def find(
    services: Services, principal: Principal, media_id: str, least: Level = Level.VIEW
) -> tuple[Media, Document]:
    """The medium with its document, for someone who may do so much with it.

    Raises NotFound, Gone, and Forbidden for who may see it and no more.
    """
    document = await document_of(services.read_models, media_id)
    services.gate.refuse_below(principal, document, least)
    return there(document)


async def find_usable(services: Services, principal: Principal, media_id: str, least: Level) -> Media:
    """The medium, if something can be made of it. Raises NotFound, Gone, Forbidden and Conflict."""
    media, _ = await find(services, principal, media_id, least)
    if media.status == "rejected":
        reason = media.rejection.reason if media.rejection else "It was not accepted."
        raise Conflict("media-rejected", f"The medium {media_id} was rejected: {reason}")
    return media
