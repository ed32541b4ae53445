"""MongoDB, over motor: the few query shapes that both a real server and the embedded one answer quickly."""

from __future__ import annotations

import base64
import binascii
import itertools
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

import orjson
from cachetools import LRUCache
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import UpdateOne, WriteConcern
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, PyMongoError

from connectors.lattice import together
from connectors.ports import (
    DatabaseUnavailable,
    Document,
    FromNow,
    Merge,
    OneOf,
    Page,
    Plus,
    Query,
)

T = TypeVar("T")
Collection = AsyncIOMotorCollection[Document]

_JOURNALLED = WriteConcern(w="majority", j=True)
_FIRST_WINDOW = timedelta(minutes=1)
_MOST_GROWTH = 64
_PAGES_KNOWN = 1000
_ALL_TIME = timedelta(days=1_000_000)
_IS_TAKEN = 11000
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_UNCHECKED = frozenset({"tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames"})


class DatabaseUrlUnusable(ValueError):
    """The database's address asks for what is never done; the message says what."""


class MongoDatabase:
    """See ports.Database. An address without TLS, or with it and a certificate that is checked."""

    def __init__(self, url: str, name: str, *, timeout: timedelta = timedelta(seconds=5)) -> None:
        """Raises DatabaseUrlUnusable."""
        _refuse_unchecked(url)
        self._client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
            url,
            serverSelectionTimeoutMS=int(timeout.total_seconds() * 1000),
            socketTimeoutMS=4 * int(timeout.total_seconds() * 1000),
            tz_aware=True,
            appname="sluice",
        )
        self._db = self._client.get_database(name, write_concern=_JOURNALLED)
        self._windows: LRUCache[tuple[str, str], timedelta] = LRUCache(_PAGES_KNOWN)

    def close(self) -> None:
        """Lets go of the connections."""
        self._client.close()

    async def get(self, collection: str, id: str) -> Document | None:
        """See ports.Database."""
        return await self._ask(self._db[collection].find_one({"_id": id}))

    async def insert(self, collection: str, document: Document) -> bool:
        """See ports.Database."""
        try:
            await self._ask(self._db[collection].insert_one(document))
        except DuplicateKeyError:
            return False
        return True

    async def insert_all(self, collection: str, documents: Sequence[Document]) -> None:
        """See ports.Database."""
        try:
            await self._ask(self._db[collection].insert_many(documents, ordered=False))
        except BulkWriteError as error:
            others = [e for e in (error.details or {}).get("writeErrors", []) if e["code"] != _IS_TAKEN]
            if others:
                raise

    async def change(self, collection: str, id: str, where: Mapping[str, Any], to: Mapping[str, Any]) -> bool:
        """See ports.Database."""
        update = [{"$set": {path: _value(path, value) for path, value in to.items()}}]
        found = await self._ask(self._db[collection].update_one({"_id": id, **_filter(where)}, update))
        return found.matched_count == 1

    async def remove(self, collection: str, id: str) -> None:
        """See ports.Database."""
        await self._ask(self._db[collection].delete_one({"_id": id}))

    async def select(self, collection: str, where: Mapping[str, Any], limit: int = 1000) -> list[Document]:
        """See ports.Database."""
        return await self._ask(self._db[collection].find(_filter(where)).limit(limit).to_list(limit))

    async def page(self, collection: str, query: Query) -> Page:
        """See ports.Database.

        The embedded server reads every match before it sorts, so a page is looked for in a window of time
        that widens until the page is full, and the next one like it in what was enough for this.
        """
        before = _read_cursor(query.cursor) if query.cursor else None
        documents = await self._newest(self._db[collection], query, before)
        items = documents[: query.limit]
        more = len(documents) > query.limit
        return Page(items, _write_cursor(items[-1], query.order_by) if more else None)

    async def _newest(
        self, collection: Collection, query: Query, before: tuple[datetime, str] | None
    ) -> list[Document]:
        start = before[0] if before else query.until or datetime.now(UTC)
        alike = (collection.name, repr((query.key, query.where, query.any_of)))
        window, floor = self._windows.get(alike, _FIRST_WINDOW), query.since or _BEGINNING
        while window < start - floor:  # never `start - window`: it may be before the first year there is
            found = await self._within(collection, query, start - window, before)
            if len(found) > query.limit:
                break
            window *= _growth(len(found), query.limit)
        else:
            found = await self._within(collection, query, floor, before)
        if before is None and query.since is None and query.until is None:  # other pages end sooner
            self._windows[alike] = _window(start, found, query)
        return found

    async def _within(
        self, collection: Collection, query: Query, lower: datetime, before: tuple[datetime, str] | None
    ) -> list[Document]:
        upper = before[0] if before else query.until
        bounds = {query.order_by: {"$gte": lower} | ({"$lte": upper} if upper else {})}
        found: dict[Any, Document] = {}
        for looked_up, rest in _lookups(query):
            pipeline = [{"$match": {**looked_up, **bounds}}, *({"$match": each} for each in rest)]
            documents = await self._newest_first(collection, pipeline, query, cut=before is None)
            found |= {document["_id"]: document for document in documents}
        order = sorted(found.values(), key=lambda document: _place(document, query.order_by), reverse=True)
        after = [each for each in order if before is None or _place(each, query.order_by) < before]
        return after[: query.limit + 1]

    async def _newest_first(
        self, collection: Collection, pipeline: list[Document], query: Query, *, cut: bool
    ) -> list[Document]:
        limit = [{"$limit": query.limit + 1}] if cut else []
        sort = {"$sort": {query.order_by: -1, "_id": -1}}
        return await self._ask(collection.aggregate([*pipeline, sort, *limit]).to_list(None))

    async def merge(self, merges: Sequence[Merge]) -> None:
        """See ports.Database."""
        by_collection: dict[str, list[UpdateOne]] = {}
        for merge in together(merges):
            update = UpdateOne({"_id": merge.id}, {"$max": dict(merge.fields)}, upsert=True)
            by_collection.setdefault(merge.collection, []).append(update)
        for collection, updates in by_collection.items():
            await self._ask(self._db[collection].bulk_write(updates, ordered=False))

    async def index(self, collection: str, fields: Sequence[str]) -> None:
        """See ports.Database."""
        await self._ask(self._db[collection].create_index([(field, 1) for field in fields]))

    async def expire(self, collection: str, field: str) -> None:
        """See ports.Database."""
        await self._ask(self._db[collection].create_index([(field, 1)], expireAfterSeconds=0))

    async def drop(self, collection: str) -> None:
        """See ports.Database."""
        await self._ask(self._db.drop_collection(collection))

    async def now(self) -> datetime:
        """See ports.Database."""
        said = await self._ask(self._client.admin.command("hello"))
        return cast(datetime, said["localTime"]).replace(tzinfo=UTC)

    async def ping(self) -> None:
        """See ports.Database."""
        await self._ask(self._client.admin.command("ping"))

    async def _ask(self, answer: Awaitable[T]) -> T:
        try:
            return await answer
        except (DuplicateKeyError, BulkWriteError):
            raise
        except AutoReconnect as error:
            raise DatabaseUnavailable(f"MongoDB does not answer: {error}") from error
        except PyMongoError as error:
            if error.timeout:
                raise DatabaseUnavailable(f"MongoDB does not answer in time: {error}") from error
            raise


def _window(start: datetime, found: Sequence[Document], query: Query) -> timedelta:
    """How far back to look for the next page like this one: somewhat further than this one went."""
    if len(found) <= query.limit:
        return _ALL_TIME
    return max(_FIRST_WINDOW, (start - _place(found[-1], query.order_by)[0]) * 3 / 2)


def _growth(found: int, wanted: int) -> int:
    """By how much a window is to be wider that held so many: enough if they lie evenly, and some to spare."""
    return _MOST_GROWTH if not found else min(_MOST_GROWTH, 2 + 2 * wanted // found)


def _lookups(query: Query) -> Iterator[tuple[Document, list[Document]]]:
    """What to look up by an index, one value at a time, and what to hold against what is found.

    The embedded server follows an index of two fields only where it is asked for one value of the first, a
    range of the second, and nothing else.
    """
    rest = [_filter(query.where)] if query.where else []
    if query.key and query.any_of:
        rest.append({"$or": [_filter(each) for each in query.any_of]})
    for alternative in [query.key] if query.key or not query.any_of else query.any_of:
        spread = [[(path, value) for value in _values(one)] for path, one in alternative.items()]
        yield from ((dict(each), rest) for each in itertools.product(*spread))


def _values(value: Any) -> Sequence[Any]:
    return value.values if isinstance(value, OneOf) else (value,)


def _filter(where: Mapping[str, Any]) -> Document:
    return {path: {"$in": list(v.values)} if isinstance(v, OneOf) else v for path, v in where.items()}


def _value(path: str, value: Any) -> Any:
    """An expression of an update pipeline; `$literal` keeps strings that start with a dollar as they are."""
    if isinstance(value, FromNow):
        return {"$add": ["$$NOW", int(value.delta.total_seconds() * 1000)]}
    if isinstance(value, Plus):
        return {"$add": [{"$ifNull": [f"${path}", 0]}, value.amount]}
    return {"$literal": value}


def _place(document: Document, order_by: str) -> tuple[datetime, str]:
    """Where a document stands in an order by a (dotted) path."""
    value: Any = document
    for step in order_by.split("."):
        value = value[step]
    return value, document["_id"]


def _write_cursor(document: Document, order_by: str) -> str:
    when, id = _place(document, order_by)
    said = orjson.dumps([when.isoformat(), id])
    return base64.urlsafe_b64encode(said).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        said, id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        when = datetime.fromisoformat(said)
        return when if when.tzinfo else when.replace(tzinfo=UTC), str(id)
    except (ValueError, TypeError, binascii.Error) as error:
        raise ValueError("this cursor was not made here; start again without one") from error


def _refuse_unchecked(url: str) -> None:
    asked = {name.lower(): value.lower() for name, value in parse_qsl(url.partition("?")[2])}
    if found := [name for name in _UNCHECKED & asked.keys() if asked[name] != "false"]:
        raise DatabaseUrlUnusable(
            f"MONGODB_URL has {', '.join(sorted(found))}, and no certificate is taken unchecked: "
            "name its authority with tlsCAFile instead"
        )
