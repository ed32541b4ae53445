"""Pipes between us and a tool: results that are read while they grow, and files that are read as one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Protocol

_BUFFER, _PIECE = 4 << 20, 1 << 18
_CLOSED = -1

Sink = Callable[[asyncio.StreamReader], Awaitable[None]]
"""Reads a pipe to its end. What it raises ends the tool."""


class Pipes(Protocol):
    """What a tool inherits beside its three standard streams."""

    @property
    def descriptors(self) -> list[int]:
        """The ends that the tool inherits."""
        ...

    def let_go(self) -> None:
        """Closes the tool's ends here once it has them, so that a pipe ends when the tool does."""
        ...

    async def drain(self) -> None:
        """Moves all bytes. Raises what a sink raises; no other sink goes on after that."""
        ...


@dataclass(slots=True)
class _Pair:
    """Both ends of one pipe."""

    ours: int
    theirs: int

    def give(self) -> int:
        """Our end, for someone else to close."""
        given, self.ours = self.ours, _CLOSED
        return given

    def let_go(self) -> None:
        """Closes the tool's end."""
        if self.theirs != _CLOSED:
            os.close(self.theirs)
            self.theirs = _CLOSED

    def close(self) -> None:
        """Closes what is open."""
        self.let_go()
        if self.ours != _CLOSED:
            os.close(self.give())


@dataclass(slots=True)
class _Opened:
    pairs: list[_Pair] = field(default_factory=list)

    @property
    def descriptors(self) -> list[int]:
        """See Pipes."""
        return [pair.theirs for pair in self.pairs]

    @property
    def names(self) -> list[str]:
        """Each pipe as ffmpeg names it."""
        return [f"pipe:{end}" for end in self.descriptors]

    def let_go(self) -> None:
        """See Pipes."""
        for pair in self.pairs:
            pair.let_go()

    def close(self) -> None:
        """Closes whatever is open."""
        for pair in self.pairs:
            pair.close()


@dataclass(slots=True)
class OutPipes(_Opened):
    """One pipe for each sink."""

    sinks: Sequence[Sink] = ()

    async def drain(self) -> None:
        """See Pipes."""
        await _all(_read(pair, sink) for pair, sink in zip(self.pairs, self.sinks, strict=True))


@dataclass(slots=True)
class InPipes(_Opened):
    """One pipe for each list of files."""

    files: Sequence[Sequence[Path]] = ()

    async def drain(self) -> None:
        """See Pipes; a tool that reads no more ends it."""
        # A thread for each: while the tool reads one pipe, it may let all others wait.
        threads = ThreadPoolExecutor(max(1, len(self.pairs)))
        try:
            await _all(
                _write(threads, pair, paths) for pair, paths in zip(self.pairs, self.files, strict=True)
            )
        finally:
            threads.shutdown(wait=False)


@contextlib.contextmanager
def out_of_tool(sinks: Sequence[Sink]) -> Iterator[OutPipes]:
    """Pipes that a tool writes into."""
    pairs = [_Pair(ours=read, theirs=write) for read, write in (os.pipe() for _ in sinks)]
    with contextlib.closing(OutPipes(pairs, sinks)) as pipes:
        yield pipes


@contextlib.contextmanager
def into_tool(files: Sequence[Sequence[Path]]) -> Iterator[InPipes]:
    """Pipes that a tool reads from."""
    pairs = [_Pair(ours=write, theirs=read) for read, write in (os.pipe() for _ in files)]
    with contextlib.closing(InPipes(pairs, files)) as pipes:
        yield pipes


async def _all(moves: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Waits for all; where one fails, ends the others first."""
    tasks = [asyncio.ensure_future(move) for move in moves]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Reading(asyncio.ReadTransport):
    """Feeds a reader from a descriptor that stays its owner's to close.

    uvloop's own transport for pipes closes the descriptor twice: in between, another thread's file may have
    got the same number, and is then closed under it (tried).
    """

    def __init__(self, descriptor: int, reader: asyncio.StreamReader) -> None:
        super().__init__()
        self._descriptor, self._reader = descriptor, reader
        self._loop = asyncio.get_running_loop()
        os.set_blocking(descriptor, False)
        reader.set_transport(self)
        self.resume_reading()

    def pause_reading(self) -> None:
        """Lets the tool wait."""
        self._loop.remove_reader(self._descriptor)

    def resume_reading(self) -> None:
        """Lets the tool go on."""
        self._loop.add_reader(self._descriptor, self._take)

    def _take(self) -> None:
        try:
            piece = os.read(self._descriptor, _PIECE)
        except BlockingIOError:
            return
        if piece:
            self._reader.feed_data(piece)
        else:
            self.pause_reading()
            self._reader.feed_eof()


async def _read(pair: _Pair, sink: Sink) -> None:
    reader = asyncio.StreamReader(limit=_BUFFER)
    reading = _Reading(pair.ours, reader)
    try:
        await sink(reader)
    finally:
        reading.pause_reading()
        pair.close()


async def _write(threads: Executor, pair: _Pair, paths: Sequence[Path]) -> None:
    pipe = os.fdopen(pair.give(), "wb")
    feeding = asyncio.get_running_loop().run_in_executor(threads, _feed, paths, pipe)
    await asyncio.shield(feeding)  # who waits may be gone: the thread closes the pipe, once the tool does


def _feed(paths: Sequence[Path], pipe: BinaryIO) -> None:
    with contextlib.suppress(BrokenPipeError), pipe:
        for path in paths:
            with path.open("rb") as file:
                shutil.copyfileobj(file, pipe, _BUFFER)
