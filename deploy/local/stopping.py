"""Stopping the stack of a home from outside, cleaning up after a killed one, and emptying a home."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from deploy.local import state
from deploy.local.console import Waiting
from deploy.local.failures import Exit, Failure
from deploy.local.home import Home, HomeLock
from deploy.local.processes import end_leftovers

_STOPPED_WITHIN_S = 60
"""Four ranks of children with up to 15 s each."""


def stop_running(home: Home, waiting: Waiting, within_s: float = _STOPPED_WITHIN_S) -> bool:
    """Stops the stack of a home and ends leftovers; whether there was anything to stop."""
    if not home.exists():
        return False
    pid = HomeLock(home).holder()
    if pid:
        waiting(f"Stopping the stack (pid {pid})")
        _end_supervisor(home, pid, within_s)
    with _held(home):
        return bool(_clean_up(home)) or pid is not None


def empty(home: Home, *, sure: bool, ask: Callable[[], bool], waiting: Waiting) -> list[str]:
    """Deletes a home's state and says what. Raises Failure where it is in use, or no home."""
    if not home.exists():
        raise Failure(f"{home.root} is no home of Sluice: nothing was deleted.", Exit.NOT_FOUND)
    if HomeLock(home).holder() is not None and not sure:
        raise Failure("the stack is up: stop it with `sluice down`, or say --yes.", Exit.CONFLICT)
    if not sure and not ask():
        return []
    stop_running(home, waiting)
    with _held(home):
        waiting("Deleting")
        return home.wipe()


def _end_supervisor(home: Home, pid: int, within_s: float) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        if _is_released(home, within_s):
            return
    raise Failure(f"the stack (pid {pid}) cannot be ended: is it another user's?")


def _is_released(home: Home, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while HomeLock(home).holder() is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _clean_up(home: Home) -> list[str]:
    """Ends what a killed supervisor left; says which."""
    left = state.read(home.state_file)
    ended = [] if left is None else end_leftovers(left.children)
    home.state_file.unlink(missing_ok=True)
    return ended


@contextmanager
def _held(home: Home) -> Iterator[None]:
    """The home's lock, so that nobody starts a stack meanwhile."""
    lock = HomeLock(home)
    if not lock.acquire():
        raise Failure(f"a stack was started in {home.root} at this moment: try again.", Exit.CONFLICT)
    try:
        yield
    finally:
        lock.release()
