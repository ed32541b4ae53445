"""The second folder itself, and whether it is the one that was used before.

A disk that is not mounted looks like an empty folder. So both folders hold the same mark, and without it
nothing is said of what is in the second one.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path

from connectors.blobs import FileStore
from connectors.disk import sync
from connectors.ports import ArchiveUnavailable
from schemas.storage import RAW

_MARK = "archive-id"
_BEGUN = "archive-id.begun"


class Second:
    """A store of files, as long as it is there."""

    def __init__(self, root: Path, first: Path, owner: str) -> None:
        self._root, self._first, self._owner = root, first, owner
        self._store: FileStore | None = None

    def store(self) -> FileStore:
        """Raises ArchiveUnavailable where another folder, or an empty one, is in its place."""
        try:
            if not (self._first / _MARK).exists():
                _pair(self._root, self._first)
            if _read(self._root) != _read(self._first):
                raise FileNotFoundError
            if self._store is None:
                self._store = FileStore(self._root, self._owner)
        except OSError as error:
            raise ArchiveUnavailable(
                f"the archive is not at {self._root}: mount its disk, or set SLUICE_ARCHIVE to where it is"
            ) from error
        return self._store

    def counts(self, location: str, size_bytes: int) -> bool:
        """See FileStore.counts; False while it is away."""
        try:
            return location.startswith(RAW) and self.store().counts(location, size_bytes)
        except (ArchiveUnavailable, OSError):
            return False


def is_used(root: Path) -> bool:
    """Whether blobs of this store may be in a second folder."""
    return (root / _MARK).exists()


def _pair(root: Path, first: Path) -> None:
    """Of processes that do this at once, one makes the mark; one that dies in the middle is gone on from.
    Raises ArchiveUnavailable for the archive of another store, whose blobs would be nobody's here.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds what people have uploaded
    _write_first(first / _BEGUN, uuid.uuid4().hex)
    mark = (first / _BEGUN).read_text()
    _write_first(root / _MARK, mark)
    if _read(root) != mark:
        raise ArchiveUnavailable(
            f"{root} is the archive of another store: let SLUICE_ARCHIVE be empty at first"
        )
    _write_first(first / _MARK, mark)


def _read(folder: Path) -> str:
    return (folder / _MARK).read_text()


def _write_first(path: Path, said: str) -> None:
    """Durably, unless another process has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    near = path.with_name(f"{_MARK}.{uuid.uuid4().hex}")
    near.write_text(said)
    sync(near)
    with contextlib.suppress(FileExistsError):
        os.link(near, path)
    near.unlink()
    sync(path.parent)
