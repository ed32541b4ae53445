"""Blobs as files under one folder, named by the hash of their bytes.

Every write goes to a temporary name, is made durable and then moved; a temporary file that a killed process
left is removed when a process of the same name starts again.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import re
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

from connectors.ports import Blob, BlobMissing, BlobStore, StoreFull, StoreUnavailable
from connectors.unfinished import Opened, Unfinished, sha256

_FLUSH_BYTES = 1024 * 1024
_FEW = 32
"""So many pieces are written one by one; of more it is quicker to make one."""
_SYNC_BYTES = 32 * 1024 * 1024
"""After so much a long write is brought to the disk on the way, so that its end is not waited for."""
_AREAS = frozenset({"raw", "straight", "renditions", "processed", "images", "subtitles", "documents"})
_LOCATION = re.compile(r"(?P<area>[a-z]+)/(?P<fan>[0-9a-f]{2})/(?P<name>[0-9a-f]{64}(\.[a-z0-9]{1,8})?)")
_FOLDER = re.compile(r"(?P<area>renditions|images)/(?P<fan>[0-9a-f]{2})/(?P<name>[0-9a-f]{32})/[0-9a-f]{16}")
_MEMBER = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\.[a-z0-9]{1,8}")
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

T = TypeVar("T")


def open_store(url: str, owner: str) -> BlobStore:
    """The store at a `file://` address. Raises ValueError for an address of another kind.

    `owner` names this process: what an earlier process of that name left half written is removed.
    """
    parts = urlsplit(url)
    if parts.scheme != "file" or not parts.path:
        raise ValueError(f"{url} is not a blob store: give file:///an/absolute/path")
    return FileStore(Path(unquote(parts.path)), owner)


class FileStore:
    """See ports.BlobStore."""

    def __init__(self, root: Path, owner: str) -> None:
        self._root = root.resolve()
        self._temporary = self._root / "tmp"
        self.unfinished = Unfinished(self._root / "unfinished")
        self._owner = re.sub(r"[^A-Za-z0-9_-]", "_", owner)
        self.syncing: asyncio.Task[None] | None = None
        """What brings a file to the disk while it is still written: one at a time, whoever writes."""
        self._temporary.mkdir(parents=True, exist_ok=True)
        for left in self._temporary.glob(f"{self._owner}.*"):
            left.unlink(missing_ok=True)

    def writer(self) -> FileWriter:
        """See ports.BlobStore."""
        return FileWriter(self, self._temporary / f"{self._owner}.{uuid.uuid4().hex}")

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

    async def local_path(self, location: str) -> Path:
        """See ports.BlobStore."""
        return await self.do(self._existing, self._path(location))

    async def remove(self, location: str) -> None:
        """See ports.BlobStore."""
        await self.do(self._path(location).unlink, missing_ok=True)

    async def ping(self) -> None:
        """See ports.BlobStore."""
        await self.do(self._touch)

    async def do(self, step: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """What a step on files answers, in a thread. Raises StoreFull and StoreUnavailable for the system's
        errors, and FileNotFoundError for a file of the caller's that is not there.
        """
        try:
            return await asyncio.to_thread(step, *arguments, **named)
        except OSError as error:
            if error.errno in _FULL:
                raise StoreFull("the blob store is full; make room on its disk") from error
            self._refuse_unless_there()
            if isinstance(error, FileNotFoundError):
                raise
            raise StoreUnavailable(f"the blob store does not answer: {error.strerror}") from error

    def _existing(self, path: Path) -> Path:
        if not path.is_file():
            self._refuse_unless_there()
            raise BlobMissing(f"there is no blob at {path.relative_to(self._root)}")
        return path

    def _refuse_unless_there(self) -> None:
        """Raises StoreUnavailable where the whole store is gone, such as a disk that is not mounted."""
        if not self._temporary.is_dir():
            raise StoreUnavailable("the blob store is not where it was")

    def _touch(self) -> None:
        probe = self._temporary / f"{self._owner}.{uuid.uuid4().hex}"
        probe.touch()
        probe.unlink()

    def _path(self, location: str) -> Path:
        """Where a location's bytes are; anything that is not exactly one of our locations is missing."""
        folder, _, member = location.rpartition("/")
        if _MEMBER.fullmatch(member) and _FOLDER.fullmatch(folder):
            return self._folder(folder) / member
        found = _LOCATION.fullmatch(location)
        if not found or found["area"] not in _AREAS or found["name"][:2] != found["fan"]:
            raise BlobMissing(f"{location!r} is not a blob location")
        return self._root / location

    def _folder(self, folder: str) -> Path:
        found = _FOLDER.fullmatch(folder)
        if not found or found["name"][:2] != found["fan"]:
            raise BlobMissing(f"{folder!r} is no folder of blobs")
        return self._root / folder

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
        near = self._temporary / f"{self._owner}.{uuid.uuid4().hex}"
        try:
            near.write_bytes(content)
            _sync(near)
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(near, target)
        except FileExistsError:
            return False
        finally:
            near.unlink(missing_ok=True)
        _sync(target.parent)
        return True

    def _adopt(self, path: Path, area: str, suffix: str) -> Blob:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.seek(0, os.SEEK_END)
        return self.keep(path, area, suffix, digest, size)

    def keep(self, path: Path, area: str, suffix: str, digest: str, size: int) -> Blob:
        """Makes a finished file durable under the name of its hash; the same bytes are kept once."""
        location = f"{area}/{digest[:2]}/{digest}{suffix}"
        target = self._path(location)
        if target.exists() and target.stat().st_size == size:
            path.unlink()
            return Blob(location, size, digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        _sync(path)
        if path.stat().st_dev != target.parent.stat().st_dev:
            path = self._bring_over(path)
        path.replace(target)
        _sync(target.parent)
        return Blob(location, size, digest)

    def second_name(self, path: Path) -> Path:
        """Another name for the same bytes, to be given up in place of the first."""
        near = self._temporary / f"{self._owner}.{uuid.uuid4().hex}"
        os.link(path, near)
        return near

    def _bring_over(self, path: Path) -> Path:
        """Copies a file from another file system, so that the last step is still one rename."""
        near = self._temporary / f"{self._owner}.{uuid.uuid4().hex}"
        with path.open("rb") as source, near.open("wb") as target:
            while chunk := source.read(_FLUSH_BYTES):
                target.write(chunk)
        _sync(near)
        path.unlink()
        return near


class FileWriter:
    """See ports.BlobWriter, and ports.ResumedWriter for a file that was begun before."""

    def __init__(self, store: FileStore, path: Path, begun: Opened | None = None) -> None:
        self._store = store
        self._path = path
        self._begun = begun
        self._file: BinaryIO | None = begun.file if begun else None
        self._digest = begun.digest if begun else hashlib.sha256()
        self._step = threading.Lock()
        """Held for each step on the file: whoever awaited one may be gone before it ends."""
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._unsynced = 0
        self._syncing: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        """The last piece on its way into the file, while the next one comes."""
        self.size_bytes = begun.size_bytes if begun else 0

    async def write(self, chunk: bytes) -> None:
        """See ports.BlobWriter."""
        self._pending.append(chunk)
        self._pending_bytes += len(chunk)
        self.size_bytes += len(chunk)
        if self._pending_bytes >= _FLUSH_BYTES:
            await self._flush()

    async def commit(self, area: str, suffix: str = "") -> Blob:
        """See ports.BlobWriter."""
        await self._flush()
        await self._written()
        await self._synced()
        return await self._store.do(self._commit, area, suffix)

    async def close(self) -> None:
        """See ports.ResumedWriter."""
        if self._begun is None or self._begun.file.closed:
            return
        try:
            await self._flush()
            await self._written()
            await self._synced()
        finally:
            await self._settled()
            await self._store.do(self._close)

    async def abort(self) -> None:
        """See ports.BlobWriter."""
        await self._settled()
        await self._store.do(self._abort)

    async def _settled(self) -> None:
        """Waits until nothing is done to the file any more."""
        if going_on := [each for each in (self._writing, self._syncing) if each is not None]:
            await asyncio.wait(going_on)

    async def _flush(self) -> None:
        await self._written()
        pending, self._pending = self._pending, []
        self._writing = asyncio.create_task(self._store.do(self._write, pending))
        self._writing.add_done_callback(_heard)
        self._unsynced += self._pending_bytes
        self._pending_bytes = 0

    async def _written(self) -> None:
        """Raises what kept the last piece from the file."""
        if self._writing is None:
            return
        await asyncio.shield(self._writing)
        self._writing = None
        if self._unsynced >= _SYNC_BYTES and self._file is not None and self._store.syncing is None:
            await self._synced()
            self._unsynced = 0
            syncing = asyncio.create_task(self._store.do(os.fsync, self._file.fileno()))
            self._syncing = self._store.syncing = syncing
            syncing.add_done_callback(self._sync_ended)

    async def _synced(self) -> None:
        """Raises what kept bytes from the disk: the system says so once."""
        if self._syncing is not None:
            await asyncio.shield(self._syncing)

    def _sync_ended(self, syncing: asyncio.Task[None]) -> None:
        self._store.syncing = None
        _heard(syncing)

    def _write(self, pending: list[bytes]) -> None:
        with self._step:
            if self._file is None:
                self._file = self._path.open("xb", buffering=0)
            digest, self._digest = self._digest, None  # of a half-written piece it would be another
            for piece in pending if len(pending) <= _FEW else [b"".join(pending)]:
                view = memoryview(piece)
                while view:
                    view = view[self._file.write(view) :]
                if digest is not None:
                    digest.update(piece)
            self._digest = digest

    def _commit(self, area: str, suffix: str) -> Blob:
        path = self._path
        if self._begun is not None:
            path = self._store.second_name(path)
        elif self._file is None:
            path.touch()
        else:
            self._file.close()
        return self._store.keep(path, area, suffix, sha256(path, self._digest), self.size_bytes)

    def _close(self) -> None:
        with self._step:
            if self._begun is not None:
                self._store.unfinished.close(self._begun, self._digest)

    def _abort(self) -> None:
        with self._step:
            if self._file is not None:
                self._file.close()
            self._path.unlink(missing_ok=True)


def _heard(step: asyncio.Task[None]) -> None:
    """What went wrong is told to whoever waits, if someone does."""
    if not step.cancelled():
        step.exception()


def _sync(path: Path) -> None:
    """Puts a file's bytes, or a folder's names, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
