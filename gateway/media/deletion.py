"""Deleting a medium: said once, absorbed by the read models whatever else they hear of it."""

from __future__ import annotations

from gateway.commands import Command
from gateway.media.render import media_path
from gateway.media.schemas import Deletion, Media
from schemas.events import MediaChanged

DELETED = "deleted"


async def delete(command: Command, media: Media) -> Deletion:
    """Publishes that the medium is deleted."""
    event = MediaChanged(meta=command.meta(), media_id=media.id, version=1, change=DELETED)
    token = await command.publish([event], media_path(media.id))
    return Deletion(id=media.id, token=token)
