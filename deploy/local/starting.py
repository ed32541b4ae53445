"""Starting a stack from the command line: in the foreground until a signal, or detached until it is ready."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn

from deploy.local import state
from deploy.local.console import Output, Waiting
from deploy.local.failures import ERROR, Exit, Failure
from deploy.local.home import Home, HomeLock
from deploy.local.parts import Options
from deploy.local.reach import is_healthy, running
from deploy.local.settings import ROOT, read
from deploy.local.stack import Stack
from deploy.local.state import StackState

_STARTED_WITHIN_S = 600
"""The first start fetches Kafka, on whatever line there is."""


class Stopped(BaseException):
    """A signal asked us to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def find_running(home: Home) -> StackState | None:
    """The healthy stack that runs here; None where none runs. Raises Failure for one that is not healthy."""
    pid = HomeLock(home).holder()
    if pid is None:
        return None
    found = running(home)
    if found is not None and is_healthy(found):
        return found
    phase = f"is {found.phase}" if found and found.phase != state.READY else "does not answer well"
    raise Failure(
        f"a stack (pid {pid}) already runs in {home.root}, but {phase}: "
        "see `sluice status` and `sluice logs`, or stop it with `sluice down`.",
        Exit.CONFLICT,
    )


def announce(output: Output, url: str | None, pid: int, home: Home, word: str = "ready") -> None:
    """Says that a stack is ready, and where."""
    if output.json:
        output.emit({"state": word, "url": url, "pid": pid, "home": home.root})
    output.line(f"{word} {url or home.root}")


def foreground(home: Home, options: Options, output: Output) -> None:
    """Runs a stack until a signal stops it; Ctrl-C ends with its own exit code."""
    with _signals(), output.waiting() as waiting:
        try:
            stack = Stack.start(home, options, say=output.note, waiting=waiting)
        except Stopped as stopped:
            _leave(stopped)
    try:
        with _signals(), stack:
            announce(output, stack.url, os.getpid(), home)
            threading.Event().wait()
    except Stopped as stopped:
        output.note("stopped")
        _leave(stopped)


def detached(home: Home, options: Options, output: Output) -> StackState:
    """Starts a stack in a session of its own and returns once it is ready. Raises Failure."""
    home.prepare()
    words = home.run / "up.log"
    with words.open("w") as out:
        process = subprocess.Popen(
            _command(home, options),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**read().environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            start_new_session=True,
        )
    with output.waiting() as waiting, words.open() as said:
        return _until_ready(home, process, said, waiting)


def _command(home: Home, options: Options) -> list[str]:
    counts = {"workers": options.workers, "processors": options.processors, "gateways": options.gateways}
    port = ["--port", str(options.port)] if options.port_is_explicit else []
    numbers = [word for name, count in counts.items() for word in (f"--{name}", str(count))]
    tls = ["--tls"] if options.tls else []
    return [sys.executable, "-m", "deploy.local", "up", "--home", str(home.root), *port, *tls, *numbers]


def _until_ready(home: Home, process: subprocess.Popen[bytes], said: IO[str], waiting: Waiting) -> StackState:
    """Relays what the stack says while it starts."""
    deadline, is_reason = time.monotonic() + _STARTED_WITHIN_S, False
    while time.monotonic() < deadline:
        for line in said:
            is_reason = is_reason or line.startswith(ERROR)
            if not is_reason:  # that is told once, at the end
                waiting(line.rstrip())
        found = running(home)
        if found is not None and found.pid == process.pid and found.phase == state.READY:
            return found
        if process.poll() is not None:
            raise _failure(process.returncode, Path(said.name))
        time.sleep(0.1)
    process.terminate()
    raise Failure(f"the stack did not become ready within {_STARTED_WITHIN_S} s: see {said.name}")


def _failure(code: int, words: Path) -> Failure:
    """What the detached stack said before it gave up."""
    _, found, reason = words.read_text().rpartition(ERROR)
    known = code in set(Exit) and code != Exit.OK
    return Failure(reason.strip() if found else f"see {words}", Exit(code) if known else Exit.FAILED)


@contextmanager
def _signals() -> Iterator[None]:
    """Turns the signals that end a program into Stopped, once: stopping itself is not interrupted."""
    ours = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in ours}

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        for one in ours:
            signal.signal(one, signal.SIG_IGN)
        raise Stopped(number)

    for number in ours:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(stopped: Stopped) -> NoReturn:
    raise SystemExit(Exit.INTERRUPTED if stopped.number == signal.SIGINT else Exit.OK)
