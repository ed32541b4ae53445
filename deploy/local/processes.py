"""Ending processes that an earlier supervisor left, never one that merely got the same pid."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

import psutil

from deploy.local.state import ChildState

_SAME_START_S = 2.0
"""The system's clock may be set between two looks at the same process."""


def created_at(pid: int) -> float | None:
    """When a process was started; None where there is none."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def find(child: ChildState) -> psutil.Process | None:
    """The process that the record is about, if it still runs."""
    if child.pid is None or child.created_at is None:
        return None
    try:
        process = psutil.Process(child.pid)
        same = abs(process.create_time() - child.created_at) <= _SAME_START_S
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def end_leftovers(children: Iterable[ChildState], grace_s: float = 10) -> list[str]:
    """Ends those of the children that still run, with all they started; says which."""
    left = [(child.name, process) for child in children if (process := find(child)) is not None]
    end([process for _, process in left], grace_s)
    return [name for name, _ in left]


def end(processes: list[psutil.Process], grace_s: float) -> None:
    """Asks the processes to stop, and kills them and their descendants after the grace."""
    everyone = [*processes, *(d for process in processes for d in descendants(process))]
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.resume()  # a stopped process would not hear the next signal
            process.terminate()
    psutil.wait_procs(processes, timeout=grace_s)
    for process in everyone:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(everyone, timeout=5)


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """All processes below one."""
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []
