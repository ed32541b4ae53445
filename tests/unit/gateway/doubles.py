"""The ports, made of memory: what is put in comes out as if Kafka and MongoDB were there."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connectors.lattice import greater
from connectors.ports import (
    Blob,
    BlobMissing,
    BrokerUnavailable,
    DatabaseUnavailable,
    Delivery,
    Document,
    Merge,
    OneOf,
    Page,
    Position,
    Query,
    StoreFull,
)
from connectors.read_models import STATE, collection, watermark
from processors.views.plan import steps
from schemas.codec import Codec
from schemas.events import Event, Meta
from schemas.topics import topic_of

GENERATION = "v1"
START = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass
class FakeClock:
    """Time stands still until it is moved."""

    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class FakeDatabase:
    """Collections of documents in memory."""

    collections: dict[str, dict[str, Document]] = field(default_factory=lambda: defaultdict(dict))
    away: bool = False

    def _of(self, name: str) -> dict[str, Document]:
        if self.away:
            raise DatabaseUnavailable("no server at 10.0.0.7")
        return self.collections[name]

    async def get(self, collection: str, id: str) -> Document | None:
        return self._of(collection).get(id)

    async def insert(self, collection: str, document: Document) -> bool:
        self._of(collection)[document["_id"]] = document
        return True

    async def change(self, collection: str, id: str, where: Mapping[str, Any], to: Mapping[str, Any]) -> bool:
        raise NotImplementedError

    async def remove(self, collection: str, id: str) -> None:
        self._of(collection).pop(id, None)

    async def select(self, collection: str, where: Mapping[str, Any], limit: int = 1000) -> list[Document]:
        return [d for d in self._of(collection).values() if _matches(d, where)][:limit]

    async def page(self, collection: str, query: Query) -> Page:
        if query.cursor is not None and not query.cursor.isdigit():
            raise ValueError("this cursor was not made here; start again without one")
        found = await self.select(collection, query.where, 10**6)
        found = [d for d in found if _at(d, query.order_by) is not None]
        found.sort(key=lambda d: (_at(d, query.order_by), d["_id"]), reverse=True)
        start = int(query.cursor or 0)
        end = start + query.limit
        return Page(found[start:end], str(end) if end < len(found) else None)

    async def merge(self, merges: Sequence[Merge]) -> None:
        for merge in merges:
            document = self._of(merge.collection).setdefault(merge.id, {"_id": merge.id})
            for path, value in merge.fields.items():
                _raise_to(document, path.split("."), value)

    async def index(self, collection: str, fields: Sequence[str]) -> None: ...

    async def drop(self, collection: str) -> None:
        self.collections.pop(collection, None)

    async def now(self) -> datetime:
        return START

    async def ping(self) -> None:
        self._of(STATE)


def _matches(document: Document, where: Mapping[str, Any]) -> bool:
    return all(
        _at(document, path) in (wanted.values if isinstance(wanted, OneOf) else (wanted,))
        for path, wanted in where.items()
    )


def _at(document: Document, path: str) -> Any:
    value: Any = document
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _raise_to(document: Document, path: list[str], value: Any) -> None:
    for step in path[:-1]:
        document = document.setdefault(step, {})
    if path[-1] not in document or greater(value, document[path[-1]]):
        document[path[-1]] = value


@dataclass
class FakePublisher:
    """Keeps what is published, and shows it in the read models at once unless they lag."""

    database: FakeDatabase
    events: list[Event] = field(default_factory=list)
    away: bool = False
    lagging: bool = False
    _codec: Codec = field(default_factory=Codec)
    _offsets: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def publish(self, events: Sequence[Event]) -> list[Position]:
        if self.away:
            raise BrokerUnavailable("no broker at 10.0.0.8:9092")
        positions = [self._append(event) for event in events]
        self.events += events
        if not self.lagging:
            await self.show(events, positions)
        return positions

    async def show(self, events: Sequence[Event], positions: Sequence[Position]) -> None:
        """What the views stage does."""
        marks = watermark({(p.topic, p.partition): p.offset for p in positions})
        merges = [step for event in events for step in steps(event)]
        await self.database.merge(
            [Merge(collection(m.collection, GENERATION), m.id, m.fields) for m in [*merges, marks]]
        )

    def _append(self, event: Event) -> Position:
        topic = topic_of(event).name
        self._codec.encode(event)
        self._offsets[topic] += 1
        return Position(topic, 0, self._offsets[topic] - 1)


@dataclass
class FakeTail:
    """Delivers what a test puts in."""

    queue: asyncio.Queue[Delivery] = field(default_factory=asyncio.Queue)
    _offset: int = 0

    def put(self, *events: Event) -> None:
        for event in events:
            self.queue.put_nowait(Delivery(event, Position(topic_of(event).name, 0, self._offset)))
            self._offset += 1

    async def deliveries(self) -> AsyncIterator[Delivery]:
        while True:
            yield await self.queue.get()
            self.queue.task_done()


@dataclass
class NullWriter:
    """Counts and forgets."""

    store: NullStore
    size_bytes: int = 0

    async def write(self, chunk: bytes) -> None:
        if self.store.full:
            raise StoreFull("the blob store is full; make room on its disk")
        self.size_bytes += len(chunk)

    async def commit(self, area: str, suffix: str = "") -> Blob:
        return Blob(f"{area}/00/{'0' * 64}", self.size_bytes, "0" * 64)

    async def abort(self) -> None:
        self.store.aborted += 1


@dataclass
class NullStore:
    """A store that keeps nothing, or has no room."""

    full: bool = False
    aborted: int = 0

    def writer(self) -> NullWriter:
        return NullWriter(self)

    async def adopt(self, path: Path, area: str, suffix: str = "") -> Blob:
        raise NotImplementedError

    async def put(self, location: str, content: bytes) -> bool:
        raise NotImplementedError

    async def names(self, folder: str) -> set[str]:
        return set()

    async def local_path(self, location: str) -> Path:
        raise BlobMissing(location)

    async def remove(self, location: str) -> None: ...

    async def ping(self) -> None:
        if self.full:
            raise OSError(28, "No space left on device")


def meta(at: datetime = START) -> Meta:
    """For an event of another process."""
    return Meta.first("service:test", at)
