"""Reading blobs again to see what their bytes are now, for whichever stage asks."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Protocol

from connectors.ports import BlobStore


class Hasher(Protocol):
    """What reads all of a file; see connectors.digests."""

    async def sha256(self, path: Path, size_bytes: int) -> str:
        """The hash of a file of about this size, in hexadecimal. Raises ToolFailed."""
        ...


async def sha256_of(blobs: BlobStore, hasher: Hasher, location: str) -> str:
    """The hash of a blob as the store gives it now, and not as a cache of it has it.

    Files are read by a tool that gives way to viewers. Raises BlobMissing, ToolFailed, StoreUnavailable.
    """
    found = await blobs.stat(location)
    path = blobs.path_of(location)
    if path is not None:
        return await hasher.sha256(path, found.size_bytes)
    digest = hashlib.sha256()
    async for piece in blobs.read(location):
        await asyncio.to_thread(digest.update, piece)
    return digest.hexdigest()
