"""Puts files in the place of others, as events."""

from __future__ import annotations

from connectors.ports import Blob, Document
from gateway.commands import Command
from gateway.documents import part
from gateway.errors import Conflict
from gateway.media.deletion import deleted, free
from gateway.media.intake import Kept, media_uploaded
from gateway.media.lookup import refuse_unusable
from gateway.media.render import media_path
from gateway.media.schemas import Media
from gateway.versions import history
from gateway.versions.schemas import Replaced, VersionDeletion
from schemas.events import MediaChanged
from schemas.versions import FIRST, FIRST_DROPPED, next_version, source_id, version_of, work_of

_READY = "ready"


def refuse_unready(media: Media) -> None:
    """Raises Conflict for a medium that has no file yet that was accepted."""
    refuse_unusable(media)
    if media.status != _READY:
        raise Conflict("media-not-ready", f"The medium {media.id} has not been looked at yet: wait for that.")


def ready(file: Document) -> Document:
    """A version that was accepted. Raises Conflict for others."""
    status = part(file, "status").get("name")
    if status != _READY:
        raise Conflict("version-not-ready", f"This version is {status}: only what was accepted can be had.")
    return file


async def replace(command: Command, media_id: str, kept: Kept) -> Replaced:
    """Publishes that a file is there that is to be what the medium is."""
    return await take_place(command, await next_source(command, media_id), kept)


async def next_source(command: Command, media_id: str) -> str:
    """What the file is to be called that takes the place of a medium's."""
    last = await history.last(command.services.read_models, media_id)
    return source_id(media_id, next_version(command.now, last))


async def take_place(command: Command, source: str, kept: Kept) -> Replaced:
    """Publishes that a file is there, as what it was to be called."""
    media_id = work_of(source)
    token = await command.publish([media_uploaded(command, kept, source)], media_path(media_id))
    return Replaced(media_id=media_id, version=version_of(source), token=token)


async def restore(command: Command, media_id: str, file: Document) -> Replaced:
    """The same, of the bytes of a version that was accepted before."""
    upload = file["upload"]
    blob = Blob(location=upload["location"], sha256=upload["sha256"], size_bytes=upload["size_bytes"])
    kept = Kept(blob, upload["name"], upload.get("content_type"), None, None)
    return await replace(command, media_id, kept)


async def delete(command: Command, media_id: str, file: Document) -> VersionDeletion:
    """Publishes that a version is no more."""
    version = version_of(file["_id"])
    event = deleted(command, file["_id"])
    if version == FIRST:
        event = MediaChanged(meta=command.meta(), media_id=media_id, version=1, change=FIRST_DROPPED)
    token = await command.publish([event], media_path(media_id))
    await free(command, [file])
    return VersionDeletion(media_id=media_id, version=version, token=token)
