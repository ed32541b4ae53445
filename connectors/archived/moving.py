"""From one folder to the other: copied, made durable, read again, given its name, and removed where it was.

Whoever has the first file open goes on reading it. A process that dies on the way leaves a temporary file,
which goes when one of its name starts, or both copies: the next who moves the blob removes the first.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path, PurePosixPath

from connectors.archived.second import Second
from connectors.blobs import FileStore
from connectors.ports import BlobChanged, BlobMissing
from schemas.storage import ARCHIVE

_PIECE_BYTES = 1 << 20


class FileArchive:
    """See ports.Archive."""

    storage = ARCHIVE

    def __init__(self, first: FileStore, second: Second) -> None:
        self._first = first
        self._second = second

    async def archive(self, location: str) -> None:
        """See ports.Archive."""
        await self._move(location, self._first, self._second.store())

    async def restore(self, location: str) -> bool:
        """See ports.Archive."""
        await self._move(location, self._second.store(), self._first)
        return True

    async def _move(self, location: str, source: FileStore, target: FileStore) -> None:
        if await source.do(source.is_there, location):
            await self.publish(location, source, target)
            await self.give_up(location, source)
        else:
            await target.stat(location)

    async def publish(self, location: str, source: FileStore, target: FileStore) -> None:
        """Puts a whole copy, that was read again, where the blob goes. Raises BlobChanged, StoreFull."""
        await target.do(_copied, location, source, target)

    async def give_up(self, location: str, source: FileStore) -> None:
        """Removes it where it was."""
        await source.remove(location)


def _copied(location: str, source: FileStore, target: FileStore) -> None:
    sha256 = PurePosixPath(location).name.partition(".")[0]
    if target.is_there(location) and _sha256(target.file(location)) == sha256:
        return
    near = target.passing()
    try:
        _copy(source.file(location), near)
        if _sha256(near) != sha256:
            raise BlobChanged(f"the bytes of {location} are not what they were: it stays where it is")
        target.take(near, location)
    except FileNotFoundError as error:
        raise BlobMissing(f"there is no blob at {location}") from error
    finally:
        near.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    """All of a file with its times, on the disk: what is read of it from now on comes from there."""
    with source.open("rb") as read, target.open("xb") as written:
        said = os.fstat(read.fileno())
        while piece := read.read(_PIECE_BYTES):
            written.write(piece)
        written.flush()
        os.fsync(written.fileno())
        os.utime(written.fileno(), ns=(said.st_atime_ns, said.st_mtime_ns))
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(written.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
