"""What is in one folder of a root, for a scan: nothing is opened but the folder, and no link is followed."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from connectors.rooted import walking
from connectors.rooted.paths import Inside, PathRefused, refuse
from connectors.rooted.root import Root
from connectors.rooted.walking import troubles

IGNORE_FILE = ".sluiceignore"
_MOST_IGNORE_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Seen:
    """A file, as its folder tells of it."""

    name: str
    size_bytes: int
    mtime_ns: int
    changed_ns: int
    """When anything of it was last changed, its name and rights among that."""


@dataclass(slots=True)
class Contents:
    """A folder's files and folders."""

    files: list[Seen] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    passed_over: int = 0
    """Links, pipes, and what has a name that nobody can write."""
    ignore: str = ""
    """What the folder's own ignore file says."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all."""
        return not (self.files or self.folders or self.passed_over or self.ignore)


def contents(root: Root, path: Inside) -> Contents:
    """Raises NotThere, PathRefused, ReadOnly, and OSError for a disk that fails."""
    found = Contents()
    with walking.folder(root.path, path) as held, troubles(path), os.scandir(held) as entries:
        for entry in entries:
            _take(found, entry)
        if any(each.name == IGNORE_FILE for each in found.files):
            found.ignore = _read_ignore(path / IGNORE_FILE, held)
    return found


def _take(found: Contents, entry: os.DirEntry[str]) -> None:
    try:
        refuse(entry.name)
        if entry.is_dir(follow_symlinks=False):
            found.folders.append(entry.name)
        elif entry.is_file(follow_symlinks=False):
            said = entry.stat(follow_symlinks=False)
            found.files.append(Seen(entry.name, said.st_size, said.st_mtime_ns, said.st_ctime_ns))
        else:
            found.passed_over += 1
    except PathRefused:
        found.passed_over += 1
    except FileNotFoundError:  # it went while we looked
        return


def _read_ignore(path: Inside, held: int) -> str:
    descriptor = walking.entered(path, held)
    try:
        return os.pread(descriptor, _MOST_IGNORE_BYTES, 0).decode(errors="replace")
    finally:
        os.close(descriptor)
