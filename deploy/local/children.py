"""One child process of the stack: started, watched, started again when it dies, stopped in order."""

from __future__ import annotations

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from deploy.local.processes import created_at
from deploy.local.spawning import ChildSpec, ask_to_end, describe_exit, kill_group, spawn, wait_for
from deploy.local.state import ChildState

RUNNING, WAITING, HELD, STOPPED = "running", "waiting", "held", "stopped"

_TAIL_BYTES = 8192


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
            self.spec = replace(self.spec, env={**self.spec.env, **env})
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
            process = spawn(self.spec, self.log)
        except OSError as error:
            return f"could not start: {error}"
        self._process, self._started_at, self._created_at = process, time.time(), created_at(process.pid)
        self._become(RUNNING)
        wait_for(process)
        self._process = self._started_at = self._created_at = None
        if time.monotonic() - began >= self._backoff.healthy_after_s:
            self._failures = 0
        return describe_exit(process.returncode)

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
                kill_group(process.pid)
            elif process is not None and process is not asked:
                ask_to_end(process)
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
