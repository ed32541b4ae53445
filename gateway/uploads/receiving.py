"""Takes one piece of an upload to the store, and keeps what came of it whatever happens."""

from __future__ import annotations

from dataclasses import dataclass, replace

from connectors.ports import ResumedWriter
from gateway.commands import Command
from gateway.errors import BadRequest, Conflict, TooLarge
from gateway.jobs.minutes import spend_minutes_of_bytes
from gateway.media.upload import body_of, counted_bytes, declared_bytes, too_large
from gateway.uploads import protocol
from gateway.uploads.finishing import finish
from gateway.uploads.kept import Held
from gateway.uploads.protocol import Checksum, Headers
from gateway.uploads.render import direct_path
from gateway.uploads.resuming import resuming
from gateway.uploads.room import room_for
from gateway.uploads.upload import Upload


@dataclass(frozen=True, slots=True)
class Piece:
    """What a request says of the bytes that it brings."""

    offset: int
    checksum: Checksum | None
    length: int | None = None
    """Of the whole upload, where that is said only now."""


def piece_of(headers: Headers) -> Piece:
    """Raises BadRequest, Invalid, and Problem for what is no piece."""
    protocol.refuse_type(headers)
    length = protocol.number(headers, protocol.LENGTH)
    protocol.refuse_empty(length)
    return Piece(protocol.offset(headers), protocol.checksum(headers), length)


async def go_on(command: Command, id: str, piece: Piece) -> tuple[Upload, int]:
    """The upload with this piece, and how far it has come; it is a medium once it is whole.

    Raises Conflict for a piece that begins elsewhere, Locked, TooLarge, OverBudget, OverQuota, ClientTimeout,
    ClientDisconnect, and Problem for bytes that are not those that were sent.
    """
    services = command.services
    async with services.uploads.holding(id, command.principal.id) as held:
        if held.upload.is_direct:
            raise Conflict("direct-upload", f"Put its parts into the store: GET {direct_path(id)} has where.")
        if held.upload.accepted is not None:
            _refuse_elsewhere(piece, held.upload.length or 0)
            return held.upload, piece.offset
        async with resuming(services.store, id, held.upload.sure_to) as writer:
            _refuse_elsewhere(piece, writer.size_bytes)
            await _prepare(command, held, piece)
            with services.metrics.uploads_in_flight.track_inprogress():
                await _receive(command, held, piece, writer)
        is_whole = writer.size_bytes == held.upload.length
        if piece.checksum or is_whole:
            await services.uploads.note(held, sure_to=None, is_whole=is_whole)
        return await finish(command, held) if is_whole else held.upload, writer.size_bytes


def _refuse_elsewhere(piece: Piece, offset: int) -> None:
    if piece.offset != offset:
        raise Conflict(
            "wrong-offset", f"This upload goes on at {offset}, and not at {piece.offset}.", offset=offset
        )


async def _prepare(command: Command, held: Held, piece: Piece) -> None:
    """Writes down what the piece says, before anything of it is."""
    upload = held.upload
    to: dict[str, int | None] = {}
    if piece.length is not None:
        await _refuse_length(command, upload, piece)
        to["length"] = piece.length
    sure_to = piece.offset if piece.checksum else None
    if sure_to != upload.sure_to:
        to["sure_to"] = sure_to
    if to:
        await command.services.uploads.note(held, **to)
        held.upload = replace(upload, length=to.get("length") or upload.length)


async def _refuse_length(command: Command, upload: Upload, piece: Piece) -> None:
    length, limit = piece.length or 0, command.services.settings.max_upload_bytes
    if upload.length not in (None, length) or length < piece.offset:
        raise BadRequest("length-known", "The length of this upload is another one, or was said before.")
    if length > limit:
        raise too_large(limit)
    if upload.length is None and upload.said.profile_json:
        await spend_minutes_of_bytes(command, length)


async def _receive(command: Command, held: Held, piece: Piece, writer: ResumedWriter) -> None:
    services, request = command.services, command.request
    end = held.upload.length or services.settings.max_upload_bytes
    if writer.size_bytes + (declared_bytes(request) or 0) > end:
        raise _past(end)
    body = body_of(request, services.settings.upload_stall_s, kept="what came before is kept")
    room = room_for(command, held.upload)
    await room.cover(held.upload.length or writer.size_bytes)
    spent = room.covered(services.limits.upload(request, command.principal, None, body), writer.size_bytes)
    hashing = piece.checksum.begin() if piece.checksum else None
    async for chunk in counted_bytes(services.metrics, spent):
        held.heard()
        if writer.size_bytes + len(chunk) > end:
            raise _past(end)
        if hashing is not None:
            hashing.update(chunk)
        await writer.write(chunk)
    if hashing is not None and piece.checksum and hashing.digest() != piece.checksum.digest:
        raise protocol.mismatch()


def _past(end: int) -> TooLarge:
    return TooLarge("past-the-end", f"The upload ends at {end}: nothing after that is taken.", length=end)
