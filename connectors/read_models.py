"""Where the read models live: which generation of them is served, and how far each has read the log.

Read models come in generations, so that a rebuilt one can be filled and compared beside the one that is
served, and then take its place by one write. The views stage writes them, the gateway reads them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from connectors.ports import Database, Document, Merge, Page, Position, Query

STATE = "state"
"""The collection of the few documents about the database itself."""

POINTER = "views"
WATERMARKS = "watermarks"

_POINTER_AGE_S = 0.5
_LOOK_AGAIN_S = 0.01


class NotBuilt(Exception):
    """There are no read models yet, or they are lost and being rebuilt from the log."""


def mark_name(topic: str, partition: int) -> str:
    """The field of the watermark document for one partition."""
    return f"{topic.replace('.', '_')}-{partition}"


def watermark(positions: dict[tuple[str, int], int]) -> Merge:
    """The step that records the last offsets applied."""
    fields = {mark_name(topic, partition): offset for (topic, partition), offset in positions.items()}
    return Merge(WATERMARKS, POINTER, fields)


@dataclass(slots=True)
class ReadModels:
    """The served generation, for readers."""

    database: Database
    _generation: str | None = None
    _read_at: float = field(default=-_POINTER_AGE_S)

    async def generation(self) -> str:
        """The generation that is served. Raises NotBuilt."""
        if self._generation is None or time.monotonic() - self._read_at > _POINTER_AGE_S:
            pointer = await self.database.get(STATE, POINTER)
            self._generation = pointer["generation"] if pointer else None
            self._read_at = time.monotonic()
        if self._generation is None:
            raise NotBuilt("the read models are being built from the log; try again in a moment")
        return self._generation

    async def get(self, name: str, id: str) -> Document | None:
        """One document of a read model."""
        return await self.database.get(collection(name, await self.generation()), id)

    async def select(self, name: str, where: Mapping[str, Any], limit: int) -> list[Document]:
        """The few documents of a read model whose indexed fields equal `where`, in no order."""
        return await self.database.select(collection(name, await self.generation()), where, limit)

    async def page(self, name: str, query: Query) -> Page:
        """A page of a read model."""
        generation = await self.generation()
        if query.marks is not None:
            query = replace(query, marks=collection(query.marks, generation))
        return await self.database.page(collection(name, generation), query)

    async def all_of(self, name: str, query: Query) -> AsyncIterator[Document]:
        """All that a query finds, read a page at a time."""
        while True:
            page = await self.page(name, query)
            for document in page.items:
                yield document
            if page.next is None:
                return
            query = replace(query, cursor=page.next)

    async def caught_up(self, position: Position, within_s: float = 1.0) -> bool:
        """Waits until what is at `position` can be read back; False where that takes too long."""
        deadline = time.monotonic() + within_s
        name = mark_name(position.topic, position.partition)
        while True:
            marks = await self.get(WATERMARKS, POINTER)
            if marks is not None and marks.get(name, -1) >= position.offset:
                return True
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(_LOOK_AGAIN_S)


def collection(name: str, generation: str) -> str:
    """The collection that holds one generation of one read model."""
    return f"{name}_{generation}"
