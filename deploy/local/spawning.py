"""One process of a child: how it is started, watched to its end, and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LAUNCH = Path(__file__).with_name("launch.py")
_ROTATE_ABOVE_BYTES = 10 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class ChildSpec:
    """How to run one child. `env` is its whole environment; lower ranks are stopped first."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    folder: Path
    stop_rank: int = 0
    grace_s: float = 12


def spawn(spec: ChildSpec, log: Path) -> subprocess.Popen[bytes]:
    """Starts the process in a session of its own, with its words in the log. Raises OSError."""
    _rotate(log)
    with log.open("ab") as out:
        return subprocess.Popen(
            [*_tie_to_us(), *spec.command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(spec.env),
            cwd=spec.folder,
            start_new_session=True,
        )


def describe_exit(code: int) -> str:
    """The exit status in words."""
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"


def _tie_to_us() -> list[str]:
    if not sys.platform.startswith("linux"):
        return []  # elsewhere the next `up`, `down` or `reset` ends what a killed supervisor left
    return [sys.executable, "-I", "-S", str(_LAUNCH), str(os.getpid())]


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _ROTATE_ABOVE_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))


def wait_for(process: subprocess.Popen[bytes]) -> None:
    """Waits for the process, then ends what is left of its group while its pid is still its own."""
    if hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            kill_group(process.pid)
        process.wait()
    else:
        process.wait()
        kill_group(process.pid)  # the system keeps the number while the group has members


def ask_to_end(process: subprocess.Popen[bytes]) -> None:
    """Asks politely."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
        process.send_signal(signal.SIGCONT)  # a stopped process would not hear the first signal


def kill_group(pid: int) -> None:
    """Ends a process and what it started in its group, for good."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
