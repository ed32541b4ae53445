"""Where the other system's files are on this machine: only in folders that were named. Pure but for looking.

A library is a stranger's: what it calls a film may be any file of ours.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deploy.local.failures import Exit, Failure

_WINDOWS = re.compile(r"[A-Za-z]:[\\/]|\\\\")


class OutOfReach(ValueError):
    """The file can't be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Folders:
    """What the other system calls folders, and where each is here."""

    known: Sequence[tuple[str, Path]] = ()

    def local(self, said: str) -> Path:
        """A file that the other system calls so. Raises OutOfReach."""
        path = plain(said)
        if "\0" in path or ".." in path.split("/"):
            raise OutOfReach("its path leads out of its folder")
        old, here = max(self._above(path), key=lambda each: len(each[0]), default=("", None))
        if here is None:
            raise OutOfReach("it lies in no folder that --map names")
        found = here / path[len(old) :].lstrip("/")
        if not found.resolve().is_relative_to(here.resolve()):
            raise OutOfReach("a link on its path leads out of its folder")
        if found.is_dir():
            raise OutOfReach(f"{found} is a folder, such as a disc's, and no file")
        if not found.is_file():
            raise OutOfReach(f"it is not at {found}")
        return found

    def _above(self, path: str) -> Iterable[tuple[str, Path]]:
        return [each for each in self.known if path.startswith(each[0].rstrip("/") + "/")]


def plain(said: str) -> str:
    """A path with `/` between names, also where Windows wrote it."""
    return said.replace("\\", "/") if _WINDOWS.match(said) else said


def mapped(said: str) -> tuple[str, Path]:
    """The folder in OLD=NEW, or in FOLDER, which is where it always was. Raises Failure."""
    old, equals, new = said.partition("=")
    here = Path(new if equals else old).expanduser()
    if not old or (equals and not new):
        raise Failure(f"{said!r} is no OLD=NEW.", Exit.USAGE)
    if not here.is_dir():
        raise Failure(f"{here} is no folder: --map says where the other system's folder is here.", Exit.USAGE)
    return plain(old).rstrip("/") or "/", here


def tops(paths: Iterable[str], depth: int = 2) -> list[tuple[str, int]]:
    """In which folders most files lie, for who has to say where these are here."""
    parents = (PurePosixPath(plain(path)).parent.parts[: depth + 1] for path in paths)
    return Counter(str(PurePosixPath(*parts)) for parts in parents if parts).most_common(5)
