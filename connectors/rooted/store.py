"""Media that lie in operators' folders, read where they are as if they were blobs; all else is the store's.

What is opened is opened as the files API does it, and answered only while its bytes are those that were
found, for a file that took another's place is not that medium. Nothing there is ever written or removed.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, TypeVar

from cachetools import LRUCache

from connectors.ports import (
    Blob,
    BlobInfo,
    BlobMissing,
    BlobStore,
    BlobWriter,
    Listed,
    ResumedWriter,
    StoreUnavailable,
)
from connectors.rooted.identity import identity
from connectors.rooted.located import Located, Place, is_in_root, located, place
from connectors.rooted.paths import PathRefused
from connectors.rooted.root import Root
from connectors.rooted.walking import NotThere, ReadOnly

_PIECE_BYTES = 1024 * 1024
_REMEMBERED = 10_000

T = TypeVar("T")
_Stamp = tuple[int, int, int, int, int]


class Whereabouts(Protocol):
    """Knows which media have moved."""

    async def moved(self, media_id: str) -> str | None:
        """Where a medium is now, as root/path; None where it is still where it was found first."""
        ...


@dataclass(frozen=True, slots=True)
class RootedStore:
    """See ports.BlobStore. Of what is in a root, StoreUnavailable says that the root is not there now."""

    store: BlobStore
    roots: Mapping[str, Root]
    whereabouts: Whereabouts
    _identities: LRUCache[_Stamp, str] = field(default_factory=lambda: LRUCache(_REMEMBERED))
    _remembering: threading.Lock = field(default_factory=threading.Lock)

    def writer(self) -> BlobWriter:
        """See ports.BlobStore."""
        return self.store.writer()

    async def resume(self, id: str, at: int | None = None) -> ResumedWriter:
        """See ports.BlobStore."""
        return await self.store.resume(id, at)

    async def resumable(self, id: str) -> int:
        """See ports.BlobStore."""
        return await self.store.resumable(id)

    async def forget_unused(self, unused: timedelta) -> None:
        """See ports.BlobStore."""
        await self.store.forget_unused(unused)

    async def adopt(self, path: Path, area: str, suffix: str = "") -> Blob:
        """See ports.BlobStore."""
        return await self.store.adopt(path, area, suffix)

    async def put(self, location: str, content: bytes) -> bool:
        """See ports.BlobStore. Nothing is put into a root: what is called so is no location there."""
        return await self.store.put(location, content)

    async def names(self, folder: str) -> set[str]:
        """See ports.BlobStore."""
        return await self.store.names(folder)

    async def stat(self, location: str) -> BlobInfo:
        """See ports.BlobStore."""
        if not is_in_root(location):
            return await self.store.stat(location)
        descriptor, said = await self._opened(located(location))
        os.close(descriptor)
        return BlobInfo(said.st_size, datetime.fromtimestamp(said.st_mtime, UTC))

    async def read(
        self, location: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See ports.BlobStore."""
        if is_in_root(location):
            descriptor, _ = await self._opened(located(location))
            pieces = _pieces(descriptor, start, end)
        else:
            pieces = self.store.read(location, start, end)
        try:
            async for piece in pieces:
                yield piece
        finally:
            await pieces.aclose()

    def path_of(self, location: str) -> Path | None:
        """See ports.BlobStore. None for what is in a root, for paths may lead away."""
        if is_in_root(location):
            located(location)
            return None
        return self.store.path_of(location)

    @asynccontextmanager
    async def on_disk(self, location: str) -> AsyncIterator[Path]:
        """See ports.BlobStore. What is in a root is looked at, and then opened by tools in their sandbox."""
        if not is_in_root(location):
            async with self.store.on_disk(location) as path:
                yield path
            return
        asked = located(location)
        where = await self._place(asked)
        descriptor, _ = await asyncio.to_thread(self._open, asked, where)
        os.close(descriptor)
        yield self._root(where).path.resolve().joinpath(*where.path.names)

    async def address(self, location: str, name: str, content_type: str, expires_in_s: int) -> str | None:
        """See ports.BlobStore."""
        if is_in_root(location):
            located(location)
            return None
        return await self.store.address(location, name, content_type, expires_in_s)

    async def remove(self, location: str) -> None:
        """See ports.BlobStore. What is in a root is not ours, and stays."""
        if not is_in_root(location):
            await self.store.remove(location)

    def listing(self, area: str) -> AsyncGenerator[Listed, None]:
        """See ports.BlobStore. Of roots there is no listing."""
        return self.store.listing(area)

    async def discard(self, location: str, before: datetime) -> bool:
        """See ports.BlobStore. What is in a root is not ours, and stays."""
        return not is_in_root(location) and await self.store.discard(location, before)

    async def ping(self) -> None:
        """See ports.BlobStore."""
        await self.store.ping()

    async def _opened(self, asked: Located) -> tuple[int, os.stat_result]:
        return await asyncio.to_thread(self._open, asked, await self._place(asked))

    async def _place(self, asked: Located) -> Place:
        now = await self.whereabouts.moved(asked.media_id)
        return place(now) if now else asked.place

    def _root(self, where: Place) -> Root:
        root = self.roots.get(where.root)
        if root is None:
            raise StoreUnavailable(f"no folder {where.root} is named here: SLUICE_ROOTS says which there are")
        return root

    def _open(self, asked: Located, where: Place) -> tuple[int, os.stat_result]:
        """The file, open, with what it says of itself. Raises BlobMissing, StoreUnavailable."""
        root = self._root(where)
        descriptor = _asked(root, lambda: root.opened(where.path))
        try:
            said = os.fstat(descriptor)
            if _asked(root, lambda: self._identity(descriptor, said)) != asked.identity:
                raise BlobMissing("there is another file now where this medium's was")
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor, said

    def _identity(self, descriptor: int, said: os.stat_result) -> str:
        stamp = (said.st_dev, said.st_ino, said.st_size, said.st_mtime_ns, said.st_ctime_ns)
        with self._remembering:
            known = self._identities.get(stamp)
        if known is None:
            known = identity(descriptor, said.st_size)
            with self._remembering:
                self._identities[stamp] = known
        return known


def _asked(root: Root, step: Callable[[], T]) -> T:
    """Raises BlobMissing for what is not there, StoreUnavailable where the whole root is not. Neither says a
    path: whoever may have the medium need not know that.
    """
    try:
        return step()
    except (NotThere, PathRefused) as error:
        if not is_there(root):
            raise StoreUnavailable(f"the root {root.name} is not there, or empty: is it mounted?") from error
        raise BlobMissing("the file of this medium is not where it was") from error
    except (ReadOnly, OSError) as error:
        raise StoreUnavailable(f"what is in the root {root.name} can't be read just now") from error


def is_there(root: Root) -> bool:
    """Whether there is anything below a root: where a disk is not mounted, nothing is."""
    try:
        with os.scandir(root.path) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


async def _pieces(descriptor: int, start: int, end: int | None) -> AsyncGenerator[bytes, None]:
    try:
        while wanted := _PIECE_BYTES if end is None else max(0, min(_PIECE_BYTES, end - start)):
            piece = await asyncio.to_thread(os.pread, descriptor, wanted, start)
            start += len(piece)
            if piece:
                yield piece
            if len(piece) < wanted:
                break
    finally:
        os.close(descriptor)
