"""Blobs in a bucket that are written by several processes, one after another, and stay until they are ended.

S3 has no locks, and a part of an upload in parts can be overwritten by whoever knows its number. So each
piece is an object of its own that nobody else writes, and turns decide which of them count: see
connectors/s3/turns.py.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cachetools import LRUCache

from connectors.blob_names import checked_id
from connectors.ports import BlobHeld
from connectors.s3 import turns
from connectors.s3.bucket import Bucket
from connectors.s3.first import put_first
from connectors.s3.turns import FROM, PIECE, TAKEN, VOID, State

if TYPE_CHECKING:
    from hashlib import _Hash

_FOLDER = "unfinished/"
_REMEMBERED = 1000
_AT_ONCE = 16
_LOOKS = 100
"""So often within the time that makes one unused is looked for those: to list is paid for."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to go on with one from some byte, until the next one takes it."""

    id: str
    number: int
    start: int
    digest: _Hash | None
    """Of all before; None where another process wrote some of it."""
    pieces: int
    """How many there are already."""

    def piece(self, offset: int) -> str:
        """Where the piece lies that begins there."""
        return place(self.id, turns.name(self.number, PIECE, offset))


class Unfinished:
    """All of them. Raises StoreUnavailable."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._digests: LRUCache[str, tuple[int, int, _Hash]] = LRUCache(_REMEMBERED)
        self._looked_at: float | None = None

    async def take(self, id: str, at: int | None) -> Turn:
        """The next turn. Whoever had the one before finds out. Raises BlobHeld where two come at once."""
        before = await self.look(id)
        number = max([time.time_ns() // 1000, *(turn + 1 for turn in before.turns)])
        if not await self._put(id, turns.name(number, TAKEN)):
            raise BlobHeld(id)
        # What is written from here on is not counted, so what counts is looked at after.
        state = await self.look(id)
        if state.turns[-1] != number:
            raise BlobHeld(id)
        for turn in state.unbegun[:-1]:
            await self._put(id, turns.name(turn, VOID))  # it may wake, and must not begin in the past
        start = state.size_bytes if at is None else min(at, state.size_bytes)
        await self._put(id, turns.name(number, FROM, start))
        return Turn(id, number, start, self._known(id, state, start), len(state.pieces))

    async def confirm(self, turn: Turn, size: int) -> State:
        """What is there in all, where that is so much and the turn is still the last. Raises BlobHeld."""
        state = await self.look(turn.id)
        if state.turns[-1:] != [turn.number] or state.size_bytes != size:
            raise BlobHeld(turn.id)
        return state

    async def look(self, id: str) -> State:
        """What there is of one."""
        return await self._bucket.do(self._look, checked_id(id))

    def remember(self, turn: Turn, size: int, digest: _Hash | None) -> None:
        """Keeps the hash of what is there, for as long as nobody else writes on."""
        if digest is not None:
            self._digests[turn.id] = turn.number, size, digest

    async def remove(self, turn: Turn) -> None:
        """Forgets all bytes. Raises BlobHeld where someone else goes on with them."""
        state = await self.look(turn.id)
        if any(each > turn.number for each in state.turns):
            raise BlobHeld(turn.id)
        await self._remove(place(turn.id, each) for each in sorted(state.names))

    async def forget_unused(self, unused: timedelta) -> None:
        """See ports.BlobStore. Asked again soon, it does nothing."""
        now = time.monotonic()
        if self._looked_at is not None and now - self._looked_at < unused.total_seconds() / _LOOKS:
            return
        await self._remove(await self._bucket.do(self._unused, datetime.now(UTC) - unused))
        self._looked_at = now

    def _known(self, id: str, state: State, start: int) -> _Hash | None:
        number, size, digest = self._digests.pop(id, (0, 0, None))
        if not start:
            return hashlib.sha256()
        return digest if [number] == state.turns[-2:-1] and size == start == state.size_bytes else None

    async def _put(self, id: str, name: str) -> bool:
        return await self._bucket.do(put_first, self._bucket, place(id, name), b"")

    def _look(self, id: str) -> State:
        folder = place(id, "")
        listed = self._bucket.listed(folder)
        return turns.read({location.removeprefix(folder): found["Size"] for location, found in listed})

    def _unused(self, before: datetime) -> list[str]:
        kept: dict[str, list[str]] = defaultdict(list)
        used: set[str] = set()
        for location, found in self._bucket.listed(_FOLDER):
            folder = location.rpartition("/")[0]
            kept[folder].append(location)
            if found["LastModified"] >= before:
                used.add(folder)
        return [location for folder, all in kept.items() if folder not in used for location in all]

    async def _remove(self, locations: Iterable[str]) -> None:
        going = asyncio.Semaphore(_AT_ONCE)

        async def remove(location: str) -> None:
            async with going:
                await self._bucket.remove(location)

        await asyncio.gather(*(remove(each) for each in locations))


def place(id: str, name: str) -> str:
    """Where an object of one lies."""
    return f"{_FOLDER}{id}/{name}"
