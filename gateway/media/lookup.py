"""Finds a medium for someone, or says why there is none to be had."""

from __future__ import annotations

from connectors.ports import Document
from gateway.access.policy import Level
from gateway.auth.principal import Principal
from gateway.errors import Conflict, Unavailable
from gateway.media.existing import document_of, there
from gateway.media.render import QUARANTINED
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
    refuse_unusable(media)
    return media


async def find_file(services: Services, principal: Principal, media_id: str) -> tuple[Media, Document]:
    """The medium with its document, if its bytes may be had as they are.

    Raises NotFound, Gone, Conflict, and Unavailable before they were scanned, where they are.
    """
    media, document = await find(services, principal, media_id)
    refuse_unusable(media)
    if media.status == "uploaded" and services.settings.clamd is not None:
        raise Unavailable(
            f"The medium {media_id} has not been scanned for malware yet; try again in a moment."
        )
    return media, document


def refuse_unusable(media: Media) -> None:
    """Raises Conflict for what was rejected, and for what is held."""
    refuse_held(media)
    if media.status == "rejected":
        reason = media.rejection.reason if media.rejection else "It was not accepted."
        raise Conflict("media-rejected", f"The medium {media.id} was rejected: {reason}")


def refuse_held(media: Media) -> None:
    """Raises Conflict for what is in quarantine."""
    if media.status == QUARANTINED:
        found = media.quarantine.finding if media.quarantine else "malware"
        raise Conflict(
            "media-quarantined",
            f"The medium {media.id} is held, for the virus scanner found {found}; an administrator decides.",
        )
