"""A process with all that it started: asked of the kernel, which knows, and not of every process there is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import psutil

_KNOWS = Path("/proc/self/task").exists() and any(Path("/proc/self/task").glob("*/children"))
"""Whether the kernel tells a process's children; without, all processes have to be looked through."""


def family(pid: int, *, quickly: bool = _KNOWS) -> list[psutil.Process]:
    """The process and its descendants, as far as they are still there."""
    found: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        first = psutil.Process(pid)
        if not quickly:
            return [first, *first.children(recursive=True)]
        found.append(first)
        for child in _descendants(pid):
            with contextlib.suppress(psutil.Error):
                found.append(psutil.Process(child))
    return found


def _descendants(pid: int) -> Iterator[int]:
    for child in _children(pid):
        yield child
        yield from _descendants(child)


def _children(pid: int) -> list[int]:
    """Each thread has children of its own."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                found += map(int, (thread / "children").read_text().split())
    return found
