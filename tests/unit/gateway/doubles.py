"""The ports, made of memory: what is put in comes out as if Kafka and MongoDB were there."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connectors.ports import (
    Blob,
    BlobInfo,
    BlobMissing,
    BrokerUnavailable,
    Delivery,
    Listed,
    Merge,
    Position,
    StoreFull,
)
from connectors.read_models import collection, watermark
from processors.views.plan import steps
from schemas.codec import Codec, Record
from schemas.events import Event, Meta
from schemas.topics import topic_of
from tests.fakes import MemoryDatabase

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
class FakePublisher:
    """Keeps what is published, and shows it in the read models at once unless they lag."""

    database: MemoryDatabase
    feed: FakeFeed = field(default_factory=lambda: FakeFeed())
    """Hears of everything, as the replicas do that follow the log."""
    events: list[Event] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    """The same as the wire has them."""
    away: bool = False
    lagging: bool = False
    gate: asyncio.Event | None = None
    """What it waits for before it takes anything, where that is set."""
    _codec: Codec = field(default_factory=Codec)
    _offsets: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def publish(self, events: Sequence[Event]) -> list[Position]:
        if self.away:
            raise BrokerUnavailable("no broker at 10.0.0.8:9092")
        if self.gate is not None:
            await self.gate.wait()
        positions = [self._append(event) for event in events]
        self.feed.tell(events, positions)
        self.events += events
        self.positions += positions
        if not self.lagging and not self.database.away:
            await self.show(events, positions)
        return positions

    async def show(self, events: Sequence[Event], positions: Sequence[Position]) -> None:
        """What the views stage does."""
        marks = watermark({(p.topic, p.partition): p.offset for p in positions})
        said = zip(events, positions, strict=True)
        merges = [step for event, place in said for step in steps(event, place.offset)]
        await self.database.merge(
            [Merge(collection(m.collection, GENERATION), m.id, m.fields) for m in [*merges, marks]]
        )

    async def about(
        self, keys: Mapping[str, Collection[str]], since: datetime, until: datetime | None = None
    ) -> list[Delivery]:
        if self.away:
            raise BrokerUnavailable("no broker at 10.0.0.8:9092")
        kept = zip(self.events, self.positions, strict=True)
        found = [Delivery(event, at) for event, at in kept if _key(event) in keys.get(at.topic, ())]
        return [each for each in found if _is_within(each.event.meta.occurred_at, since, until)]

    def _append(self, event: Event) -> Position:
        topic = topic_of(event).name
        self.records.append(self._codec.encode(event))
        self._offsets[topic] += 1
        return Position(topic, 0, self._offsets[topic] - 1)


def _key(event: Event) -> str:
    return str(getattr(event, topic_of(event).key))


def _is_within(at: datetime, since: datetime, until: datetime | None) -> bool:
    return since <= at and (until is None or at < until)


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
class FakeFeed:
    """Delivers what is told, and is as old as a test says."""

    age_s: float = 0
    queue: asyncio.Queue[Delivery] = field(default_factory=asyncio.Queue)

    def tell(self, events: Sequence[Event], positions: Sequence[Position]) -> None:
        for event, position in zip(events, positions, strict=True):
            self.queue.put_nowait(Delivery(event, position))

    async def deliveries(self) -> AsyncIterator[Delivery]:
        while True:
            yield await self.queue.get()


FULL = "the blob store is full; make room on its disk"


@dataclass
class NullWriter:
    """Counts and forgets."""

    store: NullStore
    size_bytes: int = 0

    async def write(self, chunk: bytes) -> None:
        if self.store.full:
            raise StoreFull(FULL)
        self.size_bytes += len(chunk)

    async def commit(self, area: str, suffix: str = "") -> Blob:
        return Blob(f"{area}/00/{'0' * 64}", self.size_bytes, "0" * 64)

    async def abort(self) -> None:
        self.store.aborted += 1

    async def close(self) -> None: ...


@dataclass
class NullStore:
    """A store that keeps nothing, or has no room."""

    full: bool = False
    aborted: int = 0

    def writer(self) -> NullWriter:
        return NullWriter(self)

    async def resume(self, id: str, at: int | None = None) -> NullWriter:
        return NullWriter(self)

    async def resumable(self, id: str) -> int:
        return 0

    async def forget_unused(self, unused: timedelta) -> None: ...

    async def adopt(self, path: Path, area: str, suffix: str = "") -> Blob:
        raise NotImplementedError

    async def put(self, location: str, content: bytes) -> bool:
        raise NotImplementedError

    async def names(self, folder: str) -> set[str]:
        return set()

    async def stat(self, location: str) -> BlobInfo:
        raise BlobMissing(location)

    async def read(
        self, location: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        raise BlobMissing(location)
        yield b""

    def path_of(self, location: str) -> Path | None:
        return None

    @asynccontextmanager
    async def on_disk(self, location: str) -> AsyncIterator[Path]:
        raise BlobMissing(location)
        yield Path(location)

    async def address(self, location: str, name: str, content_type: str, expires_in_s: int) -> str | None:
        return None

    async def remove(self, location: str) -> None: ...

    async def listing(self, area: str) -> AsyncGenerator[Listed, None]:
        if self.full and self.aborted < 0:
            yield Listed(area, 0, START)

    async def discard(self, location: str, before: datetime) -> bool:
        return False

    async def ping(self) -> None:
        if self.full:
            raise StoreFull(FULL)


def meta(at: datetime = START) -> Meta:
    """For an event of another process."""
    return Meta.first("service:test", at)
