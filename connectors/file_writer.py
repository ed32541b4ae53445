"""Files that are written piece by piece: the last goes into the file while the next one comes."""

from __future__ import annotations

import asyncio
import hashlib
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from connectors.ports import Blob
from connectors.unfinished import Opened, sha256

if TYPE_CHECKING:
    from connectors.blobs import FileStore

FLUSH_BYTES = 1024 * 1024
_FEW = 32
"""So many pieces are written one by one; of more it is quicker to make one."""
_SYNC_BYTES = 32 * 1024 * 1024
"""After so much a long write is brought to the disk on the way, so that its end is not waited for."""


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
        if self._pending_bytes >= FLUSH_BYTES:
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
        try:
            return self._store.keep(path, area, suffix, sha256(path, self._digest), self.size_bytes)
        finally:
            if self._begun is not None:
                path.unlink(missing_ok=True)

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
