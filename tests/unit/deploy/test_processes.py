"""Leftovers of a killed supervisor are ended; a process that merely has the same pid is not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from deploy.local import processes
from deploy.local.state import ChildState
from tests.unit.deploy.waits import is_gone


def record(pid: int, created_at: float | None) -> ChildState:
    return ChildState(
        name="worker-1",
        state="running",
        pid=pid,
        created_at=created_at,
        started_at=created_at,
        restarts=0,
        last_exit=None,
        log="",
    )


@contextmanager
def process(code: str = "import time; time.sleep(600)") -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as made:
        try:
            yield made
        finally:
            made.kill()


def test_a_leftover_is_ended_and_named() -> None:
    with process() as left:
        found = record(left.pid, processes.created_at(left.pid))
        assert processes.end_leftovers([found]) == ["worker-1"]
        assert is_gone(left.pid)


def test_what_a_leftover_had_started_is_ended_too() -> None:
    code = (
        "import subprocess, time; p = subprocess.Popen(['sleep', '600'], start_new_session=True);"
        "print(p.pid, flush=True); time.sleep(600)"
    )
    with process(code) as left:
        assert left.stdout is not None
        grandchild = int(left.stdout.readline())
        processes.end_leftovers([record(left.pid, processes.created_at(left.pid))])
        assert is_gone(grandchild)


def test_another_process_with_the_same_pid_is_left_alone() -> None:
    with process() as innocent:
        started = processes.created_at(innocent.pid)
        assert started is not None
        assert processes.end_leftovers([record(innocent.pid, started - 60)]) == []
        assert innocent.poll() is None


def test_a_record_without_a_start_names_no_process() -> None:
    with process() as innocent:
        assert processes.end_leftovers([record(innocent.pid, None)]) == []
        assert innocent.poll() is None


def test_a_stopped_leftover_is_ended() -> None:
    with process() as left:
        psutil.Process(left.pid).suspend()
        assert processes.end_leftovers([record(left.pid, processes.created_at(left.pid))]) == ["worker-1"]
        assert is_gone(left.pid)


def test_a_deaf_leftover_is_killed_after_the_grace() -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    with process(code) as left:
        assert left.stdout is not None
        left.stdout.readline()
        processes.end_leftovers([record(left.pid, processes.created_at(left.pid))], grace_s=0.1)
        assert is_gone(left.pid)
