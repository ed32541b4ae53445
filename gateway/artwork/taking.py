"""Takes an image in: to the store, in constant memory, if it begins as images do that we read."""

from __future__ import annotations

from collections.abc import AsyncIterator

from connectors.pictures.stills import HEAD_BYTES, demuxer_of
from gateway.commands import Command
from gateway.errors import Invalid
from gateway.media import upload
from gateway.media.intake import RAW
from schemas.artwork import Wanted

MOST_BYTES = 20 << 20
_SOURCE_DIGITS = 32


async def take(command: Command) -> Wanted:
    """The request's body as a blob. Raises TooLarge, Invalid, OverBudget, ClientTimeout, StoreFull."""
    request, services = command.request, command.services
    upload.refuse_oversize(request, MOST_BYTES)
    stall_s = services.settings.upload_stall_s
    body = upload.body_of(request, stall_s, "nothing of the image was kept")
    declared = upload.declared_bytes(request)
    limited = services.limits.upload(request, command.principal, declared, body)
    async with upload.writing(services.store) as writer:
        await upload.fill(writer, _image(limited), MOST_BYTES)
        blob = await writer.commit(RAW)
    return Wanted(location=blob.location, source=blob.sha256[:_SOURCE_DIGITS])


async def _image(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same bytes. Raises Invalid as soon as they are no image's."""
    head = b""
    async for piece in body:
        if len(head) >= HEAD_BYTES:
            yield piece
            continue
        head += piece
        if len(head) >= HEAD_BYTES:
            _refuse_other(head)
            yield head
    if len(head) < HEAD_BYTES:
        _refuse_other(head)
        yield head


def _refuse_other(head: bytes) -> None:
    if head and demuxer_of(head) is None:
        raise Invalid("not-an-image", "Send a JPEG, a PNG or a WebP: these bytes begin as none of them does.")
