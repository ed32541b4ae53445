"""A folder that nothing may open: whoever does, is noticed."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SECRET = "what lies outside"
_IN_NONBLOCK = 0o4000
_ANY_ACCESS = 0x1 | 0x2 | 0x4 | 0x20 | 0x40 | 0x80 | 0x100 | 0x200
"""Read, written, its properties changed, opened, moved away, moved here, made, removed."""


@dataclass(frozen=True)
class Outside:
    """A folder with a file in it, outside of all that a gateway was given."""

    folder: Path
    notices: int | None

    @property
    def file(self) -> Path:
        return self.folder / "canary.txt"

    def touched(self) -> bool:
        """Whether anyone opened it, or anything in it, since this was asked last."""
        if self.notices is None:
            return self.file.read_text() != SECRET or len(list(self.folder.iterdir())) != 1
        try:
            return bool(os.read(self.notices, 4096))
        except BlockingIOError:
            return False


@contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    """Such a folder. Where the system does not tell who opens a file, only changes are noticed."""
    folder.mkdir()
    (folder / "canary.txt").write_text(SECRET)
    if sys.platform != "linux":
        yield Outside(folder, None)
        return
    libc = ctypes.CDLL(None, use_errno=True)
    notices = libc.inotify_init1(_IN_NONBLOCK)
    if notices < 0 or libc.inotify_add_watch(notices, os.fsencode(folder), _ANY_ACCESS) < 0:
        raise OSError(ctypes.get_errno(), "the system watches no more folders")
    try:
        yield Outside(folder, notices)
    finally:
        os.close(notices)
