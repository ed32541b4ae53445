"""Finds uploads, and how far they have come: as far as their bytes are on the disk."""

from __future__ import annotations

from connectors.ports import BlobStore
from gateway.commands import Command
from gateway.uploads.finishing import finish
from gateway.uploads.upload import Upload


async def look(command: Command, id: str) -> tuple[Upload, int]:
    """One of one's own, and how far it has come. One that is whole, and that a crash kept from becoming a
    medium, becomes one.

    Raises NotFound, Gone, and Locked while it becomes one elsewhere.
    """
    uploads, store = command.services.uploads, command.services.store
    upload = await uploads.find(id, command.principal.id)
    offset = await offset_of(store, upload)
    if upload.accepted is None and offset == upload.length:
        async with uploads.holding(id, command.principal.id) as held:
            upload = held.upload if held.upload.accepted else await finish(command, held)
    return upload, offset


async def offset_of(store: BlobStore, upload: Upload) -> int:
    """How far an upload has come. Bytes that may not be what was sent don't count."""
    if upload.accepted is not None:
        return upload.length or 0
    durable = await store.resumable(upload.id)
    return durable if upload.sure_to is None else min(durable, upload.sure_to)
