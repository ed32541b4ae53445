"""The one place that runs a subprocess: confined, watched, drained, and gone when its caller is.

Each tool runs in a process group of its own; the whole group is killed on cancellation, on a time-out and on
too much memory. Both pipes are always drained: a full one would stop the tool for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psutil

from connectors.brakes import Brakes
from connectors.confine import BEGUN
from connectors.family import family
from connectors.pipes import Pipes
from connectors.ports import DiskFull
from connectors.sandbox import Confinement, Sandbox

_STDERR_LINES = 40
_LINE_BYTES = 1024 * 1024
NO_ROOM = "No space left on device"
"""What every tool says where there is none."""
DISK_FULL = "the disk that work under way is on is full; make room on it"
_LOOK_EVERY_S = 0.5
_ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8"}
"""All that a tool sees of ours: it behaves alike everywhere, and knows no secrets."""

OnLine = Callable[[str], None]


class ToolFailed(Exception):
    """A tool ended badly: `code` for programs, the message for people."""

    def __init__(self, code: str, message: str, stderr: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.stderr = stderr


@dataclass(frozen=True, slots=True)
class Finished:
    """What a tool said before it ended well."""

    stderr: str


@dataclass(frozen=True, slots=True)
class ToolRunner:
    """Runs tools behind the sandbox's walls."""

    sandbox: Sandbox
    brakes: Brakes = field(default_factory=Brakes)

    async def run(
        self,
        argv: Sequence[str],
        confinement: Confinement,
        on_line: OnLine | None = None,
        pipes: Pipes | None = None,
    ) -> Finished:
        """Runs a tool to its end, giving each line of its standard output to `on_line`.

        It inherits `pipes` (opened), which are read along. Raises ToolFailed, DiskFull, and what a sink
        raises; a cancellation kills the tool first.
        """
        tool = await asyncio.create_subprocess_exec(
            *self.sandbox.wrap(argv, confinement),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            cwd=confinement.write or "/",
            env=_ENVIRONMENT,
            limit=_LINE_BYTES,
            pass_fds=pipes.descriptors if pipes else (),
        )
        if pipes:
            pipes.let_go()
        errors: deque[str] = deque(maxlen=_STDERR_LINES)
        braked = contextlib.ExitStack()

        def on_error(line: str) -> None:
            # One that is stopped before it has asked to die with its parent would stay behind for ever.
            if line == BEGUN:
                braked.enter_context(self.brakes.running(tool.pid))
            else:
                errors.append(line)

        try:
            with braked:
                async with asyncio.timeout(confinement.wall_s):
                    await _follow(tool, confinement, on_line or _ignore, on_error, pipes)
        except TimeoutError:
            raise ToolFailed("too_slow", f"it took longer than {confinement.wall_s:g} s") from None
        finally:
            _kill_group(tool.pid)
            await tool.wait()
        if tool.returncode != 0:
            raise _failure(tool.returncode or 0, "\n".join(errors))
        return Finished("\n".join(errors))


async def _follow(
    tool: asyncio.subprocess.Process,
    confinement: Confinement,
    on_line: OnLine,
    on_error: OnLine,
    pipes: Pipes | None,
) -> None:
    watch = asyncio.create_task(_watch_memory(tool.pid, confinement.memory_bytes))
    readers = asyncio.gather(
        _drain(tool.stdout, on_line),
        _drain(tool.stderr, on_error),
        *([pipes.drain()] if pipes else []),
        tool.wait(),
    )
    try:
        await asyncio.wait((watch, readers), return_when=asyncio.FIRST_COMPLETED)
        if watch.done():
            watch.result()
        await readers
    finally:
        watch.cancel()
        readers.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await readers


async def _drain(stream: asyncio.StreamReader | None, on_line: OnLine) -> None:
    if stream is None:
        return
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # a line beyond the limit: what it says cannot matter, but it must be drained
            continue
        if not line:
            return
        on_line(line.decode(errors="replace").rstrip("\r\n"))


async def _watch_memory(pid: int, limit: int | None) -> None:
    """Ends with ToolFailed once the group holds more than it may; RLIMIT_AS would hang some tools instead."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        if limit is not None and (held := _resident(pid)) > limit:
            raise ToolFailed("too_much_memory", f"it took {held >> 20} MiB, {limit >> 20} MiB are allowed")


def _resident(pid: int) -> int:
    return sum(map(_rss, family(pid)))


def _rss(process: psutil.Process) -> int:
    with contextlib.suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _failure(status: int, stderr: str) -> ToolFailed | DiskFull:
    if NO_ROOM in stderr:
        return DiskFull(DISK_FULL)
    if status < 0 and -status in (signal.SIGXCPU, signal.SIGKILL):
        return ToolFailed("killed", f"it was ended by signal {-status}", stderr)
    if status < 0:
        return ToolFailed("crashed", f"it crashed with signal {-status}", stderr)
    last = stderr.strip().splitlines()[-1] if stderr.strip() else f"it ended with status {status}"
    return ToolFailed("tool_error", last, stderr)


def _ignore(_line: str) -> None:
    return None
