"""Deleting a medium: said once, absorbed by the read models whatever else they hear of it."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from connectors.ports import DatabaseUnavailable, Document
from connectors.read_models import NotBuilt
from gateway.commands import Command
from gateway.errors import Conflict
from gateway.media import versions
from gateway.media.existing import MEDIA
from gateway.media.render import media_path
from gateway.media.schemas import Deletion, Media
from gateway.quotas.counting import counts
from schemas.events import MediaChanged

log = structlog.get_logger()

DELETED = "deleted"


async def delete(command: Command, media: Media) -> Deletion:
    """Publishes that the medium is deleted, with all its versions."""
    read_models = command.services.read_models
    later = await versions.later(read_models, media.id)
    first = await read_models.get(MEDIA, media.id)
    events = [deleted(command, source) for source in (media.id, *(each["_id"] for each in later))]
    token = await command.publish(events, media_path(media.id))
    await free(command, [*([first] if first else []), *later])
    return Deletion(id=media.id, token=token)


def deleted(command: Command, source: str) -> MediaChanged:
    """That a file of a medium is no more."""
    return MediaChanged(meta=command.meta(), media_id=source, version=1, change=DELETED)


async def free(command: Command, files: Sequence[Document]) -> None:
    """Takes deleted files out of what their senders keep; where that can't be, the next count does."""
    quotas = command.services.quotas
    try:
        for each in filter(counts, files):
            said = each["upload"]
            await quotas.deleted(said["owner_id"], each["_id"], said["size_bytes"], said["sha256"])
    except (DatabaseUnavailable, NotBuilt, Conflict) as error:
        log.warning("a quota is freed later", error=str(error))
