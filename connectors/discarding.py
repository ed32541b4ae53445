"""Files of blobs that go, beside those who may be putting the same bytes there at this moment.

A file's change time says since when it counts: unlike its other times nobody can set it, and to bring it up
to date disturbs nobody who reads. A lock of the system on one folder of the store keeps apart who finds a
file and who discards one. Each holds it for a moment, and a process that dies lets go of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

from connectors import blob_names
from connectors.disk import locked
from connectors.ports import Listed


def found(lock: Path, path: Path, size_bytes: int) -> bool:
    """Whether a file of that size is there, which from now on counts as there since now."""
    with locked(lock, fcntl.LOCK_SH):
        try:
            said = path.stat()
            if said.st_size != size_bytes:
                return False
            _counts_from_now(path, said)
        except (FileNotFoundError, PermissionError):  # of another user's process: it is put there anew
            return False
    return True


def replace(lock: Path, path: Path, target: Path) -> None:
    """Gives a file its name, in place of one that is not as it should be."""
    with locked(lock, fcntl.LOCK_SH):
        with contextlib.suppress(PermissionError):
            _counts_from_now(path, path.stat())  # whatever a new name does
        path.replace(target)


def _counts_from_now(path: Path, said: os.stat_result) -> None:
    """Brings a file's change time up to date, and nothing else."""
    path.chmod(said.st_mode & 0o7777)


def discard(lock: Path, path: Path, before: datetime) -> bool:
    """Removes a file that is there since before then, unless someone has found it."""
    with locked(lock, fcntl.LOCK_EX):
        try:
            if _since(path.stat()) >= before:
                return False
            path.unlink()
        except FileNotFoundError:
            return False
    return True


def walk(root: Path, area: str) -> Iterator[Listed]:
    """All blobs of an area, or of a sixteenth of it; files that are called otherwise are passed over."""
    whole, _, digit = area.partition("/")
    folders = [f"{digit}{each}" for each in blob_names.DIGITS] if digit else [""]
    for path in chain.from_iterable(_files(root / whole / each) for each in folders):
        location = path.relative_to(root).as_posix()
        with contextlib.suppress(FileNotFoundError):
            if blob_names.is_location(location):
                said = path.stat()
                yield Listed(location, said.st_size, _since(said))


def _files(folder: Path) -> Iterator[Path]:
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def _since(said: os.stat_result) -> datetime:
    return datetime.fromtimestamp(said.st_ctime, UTC)
