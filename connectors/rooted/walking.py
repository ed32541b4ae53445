"""From a root down to a folder, one name at a time, by descriptors: no link on the way is ever followed, also
where somebody puts one there while we walk.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.disk import FULL
from connectors.rooted.paths import Inside, PathRefused

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""Without O_NONBLOCK, opening a pipe would wait for somebody to write into it."""


class NotThere(LookupError):
    """There is nothing at that path."""


class Taken(Exception):
    """There is something at that path already."""


class ReadOnly(Exception):
    """Nothing may be changed there."""


class Full(Exception):
    """There is no room left there."""


class NotOnOneDisk(Exception):
    """The two paths are on different disks: copy, and delete then."""


@contextmanager
def troubles(path: Inside) -> Iterator[None]:
    """Raises what the system says in our words."""
    try:
        yield
    except OSError as error:
        raise _in_our_words(error, path) from error


def _in_our_words(error: OSError, path: Inside) -> Exception:
    where = str(path) or "the root"
    match error.errno:
        case errno.ENOENT:
            return NotThere(f"there is nothing at {where}")
        case errno.ELOOP | errno.EMLINK:
            return PathRefused(f"{where} is a link, or leads through one, and links are not followed")
        case errno.ENOTDIR:
            return PathRefused(f"{where} leads through what is no folder")
        case errno.EEXIST | errno.ENOTEMPTY:
            return Taken(f"there is something at {where} already")
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return ReadOnly(f"{where} can't be changed or read by Sluice: the system does not let it")
        case number if number in FULL:
            return Full(f"there is no room left for {where}")
        case errno.EXDEV:
            return NotOnOneDisk(f"{where} is on another disk: copy it, and delete it then")
        case errno.ENAMETOOLONG:
            return PathRefused(f"{where} is too long for the disk that it is on")
        case _:
            return error


@contextmanager
def folder(root: Path, path: Inside) -> Iterator[int]:
    """The folder at a path, open. Raises NotThere, PathRefused, ReadOnly."""
    with troubles(path):
        held = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for name in path.names:
            with troubles(path):
                further = _entered(name, held)
            os.close(held)
            held = further
        yield held
    finally:
        os.close(held)


def _entered(name: str, held: int) -> int:
    try:
        return os.open(name, FOLDER, dir_fd=held)
    except NotADirectoryError:
        if stat.S_ISLNK(os.stat(name, dir_fd=held, follow_symlinks=False).st_mode):
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
        raise


def opened(root: Path, path: Inside) -> int:
    """A file at a path, open for reading. Raises NotThere, PathRefused, ReadOnly."""
    with folder(root, path.folder) as held:
        return entered(path, held)


def entered(path: Inside, held: int) -> int:
    """A file in a folder that is open, open for reading too. Raises NotThere, PathRefused, ReadOnly."""
    with troubles(path):
        descriptor = os.open(path.name, FILE, dir_fd=held)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise PathRefused(f"{path} is no file")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
