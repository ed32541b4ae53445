"""Makes a medium of an upload that is all there, once, also where that was begun before and not ended."""

from __future__ import annotations

from dataclasses import replace

from connectors.ports import Blob, BlobMissing, Document
from gateway.commands import Command
from gateway.errors import Gone
from gateway.jobs.schemas import TranscodeOrder
from gateway.media.existing import find_for_all
from gateway.media.intake import RAW, Kept, accept
from gateway.media.schemas import Accepted
from gateway.uploads.direct import direct_of
from gateway.uploads.kept import Held
from gateway.uploads.resuming import resuming
from gateway.uploads.room import room_for
from gateway.uploads.upload import Upload
from gateway.versions import replacing
from schemas.profiles import parse
from schemas.versions import work_of


async def finish(command: Command, held: Held) -> Upload:
    """The upload as a medium. Its bytes stay under its own name until that is written down.

    Raises Locked, Gone, Conflict, Unavailable, StoreFull.
    """
    services, upload = command.services, held.upload
    if upload.is_direct:
        said = await _accept(command, held, await _committed(command, held))
        await direct_of(services).abort(upload.id)
    else:
        async with resuming(services.store, upload.id) as writer:
            said = await _accept(command, held, await writer.commit(RAW))
            await writer.abort()
    services.metrics.uploads.labels("accepted").inc()
    return replace(upload, accepted=said)


async def _committed(command: Command, held: Held) -> Blob:
    """The blob of parts that are in the store. Raises Gone where they are not, and tries no more."""
    try:
        return await direct_of(command.services).commit(held.upload.id, RAW)
    except BlobMissing as error:
        await command.services.uploads.note(held, is_whole=False)
        raise Gone("upload-expired", "Its parts are not in the store any more: begin it again.") from error


async def _accept(command: Command, held: Held, blob: Blob) -> Document:
    """What was answered, written down."""
    upload = held.upload
    again, kept = command.repeatable(upload.id), _kept(upload, blob)
    if (source := upload.said.replaces) is None:
        accepted = await accept(again, kept)
    else:
        accepted = await _in_place_of(again, held, source, kept)
    await room_for(command, upload).became(blob, source or accepted.media.id)
    said: Document = accepted.model_dump(mode="json")
    await command.services.uploads.note(held, accepted=said)
    return said


async def _in_place_of(command: Command, held: Held, source: str, kept: Kept) -> Accepted:
    """The medium as it is before its new file was looked at. Raises Gone where it was deleted meanwhile."""
    services = command.services
    try:
        media, _ = await find_for_all(services.read_models, work_of(source))
    except Gone:
        await services.uploads.note(held, is_whole=False)
        raise
    replaced = await replacing.take_place(command, source, kept)
    return Accepted(media=media, job=None, token=replaced.token)


def _kept(upload: Upload, blob: Blob) -> Kept:
    said = upload.said
    profile = parse(said.profile_json) if said.profile_json else None
    order = None
    if profile is not None:
        order = TranscodeOrder.model_validate({"profile": profile.name, "priority": said.priority})
    return Kept(blob, said.name, said.content_type, order, profile)
