"""Begins uploads, and ends those that are given up."""

from __future__ import annotations

from gateway import names
from gateway.access.policy import Level
from gateway.commands import Command
from gateway.errors import Invalid
from gateway.jobs.minutes import spend_minutes_of_bytes
from gateway.media.intake import Wanted, clean_type, ordered
from gateway.media.lookup import find
from gateway.media.upload import too_large
from gateway.uploads import protocol
from gateway.uploads.direct import direct_of
from gateway.uploads.protocol import Headers
from gateway.uploads.receiving import Piece, go_on
from gateway.uploads.resuming import resuming
from gateway.uploads.room import room_for
from gateway.uploads.upload import Said, Upload
from gateway.versions import replacing
from schemas.profiles import Profile, written


async def begin(command: Command, headers: Headers) -> tuple[Upload, int]:
    """A new upload, with the piece that came along, and how far it has come.

    Raises BadRequest, Invalid, TooLarge, OverBudget, OverQuota, Problem, and what `go_on` does. Nothing stays
    of a failure: who has no answer has no address to go on at.
    """
    services, length, said = command.services, protocol.length(headers), await _said(command, headers)
    limit = services.settings.max_upload_bytes
    if length is not None and length > limit:
        raise too_large(limit)
    at_most = services.settings.max_unfinished_uploads
    upload = await services.uploads.begin(command.new_id(), command.principal.id, said, length, at_most)
    try:
        await room_for(command, upload).cover(length or 0)
        if said.profile_json and length is not None:
            await spend_minutes_of_bytes(command, length)
        if protocol.is_piece(headers):
            return await go_on(command, upload.id, Piece(0, protocol.checksum(headers)))
    except BaseException:
        await end(command, upload.id)
        raise
    return upload, 0


async def _said(command: Command, headers: Headers) -> Said:
    """Raises BadRequest, Invalid for what makes no sense, and what `_replaces` does."""
    sent = headers.get(protocol.METADATA.lower(), "")
    found = protocol.metadata(sent)
    name = found.get("filename") or found.get("name")
    if not name:
        raise Invalid("no-name", f"Give the file's name: {protocol.METADATA}: filename <base64>")
    wanted = Wanted(name, found.get("profile"), found.get("priority"))
    order, profile = ordered(command, wanted)
    return Said(
        name=names.clean(name),
        content_type=clean_type(found.get("filetype") or found.get("type") or ""),
        profile_json=written(profile) if profile else None,
        priority=order.priority if order else "normal",
        metadata=sent,
        replaces=await _replaces(command, found.get("replaces"), profile),
    )


async def _replaces(command: Command, media_id: str | None, profile: Profile | None) -> str | None:
    """As which file it is taken in, where it is to take a medium's place.

    Raises NotFound, Gone, Forbidden, Conflict, and Invalid where a job is asked for too.
    """
    if not media_id:
        return None
    if profile is not None:
        raise Invalid("two-wishes", "What takes a medium's place is transcoded by an order of its own.")
    media, _ = await find(command.services, command.principal, media_id, Level.EDIT)
    replacing.refuse_unready(media)
    return await replacing.next_source(command, media_id)


async def end(command: Command, id: str) -> None:
    """Forgets an upload, bytes and all; a medium that it has become stays. Raises NotFound, Gone, Locked."""
    uploads, store = command.services.uploads, command.services.store
    async with uploads.holding(id, command.principal.id) as held:
        if held.upload.is_direct:
            await direct_of(command.services).abort(id)
        else:
            async with resuming(store, id) as writer:
                await writer.abort()
        await uploads.forget(held)
        if held.upload.accepted is None:
            await room_for(command, held.upload).let_go()
