"""What media and jobs refer to in the store, as the read models have it, once those are at the log's end.

It is kept as 64 bits of each name, so that a million media take some 16 MB. A name that happens to share them
with another is kept, and nothing else comes of it.
"""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.ports import Document, History, Position, Query
from connectors.read_models import NotBuilt, ReadModels
from processors.work.execution import TaskFailed
from schemas import artwork
from schemas.chores import job_key

MEDIA, VERSIONS, JOBS, ITEMS = "media", "versions", "jobs", "items"
FILES = (MEDIA, VERSIONS)
"""Where the read models have what was uploaded."""
_PAGE = 500
_OF_ITEMS = Query(order_by="born", numbers=True, edge=0, limit=_PAGE)
_DIGITS = 16
_ENDED = frozenset({"completed", "failed", "cancelled"})
_OVERLAP = timedelta(minutes=1)
"""Clocks of gateways differ by less."""

_READ = (
    "media.uploaded",
    "media.probed",
    "media.rejected",
    "media.changed",
    "item.changed",
    "transcode.requested",
    "chore.requested",
    "media.processed",
)
"""What names a blob, or says that nothing needs it any more."""


@dataclass(slots=True)
class Known:
    """A set of names in the store; only what was added before `settle` is searched fast."""

    media: int = 0
    """How many media were among what named them."""
    _sorted: array[int] = field(default_factory=lambda: array("Q"))
    _new: set[int] = field(default_factory=set)

    def add(self, names: Iterable[str]) -> None:
        """Takes in names: hashes, or what locations have in their place."""
        self._new.update(_key(name) for name in names)

    def settle(self) -> None:
        """Makes what was added take less room."""
        self._sorted = array("Q", sorted({*self._sorted, *self._new}))
        self._new.clear()

    def __contains__(self, name: str) -> bool:
        key = _key(name)
        at = bisect_left(self._sorted, key)
        return key in self._new or (at < len(self._sorted) and self._sorted[at] == key)


def _key(name: str) -> int:
    return int(name[:_DIGITS], 16)


def names_of_medium(document: Mapping[str, Any], before: datetime) -> Iterator[str]:
    """What a medium refers to; nothing where it was deleted or refused before then."""
    rejected_at = (document.get("rejection") or {}).get("at")
    gone = (document.get("deleted_at"), document.get("dropped_at"), rejected_at)
    ended = [at for at in gone if at is not None]
    if ended and max(ended) < before:
        return
    upload, probe = document.get("upload") or {}, document.get("probe") or {}
    yield from (part["sha256"] for part in (upload, probe) if part.get("sha256"))
    yield from (name_in(part["location"]) for part in (upload, probe) if part.get("location"))
    yield from artwork.sources_in(document)


def names_of_job(document: Mapping[str, Any]) -> Iterator[str]:
    """What a job refers to: what it made, and its reports."""
    yield job_key(document["_id"])
    location = (document.get("outcome") or {}).get("output_location")
    if location:
        yield name_in(location)


def name_in(location: str) -> str:
    """The name in a location that tells one source, output or job from others."""
    return location.split("/")[2]


def is_open(document: Mapping[str, Any]) -> bool:
    """Whether a job has not ended yet."""
    return (document.get("state") or {}).get("name") not in _ENDED


@dataclass(slots=True)
class Everything:
    """Reads what is known, and goes on learning while media come."""

    read_models: ReadModels
    history: History
    patience_s: float = 60.0
    """How long the read models may take to come to the log's end."""

    async def known(self, before: datetime) -> tuple[Known, datetime]:
        """All that is referred to, or still was at `before`; and since when jobs run, which may have
        made what nobody has told of yet. Raises TaskFailed.
        """
        await self.caught_up()
        known, under_way = Known(), before
        async with self._one_generation():
            async for document in self._files():
                names = list(names_of_medium(document, before))
                known.media += bool(names)
                known.add(names)
            async for document in self.read_models.all_of(ITEMS, _OF_ITEMS):
                known.add(artwork.sources_in(document))
            async for document in self.all_of(JOBS):
                known.add(names_of_job(document))
                if is_open(document):
                    under_way = min(under_way, document["created_at"])
        known.settle()
        return known, under_way

    async def learn(self, known: Known, since: datetime, before: datetime) -> None:
        """Takes in the media that came since then. Raises TaskFailed."""
        await self.caught_up(("media.uploaded",))
        async with self._one_generation():
            async for document in self._files(since - _OVERLAP):
                known.add(names_of_medium(document, before))

    async def caught_up(self, topics: tuple[str, ...] = _READ) -> None:
        """Returns once the read models have all that the log has now. Raises TaskFailed."""
        ends = await self.history.ends(topics)
        deadline = asyncio.get_running_loop().time() + self.patience_s
        for (topic, partition), end in ends.items():
            while end and not await self._has(Position(topic, partition, end - 1)):
                if asyncio.get_running_loop().time() > deadline:
                    said = "the read models are far behind the log, and what they lack may be in use"
                    raise TaskFailed("views_behind", said)

    async def _files(self, since: datetime | None = None) -> AsyncIterator[Document]:
        for name in FILES:
            async for document in self.all_of(name, since):
                yield document

    async def all_of(self, name: str, since: datetime | None = None, **where: Any) -> AsyncIterator[Document]:
        """All documents of a kind, a page at a time. Raises TaskFailed."""
        key = {path.replace("__", "."): value for path, value in where.items()}
        try:
            async for document in self.read_models.all_of(name, Query(key=key, limit=_PAGE, since=since)):
                yield document
        except NotBuilt as error:
            raise TaskFailed("no_views", str(error)) from error

    @asynccontextmanager
    async def _one_generation(self) -> AsyncIterator[None]:
        """Raises TaskFailed where the read models were replaced meanwhile: some of the old may be gone."""
        first = await self._generation()
        yield
        if await self._generation() != first:
            raise TaskFailed("views_replaced", "the read models were replaced while they were read")

    async def _generation(self) -> str:
        """The generation that is served at this moment."""
        try:
            return await ReadModels(self.read_models.database).generation()
        except NotBuilt as error:
            raise TaskFailed("no_views", str(error)) from error

    async def _has(self, position: Position) -> bool:
        try:
            return await self.read_models.caught_up(position)
        except NotBuilt as error:
            raise TaskFailed("no_views", str(error)) from error
