"""The one folder that holds all of a stack's state: what is where, who may use it, how it is emptied."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from connectors.disk import sync
from connectors.private_file import write_private
from deploy.local.certificates import Certificates
from deploy.local.failures import Exit, Failure

MARKER = ".sluice-home"
"""Says that a folder is ours: nothing is ever deleted in a folder without it."""

_RESTORING = ".restoring"
"""Says that a backup is being put into a home, or was when its process died: what is there is not whole."""

_STATE = ("kafka", "database", "blobs", "scratch", "logs", "run")
_REFUSE_BELOW_BYTES = 100 * 2**20
_WARN_BELOW_BYTES = 500 * 2**20
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Home:
    """A stack's folder; `prepare` makes it."""

    root: Path

    @property
    def kafka(self) -> Path:
        return self.root / "kafka"

    @property
    def database(self) -> Path:
        return self.root / "database"

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def scratch(self) -> Path:
        return self.root / "scratch"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def token_file(self) -> Path:
        return self.root / "token"

    @property
    def secret_file(self) -> Path:
        return self.root / "secret"

    @property
    def certificates(self) -> Certificates:
        """What `sluice certs` makes; it outlives a reset, so that who trusts it goes on doing so."""
        return Certificates(self.root / "certs")

    @property
    def state_file(self) -> Path:
        return self.run / "stack.json"

    @property
    def lock_file(self) -> Path:
        return self.run / "lock"

    def exists(self) -> bool:
        """Whether a stack has ever been started here."""
        return (self.root / MARKER).is_file()

    @property
    def is_half_restored(self) -> bool:
        """Whether a restore has begun here, and not ended."""
        return (self.root / _RESTORING).is_file()

    def begin_restore(self) -> None:
        """Makes the folder, of which nothing may be used until `end_restore`. Raises Failure for one that
        holds anything.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._refuse_others()
        for name in (_RESTORING, MARKER):
            (self.root / name).write_text("Sluice keeps its state in this folder.\n")
        sync(self.root)

    def end_restore(self) -> None:
        """All of it is there."""
        (self.root / _RESTORING).unlink()
        sync(self.root)

    def remove_half_restored(self) -> None:
        """Removes the folder; where this ends in the middle, it is half restored still."""
        for path in self.root.iterdir():
            if path.name != _RESTORING:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        shutil.rmtree(self.root)

    def log_of(self, child: str) -> Path:
        """The log file of a child."""
        return self.logs / f"{child}.log"

    def prepare(self, warn: Callable[[str], None] = lambda line: None) -> None:
        """Makes the folder and all in it. Raises Failure where that cannot be, or must not."""
        try:
            self._adopt()
            for name in _STATE:
                (self.root / name).mkdir(mode=0o700, exist_ok=True)
            self._check_space(warn)
            with tempfile.TemporaryFile(dir=self.run) as probe:
                probe.write(b"writable")
        except OSError as error:
            raise Failure(
                f"cannot keep state in {self.root}: {error.strerror or error}. "
                "Make it writable, or name another folder with --home."
            ) from error
        self._make_private(self.token_file)
        self._make_private(self.secret_file)

    def _adopt(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.exists():
            return
        self._refuse_others()
        (self.root / MARKER).write_text("Sluice keeps its state in this folder.\n")

    def _refuse_others(self) -> None:
        if any(self.root.iterdir()):
            raise Failure(
                f"{self.root} is not empty and no home of Sluice: name an empty or a new folder with --home."
            )

    def _check_space(self, warn: Callable[[str], None]) -> None:
        free = shutil.disk_usage(self.root).free
        if free < _REFUSE_BELOW_BYTES:
            raise Failure(
                f"only {free >> 20} MB are free at {self.root}, at least {_REFUSE_BELOW_BYTES >> 20} MB are "
                "needed: make room, or name a folder on another disk with --home."
            )
        if free < _WARN_BELOW_BYTES:
            warn(f"Only {free >> 20} MB are free at {self.root}; uploads and encodes may run out of room.")

    def _make_private(self, path: Path) -> None:
        """A random text that only its owner may read; complete or absent, never half."""
        if not path.exists():
            write_private(path, secrets.token_urlsafe(_TOKEN_BYTES).encode())

    def wipe(self) -> list[str]:
        """Deletes all state and says what; keeps secrets, certificates and what else lies there.

        A symbolic link in place of a part is removed, never followed. The caller holds the lock.
        Raises Failure for a folder that is no home.
        """
        if not self.exists():
            raise Failure(f"{self.root} is no home of Sluice: nothing was deleted.", Exit.NOT_FOUND)
        gone = [name for name in _STATE if _remove(self.root / name)]
        (self.root / _RESTORING).unlink(missing_ok=True)
        return gone


def _remove(path: Path) -> bool:
    if path.is_symlink():
        path.unlink()
        return True
    if not path.exists():
        return False
    shutil.rmtree(path)
    return True


class HomeLock:
    """Held by the one supervisor of a home; the system releases it when that ends, however it ends."""

    def __init__(self, home: Home) -> None:
        self._path = home.lock_file
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Whether the lock was free; it is ours then."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Lets the next one in."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def holder(self) -> int | None:
        """The pid of the supervisor that holds the lock; None where it is free."""
        if self._descriptor is not None:
            return os.getpid()
        if not self._path.exists():
            return None
        with self._path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                said = file.read()
                return int(said) if said.isdigit() else 0
        return None
