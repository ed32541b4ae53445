"""Files of blobs for tools that need files, each fetched once and kept until others need its room."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from connectors.disk import FULL
from connectors.ports import StoreFull, StoreUnavailable

Fetch = Callable[[Path], Awaitable[None]]
"""Writes a blob to a file."""


@dataclass(slots=True)
class _Entry:
    path: Path
    size_bytes: int
    fetching: asyncio.Task[None]
    users: int = 0

    @property
    def is_idle(self) -> bool:
        return not self.users and self.fetching.done()


class Cache:
    """A folder of one process alone, emptied when it is first used. It holds at most so many bytes, and
    beyond them only what is in use; what was used longest ago goes first.
    """

    def __init__(self, folder: Path | None, most_bytes: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._opened: asyncio.Task[Path] | None = None

    @asynccontextmanager
    async def holding(self, name: str, size_bytes: int, fetch: Fetch) -> AsyncIterator[Path]:
        """The file of that name, whole; `fetch` is asked once for all who want it at a time.

        Raises what `fetch` raises, StoreFull where the folder's disk is full, and StoreUnavailable.
        """
        entry = await self._entry(name, size_bytes, fetch)
        entry.users += 1
        try:
            await asyncio.shield(entry.fetching)
            yield entry.path
        finally:
            entry.users -= 1
            if name in self._entries:
                self._entries.move_to_end(name)
            self._make_room()

    async def _entry(self, name: str, size_bytes: int, fetch: Fetch) -> _Entry:
        if self._opened is None:
            self._opened = asyncio.create_task(asyncio.to_thread(self._open))
        folder = await asyncio.shield(self._opened)
        if name not in self._entries:
            path = folder / name
            entry = _Entry(path, size_bytes, asyncio.create_task(_fetched(path, fetch)))
            entry.fetching.add_done_callback(lambda _: self._forget_failed(name, entry))
            self._entries[name] = entry
            self._make_room()
        self._entries.move_to_end(name)
        return self._entries[name]

    def _open(self) -> Path:
        if self._folder is None:
            return Path(tempfile.mkdtemp(prefix="sluice-blobs-"))
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder

    def _forget_failed(self, name: str, entry: _Entry) -> None:
        if entry.fetching.cancelled() or entry.fetching.exception() is not None:
            self._entries.pop(name, None)

    def _make_room(self) -> None:
        held = sum(entry.size_bytes for entry in self._entries.values())
        idle = [name for name, entry in self._entries.items() if entry.is_idle]
        while idle and held > self._most_bytes:
            entry = self._entries.pop(idle.pop(0))
            held -= entry.size_bytes
            _remove(entry.path)


async def _fetched(path: Path, fetch: Fetch) -> None:
    """Under another name, until it is whole."""
    near = path.with_name(f"{path.name}.part")
    try:
        await fetch(near)
        near.replace(path)
    except OSError as error:
        near.unlink(missing_ok=True)
        if error.errno in FULL:
            raise StoreFull(f"there is no room for blobs in {path.parent}") from error
        raise StoreUnavailable(f"no blob can be kept in {path.parent}: {error.strerror}") from error


def _remove(path: Path) -> None:
    """At once from its name, which may be wanted again; from the disk in a thread, where that takes long."""
    aside = path.with_name(f"{path.name}.gone")
    path.replace(aside)
    asyncio.get_running_loop().run_in_executor(None, os.unlink, aside)
