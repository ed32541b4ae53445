"""Blobs as files under one folder, named by the hash of their bytes.

Every write goes to a temporary name, is made durable and then moved; a temporary file that a killed process
left is removed when a process of the same name starts again.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

from connectors import blob_names, discarding
from connectors.disk import FULL, sync
from connectors.file_writer import FLUSH_BYTES, FileWriter
from connectors.ports import (
    Blob,
    BlobInfo,
    BlobMissing,
    BlobStore,
    Listed,
    StoreFull,
    StoreReadOnly,
    StoreUnavailable,
)
from connectors.s3.options import S3Options
from connectors.unfinished import Unfinished

_PIECE_BYTES = 1024 * 1024
_LISTED_AT_ONCE = 500

T = TypeVar("T")


def open_store(url: str, owner: str, s3: S3Options | None = None) -> BlobStore:
    """The store at a `file://` or `s3://` address. Raises ValueError for an address of another kind.

    `owner` names this process: what an earlier process of that name left half written is removed.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3" and parts.netloc:
        from connectors.s3.store import open_bucket  # boto3 takes long to load, and most do without

        return open_bucket(parts.netloc, unquote(parts.path), owner, s3 or S3Options())
    if parts.scheme != "file" or not parts.path:
        raise ValueError(f"{url} is not a blob store: give file:///an/absolute/path or s3://bucket/prefix")
    return FileStore(Path(unquote(parts.path)), owner)


class FileStore:
    """See ports.BlobStore."""

    def __init__(self, root: Path, owner: str, elsewhere: Callable[[str, int], bool] | None = None) -> None:
        self._root = root.resolve()
        self._elsewhere = elsewhere
        """Whether a blob of that size is kept at another place, and counts as there from now on."""
        self._temporary = self._root / "tmp"
        self.unfinished = Unfinished(self._root / "unfinished")
        self._owner = re.sub(r"[^A-Za-z0-9_-]", "_", owner)
        self.syncing: asyncio.Task[None] | None = None
        """What brings a file to the disk while it is still written: one at a time, whoever writes."""
        self._temporary.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):  # a store that is read-only has still what is to be read
            for left in self._temporary.glob(f"{self._owner}.*"):
                left.unlink(missing_ok=True)

    def writer(self) -> FileWriter:
        """See ports.BlobStore."""
        return FileWriter(self, self.passing())

    async def resume(self, id: str, at: int | None = None) -> FileWriter:
        """See ports.BlobStore."""
        opened = await self.do(self.unfinished.open, id, at)
        return FileWriter(self, opened.path, opened)

    async def resumable(self, id: str) -> int:
        """See ports.BlobStore."""
        return await self.do(self.unfinished.size, id)

    async def forget_unused(self, unused: timedelta) -> None:
        """See ports.BlobStore."""
        await self.do(self.unfinished.forget_unused, unused.total_seconds())

    async def adopt(self, path: Path, area: str, suffix: str = "") -> Blob:
        """See ports.BlobStore."""
        return await self.do(self._adopt, path, area, suffix)

    async def put(self, location: str, content: bytes) -> bool:
        """See ports.BlobStore."""
        return await self.do(self._put, location, content)

    async def names(self, folder: str) -> set[str]:
        """See ports.BlobStore."""
        return await self.do(self._names, folder)

    async def stat(self, location: str) -> BlobInfo:
        """See ports.BlobStore."""
        return await self.do(self._stat, self._path(location))

    async def read(
        self, location: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See ports.BlobStore."""
        file = await self.do(self._open, self._path(location), start)
        try:
            while wanted := _PIECE_BYTES if end is None else max(0, min(_PIECE_BYTES, end - start)):
                piece: bytes = await self.do(file.read, wanted)
                start += len(piece)
                if piece:
                    yield piece
                if len(piece) < wanted:
                    break
        finally:
            file.close()

    def path_of(self, location: str) -> Path | None:
        """See ports.BlobStore."""
        return self._path(location)

    @asynccontextmanager
    async def on_disk(self, location: str) -> AsyncIterator[Path]:
        """See ports.BlobStore."""
        path = self._path(location)
        await self.do(self._stat, path)
        yield path

    async def address(self, location: str, name: str, content_type: str, expires_in_s: int) -> str | None:
        """See ports.BlobStore."""
        self._path(location)
        return None

    async def remove(self, location: str) -> None:
        """See ports.BlobStore."""
        await self.do(self._path(location).unlink, missing_ok=True)

    async def listing(self, area: str) -> AsyncGenerator[Listed, None]:
        """See ports.BlobStore."""
        walk = discarding.walk(self._root, blob_names.checked_area(area))
        while some := await self.do(lambda: list(islice(walk, _LISTED_AT_ONCE))):
            for each in some:
                yield each
        self._refuse_unless_there()

    async def discard(self, location: str, before: datetime) -> bool:
        """See ports.BlobStore."""
        gone = await self.do(discarding.discard, self._temporary, self._path(location), before)
        if not gone:
            self._refuse_unless_there()
        return gone

    async def ping(self) -> None:
        """See ports.BlobStore."""
        await self.do(self._touch)

    async def do(self, step: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """What a step on files answers, in a thread. Raises StoreFull, StoreReadOnly and StoreUnavailable for
        the system's errors, and FileNotFoundError for a file of the caller's that is not there.
        """
        try:
            return await asyncio.to_thread(step, *arguments, **named)
        except OSError as error:
            if error.errno in FULL:
                raise StoreFull("the blob store is full; make room on its disk") from error
            self._refuse_unless_there()
            if isinstance(error, FileNotFoundError):
                raise
            if error.errno == errno.EROFS or not os.access(self._temporary, os.W_OK):
                raise StoreReadOnly("the blob store is read-only; make its folder writable") from error
            raise StoreUnavailable(f"the blob store does not answer: {error.strerror}") from error

    def _stat(self, path: Path) -> BlobInfo:
        try:
            found = path.stat()
        except FileNotFoundError as error:
            raise self._missing(path) from error
        return BlobInfo(found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

    def _open(self, path: Path, start: int) -> BinaryIO:
        try:
            file = path.open("rb")
        except FileNotFoundError as error:
            raise self._missing(path) from error
        file.seek(start)
        return file

    def _missing(self, path: Path) -> BlobMissing:
        self._refuse_unless_there()
        return BlobMissing(f"there is no blob at {path.relative_to(self._root)}")

    def _refuse_unless_there(self) -> None:
        """Raises StoreUnavailable where the whole store is gone, such as a disk that is not mounted."""
        if not self._temporary.is_dir():
            raise StoreUnavailable("the blob store is not where it was")

    def _touch(self) -> None:
        probe = self.passing()
        probe.touch()
        probe.unlink()

    def _path(self, location: str) -> Path:
        """Where a location's bytes are. Raises BlobMissing for what is no location."""
        return self._root / blob_names.checked(location)

    def _folder(self, folder: str) -> Path:
        return self._root / blob_names.checked_folder(folder)

    def _names(self, folder: str) -> set[str]:
        try:
            return set(os.listdir(self._folder(folder)))
        except FileNotFoundError:
            self._refuse_unless_there()
            return set()

    def _put(self, location: str, content: bytes) -> bool:
        target = self._path(location)
        if target.exists():
            return False
        near = self.passing()
        try:
            near.write_bytes(content)
            sync(near)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(near, target)
        except FileExistsError:
            return False
        finally:
            near.unlink(missing_ok=True)
        sync(target.parent)
        return True

    def _adopt(self, path: Path, area: str, suffix: str) -> Blob:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.seek(0, os.SEEK_END)
        return self.keep(path, area, suffix, digest, size)

    def keep(self, path: Path, area: str, suffix: str, digest: str, size: int) -> Blob:
        """Makes a finished file durable under the name of its hash; the same bytes are kept once."""
        location = blob_names.addressed(area, digest, suffix)
        target = self._path(location)
        if self._has(location, size):
            path.unlink()
            return Blob(location, size, digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        sync(path)
        if path.stat().st_dev != target.parent.stat().st_dev:
            path = self._bring_over(path)
        self.take(path, location)
        return Blob(location, size, digest)

    def _has(self, location: str, size: int) -> bool:
        """Whether the same bytes are kept already; they count as there since now."""
        there = self.counts(location, size)
        return there or (self._elsewhere is not None and self._elsewhere(location, size))

    def counts(self, location: str, size: int) -> bool:
        """Whether a blob of that size is here, which from now on counts as there since now."""
        return discarding.found(self._temporary, self._path(location), size)

    def file(self, location: str) -> Path:
        """Where a blob's file is, or would be. Raises BlobMissing for what is no location."""
        return self._path(location)

    def is_there(self, location: str) -> bool:
        """Whether a blob is here; in a thread."""
        return self._path(location).exists()

    def passing(self) -> Path:
        """A name for a file that is being written, which goes when a process of ours starts anew."""
        return self._temporary / f"{self._owner}.{uuid.uuid4().hex}"

    def take(self, path: Path, location: str) -> None:
        """Gives a durable file of this file system its name among the blobs, durably."""
        target = self._path(location)
        target.parent.mkdir(parents=True, exist_ok=True)
        discarding.replace(self._temporary, path, target)
        sync(target.parent)

    def second_name(self, path: Path) -> Path:
        """Another name for the same bytes, to be given up in place of the first."""
        near = self.passing()
        os.link(path, near)
        return near

    def _bring_over(self, path: Path) -> Path:
        """Copies a file from another file system, so that the last step is still one rename."""
        near = self.passing()
        try:
            with path.open("rb") as source, near.open("wb") as target:
                while chunk := source.read(FLUSH_BYTES):
                    target.write(chunk)
            sync(near)
        except OSError:
            near.unlink(missing_ok=True)
            raise
        path.unlink()
        return near
