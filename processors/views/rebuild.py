"""Building a new generation of the read models from the log while the old one is served.

The new generation is filled from the beginning and catches up; then the live stage is held still for a
moment, both are compared at one vector of offsets, and the pointer is moved. Nothing is dropped before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from connectors.ports import Clock, Database, Document, History, Merge, Vector
from connectors.read_models import POINTER, STATE, WATERMARKS, collection, mark_name
from processors.views.activity import Keeping, months
from processors.views.handle import apply, mark_read, prepare
from processors.views.plan import INDEXES, TOPICS
from schemas.activity import of_month
from schemas.events import new_id

_HOLD = timedelta(seconds=60)
_CLOSE_ENOUGH = 200
_LOOK_AGAIN_S = 0.05
_GATEWAYS_LOOK_AFTER_S = 1.5
_EVERYTHING = 10_000_000

Say = Callable[[str], None]


class RebuildFailed(RuntimeError):
    """The rebuild could not be finished; what was served is served on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuilt:
    """What a rebuild found and did."""

    generation: str
    documents: int
    events: int
    identical: bool
    differing: list[str]
    """Some of the documents that differed, by collection and id."""
    vector: dict[str, int]
    """The next offset of each partition at which both were compared."""


@dataclass(slots=True)
class Rebuild:
    """One rebuild."""

    database: Database
    history: History
    clock: Clock
    say: Say
    keeping: Keeping = field(default_factory=Keeping)
    _at: Vector = field(default_factory=dict)
    _events: int = 0

    async def first(self) -> str:
        """Builds the generation of a database that has none. Returns its name."""
        generation = new_generation()
        await prepare(self.database, generation)
        await self._catch_up(generation, await self.history.ends(TOPICS))
        await self.database.insert(STATE, {"_id": POINTER, "generation": generation, "hold": None})
        return generation

    async def run(self) -> Rebuilt:
        """Builds a new generation, compares it with the served one and puts it in its place."""
        pointer = await self.database.get(STATE, POINTER)
        if pointer is None:
            raise RebuildFailed("there are no read models yet; start the processors, they build them")
        old, generation = pointer["generation"], new_generation()
        self.say(f"filling generation {generation} from the beginning of the log")
        await prepare(self.database, generation)
        try:
            await self._get_close(generation)
            result = await self._compare_and_swap(old, generation)
        except BaseException:
            await self._release(old)
            await self._drop(generation)
            raise
        await asyncio.sleep(_GATEWAYS_LOOK_AFTER_S)
        await self._drop(old)
        return result

    async def _get_close(self, generation: str) -> None:
        while True:
            ends = await self.history.ends(TOPICS)
            behind = sum(end - self._at.get(place, 0) for place, end in ends.items())
            await self._catch_up(generation, ends)
            self.say(f"{self._events} events applied")
            if behind <= _CLOSE_ENOUGH:
                return

    async def _catch_up(self, generation: str, ends: Vector) -> None:
        async for deliveries in self.history.read(self._at, ends):
            await apply(self.database, generation, deliveries, self._kept)
            self._events += len(deliveries)
        await mark_read(self.database, generation, ends)
        self._at = {**self._at, **ends}

    async def _compare_and_swap(self, old: str, generation: str) -> Rebuilt:
        self.say("holding the views still and comparing")
        token = await self._hold(old, await self.history.ends(TOPICS))
        vector = await self._meet(old, generation)
        differing, documents = await self._differences(old, generation)
        if await self._marks(old) != await self._marks(generation):
            raise RebuildFailed("the views moved while they were held; try again")
        where = {"generation": old, "hold.token": token}
        if not await self.database.change(STATE, POINTER, where, {"generation": generation, "hold": None}):
            raise RebuildFailed("another rebuild came between; try again")
        self.say(f"generation {generation} is served now")
        return Rebuilt(
            generation=generation,
            documents=documents,
            events=self._events,
            identical=not differing,
            differing=differing[:20],
            vector=vector,
        )

    async def _hold(self, old: str, ends: Vector) -> str:
        token = new_id()
        at = {mark_name(*place): end for place, end in ends.items()}
        hold = {"token": token, "at": at, "until": self.clock.now() + _HOLD}
        if not await self.database.change(STATE, POINTER, {"generation": old}, {"hold": hold}):
            raise RebuildFailed("another rebuild came between; try again")
        await self._wait_for_live(old, at)
        return token

    async def _wait_for_live(self, old: str, at: Mapping[str, int]) -> None:
        """Until the live stage has applied everything before the hold."""
        deadline = asyncio.get_running_loop().time() + _HOLD.total_seconds() / 2
        while True:
            marks = await self._marks(old)
            behind = [mark for mark, end in at.items() if marks.get(mark, -1) + 1 < end]
            if not behind:
                return
            if asyncio.get_running_loop().time() > deadline:
                raise RebuildFailed(f"the views stage does not catch up on {', '.join(behind)}; does it run?")
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _meet(self, old: str, generation: str) -> dict[str, int]:
        """Takes the new generation to exactly where the held one stands; returns that vector.

        A batch that was under way when the hold came may have gone beyond it; then we follow.
        """
        deadline = asyncio.get_running_loop().time() + _HOLD.total_seconds() / 2
        while True:
            marks = await self._marks(old)
            ends = await self.history.ends(TOPICS)
            at = {place: marks.get(mark_name(*place), -1) + 1 for place in ends}
            await self._catch_up(generation, at)
            if await self._marks(old) == marks == await self._marks(generation):
                return {mark: offset + 1 for mark, offset in marks.items()}
            if asyncio.get_running_loop().time() > deadline:
                raise RebuildFailed("the two generations do not come to the same offsets; try again")
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _marks(self, generation: str) -> dict[str, int]:
        marks = await self.database.get(collection(WATERMARKS, generation), POINTER) or {}
        return {mark: offset for mark, offset in marks.items() if mark != "_id"}

    async def _differences(self, old: str, generation: str) -> tuple[list[str], int]:
        differing: list[str] = []
        documents = 0
        for name in (*INDEXES, *await self._months(old, generation)):
            served = await self._canonical(collection(name, old))
            built = await self._canonical(collection(name, generation))
            documents += len(built)
            ids = sorted(served.keys() | built.keys())
            differing += [f"{name}/{id}" for id in ids if served.get(id) != built.get(id)]
        return differing, documents

    async def _months(self, *generations: str) -> list[str]:
        """The read models of the months that any of these generations has."""
        found = [await months(self.database, generation) for generation in generations]
        return sorted({of_month(month) for each in found for month in each})

    def _kept(self, merges: Iterable[Merge]) -> list[Merge]:
        return self.keeping.kept(merges, self.clock.now())

    async def _canonical(self, name: str) -> dict[str, bytes]:
        found = await self.database.select(name, {}, _EVERYTHING)
        return {document["_id"]: canonical(document) for document in found}

    async def _release(self, old: str) -> None:
        await self.database.change(STATE, POINTER, {"generation": old}, {"hold": None})

    async def _drop(self, generation: str) -> None:
        for name in (*await self._months(generation), *INDEXES, WATERMARKS):
            await self.database.drop(collection(name, generation))


def new_generation() -> str:
    """A name that no generation had before."""
    return f"g{new_id().replace('-', '')[:16]}"


def canonical(document: Document) -> bytes:
    """A document in one form, whatever the order of its keys."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS, default=_plain)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set) else str(value)
