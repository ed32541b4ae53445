"""MongoDB, over motor: the few query shapes that both a real server and the embedded one answer quickly."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

from cachetools import LRUCache
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorCollection
from pymongo import UpdateOne, WriteConcern
from pymongo.errors import AutoReconnect, BulkWriteError, DuplicateKeyError, PyMongoError

from connectors import marks, windows
from connectors.lattice import together
from connectors.ports import (
    Between,
    DatabaseUnavailable,
    Document,
    FromNow,
    Merge,
    OneOf,
    Page,
    Plus,
    Query,
    StartsWith,
)
from connectors.windows import Place, Reach

T = TypeVar("T")
Collection = AsyncIOMotorCollection[Document]

_JOURNALLED = WriteConcern(w="majority", j=True)
_PAGES_KNOWN = 1000
_IS_TAKEN = 11000
_LAST = "\U0010ffff"
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
        self._windows: LRUCache[tuple[str, str], Reach] = LRUCache(_PAGES_KNOWN)

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
        after = windows.read_cursor(query.cursor, query) if query.cursor else None
        documents = await self._first(self._db[collection], query, after)
        items = documents[: query.limit]
        more = len(documents) > query.limit
        return Page(items, windows.write_cursor(items[-1], query) if more else None)

    async def _first(self, collection: Collection, query: Query, after: Place | None) -> list[Document]:
        start = windows.start_of(query, after)
        alike = (collection.name, repr(replace(query, cursor=None, edge=None, since=None, until=None)))
        known = self._windows.get(alike) or windows.unknown(query)
        found = await windows.widened(
            query,
            start,
            known.later if after else known.first,
            lambda end: self._within(collection, query, start, end, after),
            await marks.stops(self.select, query, start),
        )
        if after is None and query.since is None and query.until is None:  # other pages end sooner
            self._windows[alike] = windows.reach(start, found, query)
        return found

    async def _within(
        self, collection: Collection, query: Query, start: float, end: float, after: Place | None
    ) -> list[Document]:
        low, high = windows.bounds(query, start, end)
        is_open = after is None and (query.since if query.ascending else query.until) is None
        between = {"$lte": high} if query.ascending else {"$gte": low}
        between |= {} if is_open else {"$gte": low, "$lte": high}
        found: dict[Any, Document] = {}
        for looked_up, rest in _lookups(query):
            matches = [{**looked_up, query.order_by: between}, *rest]
            pipeline = [{"$match": each} for each in matches]
            documents = await self._in_order(collection, pipeline, query, cut=after is None)
            found |= {document["_id"]: document for document in documents}
        places = {id: windows.place_of(document, query.order_by) for id, document in found.items()}
        left = [id for id, place in places.items() if after is None or windows.is_after(place, after, query)]
        left.sort(key=lambda id: places[id], reverse=not query.ascending)
        return [found[id] for id in left[: query.limit + 1]]

    async def _in_order(
        self, collection: Collection, pipeline: list[Document], query: Query, *, cut: bool
    ) -> list[Document]:
        limit = [{"$limit": query.limit + 1}] if cut else []
        way = 1 if query.ascending else -1
        sort = {"$sort": {query.order_by: way, "_id": way}}
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


def _lookups(query: Query) -> Iterator[tuple[Document, list[Document]]]:
    """What to look up by an index, one value at a time, and what to hold against what is found.

    The embedded server follows an index of two fields only where it is asked for one value of the first, a
    range of the second, and nothing else.
    """
    groups = [*([query.any_of] if query.key and query.any_of else []), *query.all_of]
    rest = [_filter(query.where)] if query.where else []
    rest += [{"$or": [_filter(each) for each in group]} for group in groups]
    for alternative in [query.key] if query.key or not query.any_of else query.any_of:
        spread = [[(path, value) for value in _values(one)] for path, one in alternative.items()]
        yield from ((dict(each), rest) for each in itertools.product(*spread))


def _values(value: Any) -> Sequence[Any]:
    return value.values if isinstance(value, OneOf) else (value,)


def _filter(where: Mapping[str, Any]) -> Document:
    return {path: _condition(value) for path, value in where.items()}


def _condition(value: Any) -> Any:
    if isinstance(value, StartsWith):
        return {"$elemMatch": {"$gte": value.text, "$lt": value.text + _LAST}}
    if isinstance(value, Between):
        bounds = {"$gte": value.low, "$lte": value.high}
        return {name: bound for name, bound in bounds.items() if bound is not None}
    return {"$in": list(value.values)} if isinstance(value, OneOf) else value


def _value(path: str, value: Any) -> Any:
    """An expression of an update pipeline; `$literal` keeps strings that start with a dollar as they are."""
    if isinstance(value, FromNow):
        return {"$add": ["$$NOW", int(value.delta.total_seconds() * 1000)]}
    if isinstance(value, Plus):
        return {"$add": [{"$ifNull": [f"${path}", 0]}, value.amount]}
    return {"$literal": value}


def _refuse_unchecked(url: str) -> None:
    asked = {name.lower(): value.lower() for name, value in parse_qsl(url.partition("?")[2])}
    if found := [name for name in _UNCHECKED & asked.keys() if asked[name] != "false"]:
        raise DatabaseUrlUnusable(
            f"MONGODB_URL has {', '.join(sorted(found))}, and no certificate is taken unchecked: "
            "name its authority with tlsCAFile instead"
        )
