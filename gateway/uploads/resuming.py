"""Has what is there of an upload to oneself, to go on with it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from connectors.ports import BlobHeld, BlobStore, ResumedWriter
from gateway.uploads.kept import Locked


@asynccontextmanager
async def resuming(store: BlobStore, id: str, at: int | None = None) -> AsyncIterator[ResumedWriter]:
    """What is there of an upload, to be gone on with: durable afterwards, however it ends.

    Raises Locked, where another has it and where another has gone on with it meanwhile.
    """
    try:
        writer = await store.resume(id, at)
        try:
            yield writer
        finally:
            await writer.close()
    except BlobHeld:
        raise Locked() from None
