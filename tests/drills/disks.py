"""Disks that fill up, or can't be written any more, under a stack's blobs.

Where root allows, the store is on a small file system of its own. The processes are root's then, and see what
others would: whether a disk is full or read-only has nothing to do with who asks (some file systems keep
blocks for root; tmpfs keeps none). Elsewhere the processes are told, at their ports, what the system says:
`python -m tests.drills.disks gateway` is the gateway with such a store.
"""

from __future__ import annotations

import contextlib
import errno
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from connectors.blobs import FileStore

ORDER = "SLUICE_DRILL_DISK"
"""The file that says what is wrong with the disk: the number of an error, or nothing."""
_BYTES = 128 << 20
_WRITING = ("_write", "_put", "_adopt", "_commit", "keep", "_touch", "open", "close")
"""The steps of a store on files that take room."""


class Disk(Protocol):
    """What a drill does to the disk that a store is on."""

    def full(self) -> contextlib.AbstractContextManager[None]:
        """Leaves no room on it for as long as the context lasts."""
        ...

    def read_only(self) -> contextlib.AbstractContextManager[None]:
        """Lets nobody write to it for as long as the context lasts."""
        ...


@dataclass(frozen=True)
class SmallFileSystem:
    """A file system of some megabytes that is mounted there."""

    folder: Path

    @classmethod
    @contextmanager
    def mounted(cls, folder: Path) -> Iterator[SmallFileSystem]:
        """Raises CalledProcessError where that isn't allowed."""
        folder.mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "-o", f"size={_BYTES}", "tmpfs", folder)
        try:
            yield cls(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)

    @contextmanager
    def full(self) -> Iterator[None]:
        """See Disk."""
        ballast = self.folder / "ballast"
        with ballast.open("wb", buffering=0) as file:
            for piece in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(bytes(piece))
        try:
            yield
        finally:
            ballast.unlink()

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """See Disk."""
        _mount("-o", "remount,ro", self.folder)
        try:
            yield
        finally:
            _mount("-o", "remount,rw", self.folder)


@dataclass(frozen=True)
class Pretended:
    """What processes that run as this module take for it."""

    order: Path

    def full(self) -> contextlib.AbstractContextManager[None]:
        """See Disk."""
        return self._saying(errno.ENOSPC)

    def read_only(self) -> contextlib.AbstractContextManager[None]:
        """See Disk."""
        return self._saying(errno.EROFS)

    @contextmanager
    def _saying(self, number: int) -> Iterator[None]:
        self.order.write_text(f"{number}")
        try:
            yield
        finally:
            self.order.unlink()


def may_mount(folder: Path) -> bool:
    """Whether a file system may be mounted here."""
    try:
        with SmallFileSystem.mounted(folder):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def _mount(*arguments: Any) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def _refusing(order: Path, do: Callable[..., Any]) -> Callable[..., Any]:
    def refused(step: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*given: Any, **named: Any) -> Any:
            with contextlib.suppress(FileNotFoundError):
                number = int(order.read_text() or "0")
                if number and step.__name__ in _WRITING:
                    raise OSError(number, os.strerror(number))
            return step(*given, **named)

        return instead

    async def wrapped(store: FileStore, step: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return await do(store, refused(step), *given, **named)

    return wrapped


def main() -> None:
    """Runs the module that is named, with its arguments."""
    FileStore.do = _refusing(Path(os.environ[ORDER]), FileStore.do)  # type: ignore[method-assign]
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
