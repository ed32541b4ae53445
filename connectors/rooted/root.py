"""One root: listed, read and written below an operator's folder, and never beside it.

Everything here waits for a disk: callers run it in a thread.
"""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from connectors.rooted import walking
from connectors.rooted.paths import TRASH, Inside, PathRefused, refuse
from connectors.rooted.walking import ReadOnly, Taken, troubles

Kind = Literal["file", "folder", "link", "other"]

_PIECE_BYTES = 4 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_MODE = 0o664


@dataclass(frozen=True, slots=True)
class Found:
    """What is at a path."""

    name: str
    kind: Kind
    size_bytes: int | None
    """Of a file."""
    modified: datetime


@dataclass(slots=True)
class Written:
    """A file on its way in: nothing is at its path before it has all of its bytes."""

    name: str
    held: int
    """The folder that it has this name in meanwhile, open."""
    descriptor: int
    path: Inside
    size_bytes: int = 0

    def write(self, piece: bytes) -> None:
        """Adds bytes. Raises Full."""
        with troubles(self.path):
            view = memoryview(piece)
            while view:
                view = view[os.write(self.descriptor, view) :]
        self.size_bytes += len(piece)


@dataclass(frozen=True, slots=True)
class Root:
    """A folder that an operator named. Whether it may be written to is the operator's to say."""

    name: str
    path: Path
    writable: bool = False

    def look(self, path: Inside) -> Found:
        """What is at a path. Raises NotThere, PathRefused, ReadOnly."""
        if not path.names:
            with troubles(path):
                return _found(self.name, self.path.stat())
        with walking.folder(self.path, path.folder) as held, troubles(path):
            return _found(path.name, os.stat(path.name, dir_fd=held, follow_symlinks=False))

    def listing(self, path: Inside, after: str = "", limit: int = 1000) -> list[Found]:
        """What is in a folder, by name, beyond that one. What nobody could name is left out.

        Raises NotThere, PathRefused, ReadOnly.
        """
        with walking.folder(self.path, path) as held, troubles(path):
            names = sorted(name for name in os.listdir(held) if name > after and _is_sayable(name))
            return [found for name in names[:limit] if (found := _looked_at(name, held)) is not None]

    def opened(self, path: Inside) -> int:
        """A file, open for reading. Raises NotThere, PathRefused, ReadOnly."""
        return walking.opened(self.path, path)

    def make_folder(self, path: Inside) -> None:
        """Raises Taken, NotThere (the folder above), PathRefused, ReadOnly, Full."""
        self.refuse_changes()
        with walking.folder(self.path, path.folder) as held, troubles(path):
            os.mkdir(path.name, dir_fd=held)
            os.fsync(held)

    @contextmanager
    def writing(self, path: Inside) -> Iterator[Written]:
        """A file for that path; gone unless `keep` is called with it. Raises ReadOnly, PathRefused, Full."""
        self.refuse_changes()
        name = f"tmp-{uuid.uuid4().hex}"
        refuse(path.name)
        with self.trash_folder() as held:
            with troubles(path):
                descriptor = os.open(name, _NEW, _MODE, dir_fd=held)
            try:
                yield Written(name, held, descriptor, path)
            finally:
                os.close(descriptor)
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=held)

    def keep(self, written: Written) -> None:
        """Gives a whole file its path, durably. Raises Taken, NotThere (its folder), ReadOnly."""
        path = written.path
        with troubles(path):
            os.fsync(written.descriptor)
        with walking.folder(self.path, path.folder) as held, troubles(path):
            move_file(written.name, written.held, path.name, held)
            os.fsync(held)

    def move(self, path: Inside, to: Inside) -> None:
        """Raises NotThere, Taken, PathRefused, ReadOnly, NotOnOneDisk."""
        self.refuse_changes()
        if path.name and to in path:
            raise PathRefused(f"{to} is {path} itself, or lies in it")
        with walking.folder(self.path, path.folder) as held, walking.folder(self.path, to.folder) as target:
            move(path, held, to, target)

    def copy(self, path: Inside, to: Inside, wanted: Callable[[], bool] = lambda: True) -> int:
        """Copies a file and says how large it is; nothing is at the other path where it ends too soon.

        Raises NotThere, Taken, PathRefused, ReadOnly, Full, InterruptedError where it is wanted no more.
        """
        self.refuse_changes()
        source = self.opened(path)
        try:
            with self.writing(to) as written:
                while piece := os.read(source, _PIECE_BYTES):
                    if not wanted():
                        raise InterruptedError
                    written.write(piece)
                self.keep(written)
                return written.size_bytes
        finally:
            os.close(source)

    @contextmanager
    def trash_folder(self) -> Iterator[int]:
        """The folder for what has no path just now, open. Raises ReadOnly, PathRefused, Full."""
        with walking.folder(self.path, Inside()) as held:
            with suppress(Taken), troubles(Inside()):
                os.mkdir(TRASH, 0o700, dir_fd=held)
            with troubles(Inside()):
                trash = os.open(TRASH, walking.FOLDER, dir_fd=held)
        try:
            yield trash
        finally:
            os.close(trash)

    def refuse_changes(self) -> None:
        """Raises ReadOnly where the operator has not said that this root may be written to."""
        if not self.writable:
            raise ReadOnly(f"{self.name} is read-only: name it in SLUICE_ROOTS_WRITABLE to change that")


def move(path: Inside, held: int, to: Inside, target: int) -> None:
    """Moves what is in one open folder into another, durably, over nothing that is there.

    Raises NotThere, Taken, ReadOnly, NotOnOneDisk.
    """
    with troubles(path):
        is_folder = stat.S_ISDIR(os.stat(path.name, dir_fd=held, follow_symlinks=False).st_mode)
    with troubles(to):
        (_move_folder if is_folder else move_file)(path.name, held, to.name, target)
        os.fsync(target)
        os.fsync(held)


def _move_folder(name: str, held: int, to: str, target: int) -> None:
    """A folder may take the place of an empty one: so an empty one of ours is put there first."""
    os.mkdir(to, dir_fd=target)
    try:
        os.rename(name, to, src_dir_fd=held, dst_dir_fd=target)
    except OSError:
        os.rmdir(to, dir_fd=target)
        raise


def move_file(name: str, held: int, to: str, target: int) -> None:
    """A second name, which takes nothing's place, and then the first one goes. Raises OSError."""
    second_name(name, held, to, target)
    os.unlink(name, dir_fd=held)


def second_name(name: str, held: int, to: str, target: int) -> None:
    """The same file under another name too; a copy of it where the disk knows no second names.

    Raises OSError, FileExistsError among them.
    """
    try:
        os.link(name, to, src_dir_fd=held, dst_dir_fd=target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        _copy(name, held, to, target)


def _copy(name: str, held: int, to: str, target: int) -> None:
    source = os.open(name, walking.FILE, dir_fd=held)
    try:
        with os.fdopen(os.open(to, _NEW, _MODE, dir_fd=target), "wb") as copied:
            while piece := os.read(source, _PIECE_BYTES):
                copied.write(piece)
            copied.flush()
            os.fsync(copied.fileno())
    finally:
        os.close(source)


def _is_sayable(name: str) -> bool:
    try:
        refuse(name)
    except PathRefused:
        return False
    return True


def _looked_at(name: str, held: int) -> Found | None:
    try:
        return _found(name, os.stat(name, dir_fd=held, follow_symlinks=False))
    except FileNotFoundError:  # it went while we listed
        return None


def _found(name: str, said: os.stat_result) -> Found:
    kinds: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}
    kind = kinds.get(stat.S_IFMT(said.st_mode), "other")
    modified = datetime.fromtimestamp(said.st_mtime, UTC)
    return Found(name, kind, said.st_size if kind == "file" else None, modified)
