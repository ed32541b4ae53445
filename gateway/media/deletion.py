"""Deleting a medium: said once, absorbed by the read models whatever else they hear of it."""

from __future__ import annotations

from gateway.commands import Command
from gateway.media import versions
from gateway.media.render import media_path
from gateway.media.schemas import Deletion, Media
from schemas.events import MediaChanged

DELETED = "deleted"


async def delete(command: Command, media: Media) -> Deletion:
    """Publishes that the medium is deleted, with all its versions."""
    later = await versions.later(command.services.read_models, media.id)
    events = [deleted(command, source) for source in (media.id, *(each["_id"] for each in later))]
    token = await command.publish(events, media_path(media.id))
    return Deletion(id=media.id, token=token)


def deleted(command: Command, source: str) -> MediaChanged:
    """That a file of a medium is no more."""
    return MediaChanged(meta=command.meta(), media_id=source, version=1, change=DELETED)
