"""Doubles that implement the same ports as the real thing; `tests/contract` runs one suite against both."""

from __future__ import annotations

import asyncio
import copy
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.lattice import greater
from connectors.ports import (
    BadCursor,
    Between,
    BrokerUnavailable,
    Clock,
    DatabaseUnavailable,
    Delivery,
    Document,
    FromNow,
    Merge,
    OneOf,
    Page,
    Plus,
    Position,
    Query,
    StartsWith,
)
from schemas.codec import Codec
from schemas.events import Event
from schemas.topics import topic_of


class FakeClock:
    """Time that moves only when told."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class MemoryLog:
    """Kafka as a list: a publisher, and tails and histories of what was published."""

    def __init__(self) -> None:
        self.records: list[Delivery] = []
        self.away = False
        self._ends: dict[str, int] = {}
        self._news = asyncio.Condition()

    async def publish(self, events: Sequence[Event]) -> list[Position]:
        if self.away:
            raise BrokerUnavailable("Kafka is away")
        positions = []
        for event in events:
            record = Codec().encode(event)
            decoded = Codec().decode(record.topic, record.value)
            offset = self._ends.get(record.topic, 0)
            self._ends[record.topic] = offset + 1
            position = Position(record.topic, 0, offset)
            self.records.append(Delivery(decoded, position))
            positions.append(position)
        async with self._news:
            self._news.notify_all()
        return positions

    @property
    def events(self) -> list[Event]:
        return [delivery.event for delivery in self.records]

    def of(self, topic: str) -> list[Any]:
        return [event for event in self.events if topic_of(event).name == topic]

    async def deliveries(self) -> AsyncIterator[Delivery]:
        at = 0
        while True:
            while at < len(self.records):
                at += 1
                yield self.records[at - 1]
            async with self._news:
                if at >= len(self.records):
                    await self._news.wait()

    async def ends(self, topics: Sequence[str]) -> dict[tuple[str, int], int]:
        return {(topic, 0): self._ends.get(topic, 0) for topic in topics}

    async def read(
        self, start: Mapping[tuple[str, int], int], end: Mapping[tuple[str, int], int]
    ) -> AsyncIterator[list[Delivery]]:
        for delivery in self.records:
            place = (delivery.position.topic, delivery.position.partition)
            if start.get(place, 0) <= delivery.position.offset < end.get(place, 0):
                yield [delivery]


class MemoryDatabase:
    """MongoDB as dictionaries, with the meaning that the port promises."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.collections: dict[str, dict[str, Document]] = defaultdict(dict)
        self.away = False

    def _of(self, collection: str) -> dict[str, Document]:
        if self.away:
            raise DatabaseUnavailable("no server at 10.0.0.7")
        return self.collections[collection]

    async def get(self, collection: str, id: str) -> Document | None:
        return copy.deepcopy(self._of(collection).get(id))

    async def insert(self, collection: str, document: Document) -> bool:
        if document["_id"] in self._of(collection):
            return False
        self._of(collection)[document["_id"]] = copy.deepcopy(document)
        return True

    async def insert_all(self, collection: str, documents: Sequence[Document]) -> None:
        for document in documents:
            await self.insert(collection, document)

    async def change(self, collection: str, id: str, where: Mapping[str, Any], to: Mapping[str, Any]) -> bool:
        document = self._of(collection).get(id)
        if document is None or not _matches(document, where):
            return False
        for path, value in to.items():
            _put(document, path, self._value(document, path, value))
        return True

    def _value(self, document: Document, path: str, value: Any) -> Any:
        if isinstance(value, FromNow):
            return self.clock.now() + value.delta
        if isinstance(value, Plus):
            return (_get(document, path) or 0) + value.amount
        return copy.deepcopy(value)

    async def remove(self, collection: str, id: str) -> None:
        self._of(collection).pop(id, None)

    async def select(self, collection: str, where: Mapping[str, Any], limit: int = 1000) -> list[Document]:
        found = [copy.deepcopy(d) for d in self._of(collection).values() if _matches(d, where)]
        return found[:limit]

    async def page(self, collection: str, query: Query) -> Page:
        found = [d for d in self._of(collection).values() if _matches(d, {**query.key, **query.where})]
        groups = [*([query.any_of] if query.any_of else []), *query.all_of]
        found = [d for d in found if all(any(_matches(d, each) for each in group) for group in groups)]
        found = [d for d in found if _is_between(_get(d, query.order_by), query)]
        found.sort(key=lambda d: (_get(d, query.order_by), d["_id"]), reverse=not query.ascending)
        start = _read_cursor(query.cursor)
        items = copy.deepcopy(found[start : start + query.limit])
        end = start + len(items)
        return Page(items, f"after-{end}" if end < len(found) else None)

    async def merge(self, merges: Sequence[Merge]) -> None:
        for merge in merges:
            document = self._of(merge.collection).setdefault(merge.id, {"_id": merge.id})
            for path, value in merge.fields.items():
                now = _get(document, path)
                if now is None or greater(value, now):
                    _put(document, path, copy.deepcopy(value))

    async def index(self, collection: str, fields: Sequence[str]) -> None:
        self._of(collection)

    async def expire(self, collection: str, field: str) -> None: ...

    async def drop(self, collection: str) -> None:
        self._of(collection)
        del self.collections[collection]

    async def now(self) -> datetime:
        return self.clock.now()

    async def ping(self) -> None:
        self._of("state")


def _is_between(value: Any, query: Query) -> bool:
    early = query.since is not None and value is not None and value < query.since
    late = query.until is not None and value is not None and value > query.until
    return value is not None and not early and not late


def _matches(document: Document, where: Mapping[str, Any]) -> bool:
    return all(_holds(_get(document, path), wanted) for path, wanted in where.items())


def _holds(value: Any, wanted: Any) -> bool:
    """Of a list one element is enough, as in the database."""
    values = value if isinstance(value, list) else [value]
    if isinstance(wanted, StartsWith):
        return any(isinstance(each, str) and each.startswith(wanted.text) for each in values)
    if isinstance(wanted, Between):
        return any(_lies_between(each, wanted) for each in values)
    if isinstance(wanted, OneOf):
        return any(each in wanted.values for each in values)
    return bool(value == wanted) or wanted in values


def _lies_between(value: Any, wanted: Between) -> bool:
    low, high = wanted.low is None or value is None, wanted.high is None or value is None
    return value is not None and (low or value >= wanted.low) and (high or value <= wanted.high)


def _get(document: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(document, Mapping):
            return None
        document = document.get(part)
    return document


def _put(document: Any, path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for part in parents:
        document = document.setdefault(part, {})
    document[last] = value


def _read_cursor(cursor: str | None) -> int:
    if not cursor:
        return 0
    found = re.fullmatch(r"after-(\d{1,9})", cursor)
    if found is None:
        raise BadCursor
    return int(found[1])


def only(items: Iterable[Any]) -> Any:
    """The one item there is."""
    (item,) = items
    return item
