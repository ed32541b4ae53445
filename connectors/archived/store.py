"""Blobs that are files in two folders, read as if they were in one. All that is written goes to the first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from dataclasses import replace as copied
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from connectors.archived.second import Second
from connectors.ports import Blob, BlobInfo, BlobMissing, BlobStore, BlobWriter, Listed, ResumedWriter
from schemas.storage import ARCHIVE, RAW

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ArchivedStore:
    """See ports.BlobStore. Of what may be in the second folder, StoreUnavailable says that it is away."""

    first: BlobStore
    second: Second

    def writer(self) -> BlobWriter:
        """See ports.BlobStore."""
        return self.first.writer()

    async def resume(self, id: str, at: int | None = None) -> ResumedWriter:
        """See ports.BlobStore."""
        return await self.first.resume(id, at)

    async def resumable(self, id: str) -> int:
        """See ports.BlobStore."""
        return await self.first.resumable(id)

    async def forget_unused(self, unused: timedelta) -> None:
        """See ports.BlobStore."""
        await self.first.forget_unused(unused)

    async def adopt(self, path: Path, area: str, suffix: str = "") -> Blob:
        """See ports.BlobStore."""
        return await self.first.adopt(path, area, suffix)

    async def put(self, location: str, content: bytes) -> bool:
        """See ports.BlobStore."""
        return await self.first.put(location, content)

    async def names(self, folder: str) -> set[str]:
        """See ports.BlobStore."""
        return await self.first.names(folder)

    async def stat(self, location: str) -> BlobInfo:
        """See ports.BlobStore."""
        return await self._wherever(location, lambda store: self._said(store, location))

    async def read(
        self, location: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See ports.BlobStore."""
        pieces, piece = await self._wherever(location, lambda store: _begun(store.read(location, start, end)))
        try:
            while piece:
                yield piece
                piece = await anext(pieces, b"")
        finally:
            await pieces.aclose()

    def path_of(self, location: str) -> Path | None:
        """See ports.BlobStore."""
        path = self.first.path_of(location)
        return None if path is None or (location.startswith(RAW) and not path.exists()) else path

    @asynccontextmanager
    async def on_disk(self, location: str) -> AsyncIterator[Path]:
        """See ports.BlobStore."""
        store = await self._wherever(location, lambda store: _having(store, location))
        async with store.on_disk(location) as path:
            yield path

    async def address(self, location: str, name: str, content_type: str, expires_in_s: int) -> str | None:
        """See ports.BlobStore."""
        return await self.first.address(location, name, content_type, expires_in_s)

    async def remove(self, location: str) -> None:
        """See ports.BlobStore."""
        await self.first.remove(location)
        if location.startswith(RAW):
            await self.second.store().remove(location)

    async def listing(self, area: str) -> AsyncGenerator[Listed, None]:
        """See ports.BlobStore. What is on its way from one folder to the other is listed once."""
        async for each in self.first.listing(area):
            yield each
        if not f"{area}/".startswith(RAW):
            return
        async for each in self.second.store().listing(area):
            path = self.first.path_of(each.location)
            if path is None or not path.exists():
                yield copied(each, storage=ARCHIVE)

    async def discard(self, location: str, before: datetime) -> bool:
        """See ports.BlobStore."""
        gone = await self.first.discard(location, before)
        if not location.startswith(RAW):
            return gone
        return await self.second.store().discard(location, before) or gone

    async def ping(self) -> None:
        """See ports.BlobStore."""
        await self.first.ping()

    async def _said(self, store: BlobStore, location: str) -> BlobInfo:
        found = await store.stat(location)
        return found if store is self.first else copied(found, storage=ARCHIVE)

    async def _wherever(self, location: str, step: Callable[[BlobStore], Awaitable[T]]) -> T:
        """What a step answers where the blob is. Raises BlobMissing."""
        for store in self._places(location):
            try:
                return await step(store)
            except BlobMissing:
                continue
        return await step(self.first)

    def _places(self, location: str) -> Iterator[BlobStore]:
        """Where a blob may be. What is not in the second folder either may just have come back."""
        if location.startswith(RAW):
            yield self.first
            yield self.second.store()


async def _having(store: BlobStore, location: str) -> BlobStore:
    await store.stat(location)
    return store


async def _begun(pieces: AsyncGenerator[bytes, None]) -> tuple[AsyncGenerator[bytes, None], bytes]:
    return pieces, await anext(pieces, b"")
