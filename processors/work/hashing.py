"""Reading blobs again to see what their bytes are now, for whichever stage asks."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Protocol

from connectors.ports import BlobStore

SMALL_BYTES = 4 << 20
"""Less than what it costs to begin a tool."""


class Hasher(Protocol):
    """What reads all of a file; see connectors.digests."""

    async def sha256(self, path: Path, size_bytes: int) -> str:
        """The hash of a file of about this size, in hexadecimal. Raises ToolFailed."""
        ...


async def sha256_of(blobs: BlobStore, hasher: Hasher, location: str, small_bytes: int = SMALL_BYTES) -> str:
    """The hash of a blob as the store gives it now, and not as a cache of it has it.

    A tool that gives way to viewers reads large files. Raises BlobMissing, ToolFailed, StoreUnavailable.
    """
    found = await blobs.stat(location)
    path = blobs.path_of(location)
    if path is not None and found.size_bytes > small_bytes:
        return await hasher.sha256(path, found.size_bytes)
    digest = hashlib.sha256()
    async for piece in blobs.read(location):
        await asyncio.to_thread(digest.update, piece)
    return digest.hexdigest()
