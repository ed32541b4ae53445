"""Makes a medium of an upload that is all there, once, also where that was begun before and not ended."""

from __future__ import annotations

from dataclasses import replace

from connectors.ports import Blob
from gateway.commands import Command
from gateway.jobs.schemas import TranscodeOrder
from gateway.media.intake import RAW, Kept, accept
from gateway.uploads.kept import Held
from gateway.uploads.resuming import resuming
from gateway.uploads.room import room_for
from gateway.uploads.upload import Upload
from schemas.profiles import parse


async def finish(command: Command, held: Held) -> Upload:
    """The upload as a medium. Its bytes stay under its own name until that is written down.

    Raises Locked, Unavailable, StoreFull.
    """
    services, upload = command.services, held.upload
    async with resuming(services.store, upload.id) as writer:
        blob = await writer.commit(RAW)
        accepted = await accept(command.repeatable(upload.id), _kept(upload, blob))
        await room_for(command, upload).became(blob, accepted.media.id)
        said = accepted.model_dump(mode="json")
        await services.uploads.note(held, accepted=said)
        await writer.abort()
    services.metrics.uploads.labels("accepted").inc()
    return replace(upload, accepted=said)


def _kept(upload: Upload, blob: Blob) -> Kept:
    said = upload.said
    profile = parse(said.profile_json) if said.profile_json else None
    order = None
    if profile is not None:
        order = TranscodeOrder.model_validate({"profile": profile.name, "priority": said.priority})
    return Kept(blob, said.name, said.content_type, order, profile)
