"""Files of blobs that go, beside those who may be putting the same bytes there at this moment.

A file's change time says since when it counts: unlike its other times nobody can set it, and to bring it up
to date disturbs nobody who reads. A lock of the system keeps apart who finds a file and who discards it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from connectors import blob_names
from connectors.ports import Listed


def found(path: Path, size_bytes: int) -> bool:
    """Whether a file of that size is there, which from now on counts as there since now."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        fcntl.flock(file, fcntl.LOCK_SH)
        said = os.fstat(file.fileno())
        if not said.st_nlink or said.st_size != size_bytes:
            return False
        try:
            os.fchmod(
                file.fileno(), said.st_mode & 0o7777
            )  # brings its change time up to date, and nothing else
        except PermissionError:  # it is of another user's process: then it is put there anew
            return False
        return True


def discard(path: Path, before: datetime) -> bool:
    """Removes a file that is there since before then, unless someone finds it first."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        said = os.fstat(file.fileno())
        if not said.st_nlink or _since(said) >= before:
            return False
        path.unlink(missing_ok=True)
    return True


def replace(path: Path, target: Path) -> None:
    """Gives a file its name, in place of one that is not as it should be, and that nobody discards now."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(FileNotFoundError):
            fcntl.flock(stack.enter_context(target.open("rb")), fcntl.LOCK_EX)
        path.replace(target)


def walk(root: Path, area: str) -> Iterator[Listed]:
    """All blobs of an area, one after another; files that are called otherwise are passed over."""
    for path in _files(root / area):
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
