"""A blob that is written into a bucket. Its name is its hash, which is known at the end alone: so what is
large goes to a temporary name in parts, and the store itself copies it to its own.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from connectors import blob_names
from connectors.ports import Blob, BlobMissing
from connectors.s3.bucket import Bucket
from connectors.s3.classes import is_readable
from connectors.s3.hashing import Hashing
from connectors.s3.leftovers import Leftovers
from connectors.s3.upload import Upload

_MIB = 1 << 20
PART_BYTES = 8 * _MIB
_LARGER_PARTS = ((4_000, PART_BYTES), (7_000, 16 * _MIB), (10_000, 64 * _MIB))
"""How large parts are up to which number: there may be ten thousand, which come to 265 GiB."""
_COPIED_AT_ONCE = 64 * _MIB
_MOST_PARTS = 10_000
_FRESH = timedelta(minutes=10)


class S3Writer:
    """See ports.BlobWriter."""

    def __init__(self, bucket: Bucket, leftovers: Leftovers) -> None:
        self._bucket = bucket
        self._leftovers = leftovers
        self._upload = Upload(bucket, leftovers, leftovers.name(), stays=False)
        self._pending = bytearray()
        self._hashing = Hashing.anew(bucket)
        self._moving: Upload | None = None
        self.size_bytes = 0

    async def write(self, chunk: bytes) -> None:
        """See ports.BlobWriter."""
        self._pending += chunk
        self.size_bytes += len(chunk)
        if len(self._pending) >= part_bytes(self._upload.parts):
            await self._flush()

    async def commit(self, area: str, suffix: str = "") -> Blob:
        """See ports.BlobWriter."""
        if not self._upload.parts:
            return await self._commit_small(area, suffix)
        if self._pending:
            await self._flush()
        blob = await self._blob(area, suffix)
        await self._upload.complete()
        if not await is_kept(self._bucket, blob):
            await self._move(blob)
        await self.abort()
        return blob

    async def abort(self) -> None:
        """See ports.BlobWriter."""
        uploads = [each for each in (self._upload, self._moving) if each is not None]
        await asyncio.gather(*(each.abort() for each in uploads))

    async def _flush(self) -> None:
        part, self._pending = bytes(self._pending), bytearray()
        await self._hashing.through()
        self._hashing.add(part)
        await self._upload.add(part)

    async def _blob(self, area: str, suffix: str) -> Blob:
        digest = await self._hashing.hexdigest()
        return Blob(blob_names.addressed(area, digest, suffix), self.size_bytes, digest)

    async def _commit_small(self, area: str, suffix: str) -> Blob:
        content = bytes(self._pending)
        self._hashing.add(content)
        blob = await self._blob(area, suffix)
        if not await is_kept(self._bucket, blob):
            await self._bucket.put(blob.location, content)
        return blob

    async def _move(self, blob: Blob) -> None:
        if blob.size_bytes <= _COPIED_AT_ONCE:
            source, target = self._bucket.object(self._upload.location), self._bucket.object(blob.location)
            await self._bucket.do(self._bucket.patient.copy_object, **target, CopySource=source)
            return
        self._moving = Upload(self._bucket, self._leftovers, blob.location)
        for first in range(0, blob.size_bytes, _COPIED_AT_ONCE):
            end = min(first + _COPIED_AT_ONCE, blob.size_bytes)
            await self._moving.take(self._upload.location, first, end)
        await self._moving.complete()


async def store_file(bucket: Bucket, leftovers: Leftovers, path: Path, area: str, suffix: str) -> Blob:
    """Stores a whole file, which stays where it is: its name is known before, so it goes there at once."""
    with path.open("rb") as file:
        digest = (await bucket.do(hashlib.file_digest, file, "sha256")).hexdigest()
        blob = Blob(blob_names.addressed(area, digest, suffix), file.seek(0, 2), digest)
        file.seek(0)
        if not await is_kept(bucket, blob):
            await _sent(bucket, leftovers, file, blob)
    return blob


async def is_kept(bucket: Bucket, blob: Blob) -> bool:
    """Whether the same bytes are in the store already, and put there lately.

    What was there for longer is put there again: only so does it count as there since now. So is what an
    archive has that would have to give it back first.
    """
    try:
        found = await bucket.do(bucket.quick.head_object, **bucket.object(blob.location))
    except BlobMissing:
        return False
    if not is_readable(found):
        return False
    is_fresh = datetime.now(UTC) - found["LastModified"] < _FRESH
    return bool(is_fresh and found["ContentLength"] == blob.size_bytes)


async def _sent(bucket: Bucket, leftovers: Leftovers, file: BinaryIO, blob: Blob) -> None:
    if blob.size_bytes <= PART_BYTES:
        content = await bucket.do(file.read)
        await bucket.put(blob.location, content)
        return
    upload = Upload(bucket, leftovers, blob.location)
    part_bytes = max(PART_BYTES, blob.size_bytes // _MOST_PARTS + 1)
    try:
        while part := await bucket.do(file.read, part_bytes):
            await upload.add(part)
        await upload.complete()
    finally:
        await upload.abort()


def part_bytes(number: int) -> int:
    """How large the part after so many is."""
    return next((size for until, size in _LARGER_PARTS if number < until), _LARGER_PARTS[-1][1])
