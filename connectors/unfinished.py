"""Files that are written by several processes, one after another, and stay until someone ends them.

Who writes one holds a lock of the system on it, which ends with the process. The hash of what this process
wrote is remembered, for as long as nobody else writes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cachetools import LRUCache

from connectors.blob_names import checked_id
from connectors.disk import sync
from connectors.ports import BlobHeld

if TYPE_CHECKING:
    from hashlib import _Hash

_REMEMBERED = 1000

State = tuple[int, int]
"""A file's size, and when it was last written to: another writer changes one of them."""


@dataclass(slots=True)
class Opened:
    """An unfinished file, held by this process."""

    id: str
    path: Path
    file: BinaryIO
    size_bytes: int
    digest: _Hash | None
    """Of all that is there; None where another process wrote some of it."""


class Unfinished:
    """A folder of them. Its steps take time, so they belong into threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._digests: LRUCache[str, tuple[State, _Hash]] = LRUCache(_REMEMBERED)
        self._step = threading.Lock()

    def open(self, id: str, at: int | None) -> Opened:
        """See ports.BlobStore.resume."""
        path = self._path(id)
        self._folder.mkdir(exist_ok=True)
        file = path.open("ab", buffering=0)
        try:
            _hold(file, id)
            return Opened(id, path, file, *self._begin(file, id, at))
        except BaseException:
            file.close()
            raise

    def _begin(self, file: BinaryIO, id: str, at: int | None) -> tuple[int, _Hash | None]:
        """How much there is, and its hash where that is known. It counts as used from now on."""
        if at is not None and _state(file)[0] > at:
            file.truncate(at)
            os.fsync(file.fileno())
        state = _state(file)
        os.utime(file.fileno())
        if not state[0]:
            sync(self._folder)
            return 0, hashlib.sha256()
        with self._step:
            known = self._digests.pop(id, None)
        return state[0], known[1] if known and known[0] == state else None

    def close(self, opened: Opened, digest: _Hash | None) -> None:
        """Makes a file durable and lets go of it; harmless where that was done."""
        if opened.file.closed:
            return
        try:
            os.fsync(opened.file.fileno())
            if digest is not None:
                with self._step:
                    self._digests[opened.id] = (_state(opened.file), digest)
        finally:
            opened.file.close()

    def size(self, id: str) -> int:
        """See ports.BlobStore.resumable."""
        try:
            file = self._path(id).open("rb")
        except FileNotFoundError:
            return 0
        with file:
            size, _ = _state(file)
            os.fsync(file.fileno())
        return size

    def forget_unused(self, unused_s: float) -> None:
        """See ports.BlobStore.forget_unused."""
        before = time.time() - unused_s
        with contextlib.suppress(FileNotFoundError):
            for each in os.scandir(self._folder):
                with contextlib.suppress(FileNotFoundError):
                    if each.stat().st_mtime < before:
                        os.unlink(each)

    def _path(self, id: str) -> Path:
        return self._folder / checked_id(id)


def sha256(path: Path, digest: _Hash | None) -> str:
    """The hash of a file: the known one, else what reading it once gives."""
    if digest is not None:
        return digest.hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hold(file: BinaryIO, id: str) -> None:
    """Raises BlobHeld where another has it, or has just ended it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BlobHeld(id) from None
    if not os.fstat(file.fileno()).st_nlink:
        raise BlobHeld(id)


def _state(file: BinaryIO) -> State:
    said = os.fstat(file.fileno())
    return said.st_size, said.st_mtime_ns
