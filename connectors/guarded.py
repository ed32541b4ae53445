"""The database and the blob store behind a breaker each."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.breaker import Breaker
from connectors.ports import (
    ArrivedPart,
    Blob,
    BlobInfo,
    BlobStore,
    BlobWriter,
    Database,
    DirectUploads,
    Document,
    Listed,
    Merge,
    Page,
    Query,
    ResumedWriter,
)


class GuardedDatabase:
    """See ports.Database; raises DatabaseUnavailable at once while the breaker is open."""

    def __init__(self, database: Database, breaker: Breaker) -> None:
        self._database = database
        self._run = breaker.run

    async def get(self, collection: str, id: str) -> Document | None:
        """See ports.Database."""
        return await self._run(lambda: self._database.get(collection, id))

    async def insert(self, collection: str, document: Document) -> bool:
        """See ports.Database."""
        return await self._run(lambda: self._database.insert(collection, document))

    async def insert_all(self, collection: str, documents: Sequence[Document]) -> None:
        """See ports.Database."""
        await self._run(lambda: self._database.insert_all(collection, documents))

    async def change(self, collection: str, id: str, where: Mapping[str, Any], to: Mapping[str, Any]) -> bool:
        """See ports.Database."""
        return await self._run(lambda: self._database.change(collection, id, where, to))

    async def remove(self, collection: str, id: str) -> None:
        """See ports.Database."""
        await self._run(lambda: self._database.remove(collection, id))

    async def select(self, collection: str, where: Mapping[str, Any], limit: int = 1000) -> list[Document]:
        """See ports.Database."""
        return await self._run(lambda: self._database.select(collection, where, limit))

    async def page(self, collection: str, query: Query) -> Page:
        """See ports.Database."""
        return await self._run(lambda: self._database.page(collection, query))

    async def merge(self, merges: Sequence[Merge]) -> None:
        """See ports.Database."""
        await self._run(lambda: self._database.merge(merges))

    async def index(self, collection: str, fields: Sequence[str]) -> None:
        """See ports.Database."""
        await self._run(lambda: self._database.index(collection, fields))

    async def expire(self, collection: str, field: str) -> None:
        """See ports.Database."""
        await self._run(lambda: self._database.expire(collection, field))

    async def drop(self, collection: str) -> None:
        """See ports.Database."""
        await self._run(lambda: self._database.drop(collection))

    async def now(self) -> datetime:
        """See ports.Database."""
        return await self._run(self._database.now)

    async def ping(self) -> None:
        """See ports.Database."""
        await self._run(self._database.ping)


class GuardedStore:
    """See ports.BlobStore; raises StoreUnavailable at once while the breaker is open."""

    def __init__(self, store: BlobStore, breaker: Breaker) -> None:
        self._store = store
        self._breaker = breaker
        self._run = breaker.run

    def writer(self) -> BlobWriter:
        """See ports.BlobStore."""
        return GuardedWriter(self._store.writer(), self._breaker)

    async def resume(self, id: str, at: int | None = None) -> ResumedWriter:
        """See ports.BlobStore."""
        writer = await self._run(lambda: self._store.resume(id, at))
        return GuardedResumedWriter(writer, self._breaker)

    async def resumable(self, id: str) -> int:
        """See ports.BlobStore."""
        return await self._run(lambda: self._store.resumable(id))

    async def forget_unused(self, unused: timedelta) -> None:
        """See ports.BlobStore."""
        await self._run(lambda: self._store.forget_unused(unused))

    async def adopt(self, path: Path, area: str, suffix: str = "") -> Blob:
        """See ports.BlobStore."""
        return await self._run(lambda: self._store.adopt(path, area, suffix))

    async def put(self, location: str, content: bytes) -> bool:
        """See ports.BlobStore."""
        return await self._run(lambda: self._store.put(location, content))

    async def names(self, folder: str) -> set[str]:
        """See ports.BlobStore."""
        return await self._run(lambda: self._store.names(folder))

    async def stat(self, location: str) -> BlobInfo:
        """See ports.BlobStore."""
        return await self._run(lambda: self._store.stat(location))

    async def read(
        self, location: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See ports.BlobStore."""
        async with aclosing(self._store.read(location, start, end)) as pieces:
            while piece := await self._run(lambda: anext(pieces, b"")):
                yield piece

    def path_of(self, location: str) -> Path | None:
        """See ports.BlobStore."""
        return self._store.path_of(location)

    @asynccontextmanager
    async def on_disk(self, location: str) -> AsyncIterator[Path]:
        """See ports.BlobStore."""
        async with AsyncExitStack() as stack:
            held = self._store.on_disk(location)
            yield await self._run(lambda: stack.enter_async_context(held))

    async def address(self, location: str, name: str, content_type: str, expires_in_s: int) -> str | None:
        """See ports.BlobStore."""
        return await self._run(lambda: self._store.address(location, name, content_type, expires_in_s))

    async def remove(self, location: str) -> None:
        """See ports.BlobStore."""
        await self._run(lambda: self._store.remove(location))

    async def listing(self, area: str) -> AsyncGenerator[Listed, None]:
        """See ports.BlobStore."""
        async with aclosing(self._store.listing(area)) as found:
            while (each := await self._run(lambda: anext(found, None))) is not None:
                yield each

    async def discard(self, location: str, before: datetime) -> bool:
        """See ports.BlobStore."""
        return await self._run(lambda: self._store.discard(location, before))

    async def ping(self) -> None:
        """See ports.BlobStore."""
        await self._run(self._store.ping)


class GuardedDirect:
    """See ports.DirectUploads; raises StoreUnavailable at once while the breaker is open."""

    def __init__(self, direct: DirectUploads, breaker: Breaker) -> None:
        self._direct = direct
        self._run = breaker.run

    async def begin(self, id: str) -> None:
        """See ports.DirectUploads."""
        await self._run(lambda: self._direct.begin(id))

    async def addresses(self, id: str, sizes: Mapping[int, int], expires_in_s: int) -> Mapping[int, str]:
        """See ports.DirectUploads."""
        return await self._run(lambda: self._direct.addresses(id, sizes, expires_in_s))

    async def arrived(self, id: str) -> list[ArrivedPart]:
        """See ports.DirectUploads."""
        return await self._run(lambda: self._direct.arrived(id))

    async def commit(self, id: str, area: str) -> Blob:
        """See ports.DirectUploads."""
        return await self._run(lambda: self._direct.commit(id, area))

    async def abort(self, id: str) -> None:
        """See ports.DirectUploads."""
        await self._run(lambda: self._direct.abort(id))

    async def forget_unused(self, unused: timedelta) -> None:
        """See ports.DirectUploads."""
        await self._run(lambda: self._direct.forget_unused(unused))


class GuardedWriter:
    """See ports.BlobWriter."""

    def __init__(self, writer: BlobWriter, breaker: Breaker) -> None:
        self._writer = writer
        self._run = breaker.run

    @property
    def size_bytes(self) -> int:
        """See ports.BlobWriter."""
        return self._writer.size_bytes

    async def write(self, chunk: bytes) -> None:
        """See ports.BlobWriter."""
        await self._run(lambda: self._writer.write(chunk))

    async def commit(self, area: str, suffix: str = "") -> Blob:
        """See ports.BlobWriter."""
        return await self._run(lambda: self._writer.commit(area, suffix))

    async def abort(self) -> None:
        """See ports.BlobWriter. Never kept back: there may be something to clear away."""
        await self._writer.abort()


class GuardedResumedWriter(GuardedWriter):
    """See ports.ResumedWriter."""

    def __init__(self, writer: ResumedWriter, breaker: Breaker) -> None:
        super().__init__(writer, breaker)
        self._resumed = writer

    async def close(self) -> None:
        """See ports.ResumedWriter. Never kept back: others wait for it."""
        await self._resumed.close()
