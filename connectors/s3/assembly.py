"""Makes one object of pieces: the store copies what is large enough for a part, and what is smaller goes
through here, together with its neighbours.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass

from connectors.ports import Blob, BlobMissing, StoreUnavailable
from connectors.s3.bucket import Bucket
from connectors.s3.leftovers import Leftovers
from connectors.s3.reading import Reading
from connectors.s3.upload import Upload

_LEAST_BYTES = 8 << 20
"""What S3 copies a range of must be larger than 5 MiB."""
_MOST_PARTS = 9_000


@dataclass(frozen=True, slots=True)
class Range:
    """Some bytes of one object."""

    location: str
    first: int
    end: int

    @property
    def size_bytes(self) -> int:
        """How many."""
        return self.end - self.first


def parts(pieces: Iterable[Range], least: int) -> list[list[Range]]:
    """Which bytes each part is made of: one range to be copied, or several to be read. Only the last part has
    less than `least` bytes.
    """
    made: list[list[Range]] = []
    joined: list[Range] = []
    for piece in pieces:
        rest = piece
        if joined:
            wanted = least - sum(each.size_bytes for each in joined)
            middle = min(piece.first + wanted, piece.end)
            joined.append(Range(piece.location, piece.first, middle))
            rest = Range(piece.location, middle, piece.end)
            if middle - piece.first == wanted:
                made.append(joined)
                joined = []
        if rest.size_bytes >= least:
            made.append([rest])
        elif rest.size_bytes:
            joined = [rest]
    return [*made, joined] if joined else made


async def assemble(bucket: Bucket, leftovers: Leftovers, pieces: list[Range], blob: Blob) -> None:
    """Makes that blob of all these bytes, durably; nothing is visible before. Raises StoreFull."""
    if blob.size_bytes <= _LEAST_BYTES:
        content = b"".join([piece async for piece in read(bucket, pieces)])
        await bucket.put(blob.location, content)
        return
    upload = Upload(bucket, leftovers, blob.location)
    try:
        for part in parts(pieces, max(_LEAST_BYTES, blob.size_bytes // _MOST_PARTS)):
            await _add(bucket, upload, part)
        await upload.complete()
    finally:
        await upload.abort()


async def _add(bucket: Bucket, upload: Upload, part: list[Range]) -> None:
    if len(part) == 1 and part[0].size_bytes >= _LEAST_BYTES:
        await upload.take(part[0].location, part[0].first, part[0].end)
    else:
        await upload.add(b"".join([piece async for piece in read(bucket, part)]))


async def sha256(bucket: Bucket, pieces: list[Range]) -> str:
    """The hash of all these bytes, by reading them once."""
    digest = hashlib.sha256()
    async with aclosing(read(bucket, pieces)) as read_:
        async for piece in read_:
            await bucket.do(digest.update, piece)
    return digest.hexdigest()


async def read(bucket: Bucket, ranges: Iterable[Range]) -> AsyncGenerator[bytes, None]:
    """The bytes, one range after another. Raises StoreUnavailable where some are not there."""
    for each in ranges:
        reading, left = Reading(bucket, each.location, each.first, each.end), each.size_bytes
        try:
            while left and (piece := await reading.next()):
                left -= len(piece)
                yield piece
        except BlobMissing as error:
            raise StoreUnavailable(f"there is no {each.location} any more") from error
        finally:
            reading.close()
        if left:
            raise StoreUnavailable(f"{each.location} is not what it was")
