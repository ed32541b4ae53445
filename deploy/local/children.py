"""One child process of the stack: started, watched, started again when it dies, stopped in order."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.processes import created_at
from deploy.local.state import ChildState

RUNNING, WAITING, HELD, STOPPED = "running", "waiting", "held", "stopped"

_LAUNCH = Path(__file__).with_name("launch.py")
_ROTATE_ABOVE_BYTES = 10 * 2**20
_TAIL_BYTES = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """How to run one child. `env` is its whole environment; lower ranks are stopped first."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path
    stop_rank: int = 0
    grace_s: float = 12


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a dead child is started again: doubled each time, until it stays up."""

    first_s: float = 0.5
    most_s: float = 10
    healthy_after_s: float = 30

    def delay_s(self, failures: int) -> float:
        """The wait after this many deaths in a row."""
        return min(self.first_s * 2.0 ** min(failures - 1, 16), self.most_s)


@dataclass(frozen=True, slots=True)
class Death:
    """A child ended and nobody had asked it to."""

    child: str
    status: str
    retry_in_s: float
    held: bool


class Child:
    """A process that is kept alive by a thread of its own until `stop`.

    The thread that starts the process also waits for it: Linux ties a child's life to that thread.
    """

    def __init__(
        self,
        spec: ChildSpec,
        log: Path,
        *,
        backoff: Backoff,
        changed: Callable[[], None],
        died: Callable[[Death], None],
    ) -> None:
        self.spec = spec
        self.log = log
        self.restarts = 0
        self.state = STOPPED
        self._backoff = backoff
        self._tell_changed = changed
        self._tell_died = died
        self._wake = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at: float | None = None
        self._created_at: float | None = None
        self._last_exit: str | None = None
        self._failures = 0
        self._stopping = False
        self._held = False
        self._hurry = False
        self._thread: threading.Thread | None = None

    @property
    def pid(self) -> int | None:
        """The process's id while it runs."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Starts the process and keeps it running. Does nothing where it is kept already."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._stopping = self._held = self._hurry = False
        self._thread = threading.Thread(target=self._live, name=f"child {self.spec.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the process: politely, then after its grace for good. Returns when it is gone."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        self._end()
        if self._thread is not None:
            self._thread.join()

    def kill(self, number: int = signal.SIGKILL) -> int:
        """Sends the process a signal and returns its pid. Raises ProcessLookupError where none runs."""
        process = self._process
        if process is None or process.poll() is not None:
            raise ProcessLookupError(f"{self.spec.name} is not running")
        process.send_signal(number)
        return process.pid

    def hold(self) -> None:
        """From now on the process is not started again when it ends."""
        self._held = True

    def release(self) -> None:
        """Undoes `hold`, and starts the process at once if it ended meanwhile."""
        with self._wake:
            self._held = False
            self._hurry = True
            self._wake.notify_all()

    def restart(self, env: Mapping[str, str] | None = None) -> None:
        """Ends the process and starts it again at once, with these changes to its environment."""
        self.stop()
        if env is not None:
            self.spec = _with_env(self.spec, env)
        self.start()

    def snapshot(self) -> ChildState:
        """How it is now."""
        return ChildState(
            name=self.spec.name,
            state=self.state,
            pid=self.pid,
            created_at=self._created_at,
            started_at=self._started_at,
            restarts=self.restarts,
            last_exit=self._last_exit,
            log=str(self.log),
        )

    def tail(self, lines: int = 15) -> list[str]:
        """The last lines of its log."""
        return tail(self.log, lines)

    def _live(self) -> None:
        while not self._stopping:
            status = self._run()
            if self._stopping:
                break
            self._mourn(status)
            if not self._stopping:
                self.restarts += 1
        self._become(STOPPED)

    def _run(self) -> str:
        """Runs the process to its end and says how it ended."""
        began = time.monotonic()
        try:
            process = self._spawn()
        except OSError as error:
            return f"could not start: {error}"
        self._process, self._started_at, self._created_at = process, time.time(), created_at(process.pid)
        self._become(RUNNING)
        _wait(process)
        self._process = self._started_at = self._created_at = None
        if time.monotonic() - began >= self._backoff.healthy_after_s:
            self._failures = 0
        return describe_exit(process.returncode)

    def _spawn(self) -> subprocess.Popen[bytes]:
        _rotate(self.log)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*_tie_to_us(), *self.spec.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self.spec.env),
                cwd=self.spec.folder,
                start_new_session=True,
            )

    def _mourn(self, status: str) -> None:
        """Tells of the death and waits until it is time to start again."""
        self._failures += 1
        self._last_exit = status
        delay = self._backoff.delay_s(self._failures)
        self._become(HELD if self._held else WAITING)
        self._tell_died(Death(self.spec.name, status, delay, self._held))
        with self._wake:
            if not self._held:
                self._wake.wait_for(lambda: self._stopping or self._hurry, timeout=delay)
            self._wake.wait_for(lambda: self._stopping or not self._held)
            self._hurry = False

    def _end(self) -> None:
        asked = None
        deadline = time.monotonic() + self.spec.grace_s
        while self._thread is not None and self._thread.is_alive():
            process = self._process
            if process is not None and time.monotonic() > deadline:
                _kill_group(process.pid)
            elif process is not None and process is not asked:
                _ask_to_end(process)
                asked = process
            self._thread.join(0.05)

    def _become(self, state: str) -> None:
        self.state = state
        self._tell_changed()


def tail(log: Path, lines: int = 15) -> list[str]:
    """The last lines of a log file; none where there is no file."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _TAIL_BYTES))
            return file.read().decode(errors="replace").splitlines()[-lines:]
    except OSError:
        return []


def describe_exit(code: int) -> str:
    """The exit status in words."""
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _with_env(spec: ChildSpec, env: Mapping[str, str]) -> ChildSpec:
    return ChildSpec(
        name=spec.name,
        command=spec.command,
        env={**spec.env, **env},
        folder=spec.folder,
        stop_rank=spec.stop_rank,
        grace_s=spec.grace_s,
    )


def _tie_to_us() -> list[str]:
    if not sys.platform.startswith("linux"):
        return []  # elsewhere the next `up`, `down` or `reset` ends what a killed supervisor left
    return [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid())]


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _ROTATE_ABOVE_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def _wait(process: subprocess.Popen[bytes]) -> None:
    """Waits for the process, then ends what is left of its group while its pid is still its own."""
    if hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            _kill_group(process.pid)
    process.wait()


def _ask_to_end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        process.send_signal(signal.SIGCONT)  # a stopped process would not hear the first signal


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
