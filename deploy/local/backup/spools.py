"""Where a backup keeps what it is writing: in the home, where room is looked after, and nowhere else.

A backup holds a lock on its folder; the system lets go of it however the process ends, and whoever comes next
removes what nobody holds.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.disk import locked
from deploy.local.failures import Failure

_PREFIX = "backup-"


@contextmanager
def spool(run: Path) -> Iterator[Path]:
    """A folder below this one for as long as the context lasts. Raises Failure where there can be none."""
    try:
        folder, lock = _made(run)
    except OSError as error:
        said = error.strerror or error
        raise Failure(f"nothing was backed up: {run} can't be written to: {said}.") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _made(run: Path) -> tuple[Path, int]:
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    remove_left(run)
    with locked(run, fcntl.LOCK_EX):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=run))
        lock = os.open(folder, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return folder, lock


def remove_left(run: Path) -> None:
    """Removes the folders of backups that were killed."""
    with locked(run, fcntl.LOCK_EX):
        for folder in run.glob(f"{_PREFIX}*"):
            if folder.is_dir() and not folder.is_symlink() and _is_free(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_free(folder: Path) -> bool:
    try:
        with locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            return True
    except BlockingIOError:
        return False
