"""Waiting for a condition, generously: what other processes do takes its own time."""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil


def until(holds: Callable[[], object], within_s: float = 30) -> None:
    """Returns once the condition holds; fails after the deadline."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Whether the process has ended, reaped or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
