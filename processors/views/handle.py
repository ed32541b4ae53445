"""Applies events to the served generation of the read models, many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.ports import Clock, Database, Delivery, Merge, Transient, Vector
from connectors.read_models import POINTER, STATE, collection, mark_name, watermark
from processors.runtime import GivenUp, Handled, Stage
from processors.views.activity import Keeping, prepare_months
from processors.views.plan import INDEXES, TOPICS, steps

NAME = "views"
_BATCH = 500
_PROGRESS_S = 0.25
"""People look at how far something is, and not at each step: a write for each would cost what encodes it."""
_LOOK_AGAIN_S = 0.05


Kept = Callable[[Iterable[Merge]], list[Merge]]


class NoPointer(Transient):
    """No generation is served: the database was lost, and its read models are being built anew."""


@dataclass(frozen=True, slots=True)
class Views:
    """The stage's handler over its ports."""

    database: Database
    clock: Clock
    keeping: Keeping = field(default_factory=Keeping)

    def stage(self) -> Stage:
        """The stage, for whatever process hosts it."""
        return Stage(
            name=NAME,
            topics=TOPICS,
            handle=self.handle,
            batch=_BATCH,
            gathers_s={"transcode.progress": _PROGRESS_S, "job.progress": _PROGRESS_S},
            gave_up=self.pass_over,
        )

    async def handle(self, deliveries: Sequence[Delivery]) -> Handled:
        """Applies a batch; while a rebuild holds the views still, waits with what lies beyond."""
        pointer = await self._pointer()
        held = held_at(pointer, self.clock.now())
        now = [d for d in deliveries if not beyond(d, held)]
        await self.keeping.sweep(self.database, pointer["generation"], self.clock)
        await apply(self.database, pointer["generation"], now, self._kept)
        if later := deliveries[len(now) :]:
            await self._wait_while_held()
            await self.handle(later)
        return Handled()

    async def pass_over(self, given_up: GivenUp) -> Handled:
        """What cannot be applied still counts as read: nobody must wait for it."""
        position = given_up.position
        mark = watermark({(position.topic, position.partition): position.offset})
        await self.database.merge([_placed(mark, (await self._pointer())["generation"])])
        return Handled()

    def _kept(self, merges: Iterable[Merge]) -> list[Merge]:
        return self.keeping.kept(merges, self.clock.now())

    async def _wait_while_held(self) -> None:
        while held_at(await self._pointer(), self.clock.now()):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_AGAIN_S)

    async def _pointer(self) -> Mapping[str, Any]:
        pointer = await self.database.get(STATE, POINTER)
        if pointer is None:
            raise NoPointer("there are no read models to write to")
        return pointer


async def prepare(database: Database, generation: str) -> None:
    """Makes a generation's indexes."""
    for name, indexes in INDEXES.items():
        for fields in indexes:
            await database.index(collection(name, generation), fields)


async def apply(
    database: Database, generation: str, deliveries: Sequence[Delivery], kept: Kept = list
) -> None:
    """Takes one generation up by these events, and its watermark with it, last; `kept` leaves out some."""
    if not deliveries:
        return
    merges = kept(step for d in deliveries for step in steps(d.event, d.position.offset))
    await prepare_months(database, generation, merges)
    marks = {(d.position.topic, d.position.partition): d.position.offset for d in deliveries}
    await database.merge([_placed(step, generation) for step in [*merges, watermark(marks)]])


async def mark_read(database: Database, generation: str, ends: Vector) -> None:
    """Everything before `ends` is applied, also what could not be decoded."""
    marks = watermark({place: end - 1 for place, end in ends.items() if end > 0})
    await database.merge([_placed(marks, generation)])


def held_at(pointer: Mapping[str, Any], now: datetime) -> Mapping[str, int]:
    """The next offset of each partition at which the views are held still; empty when they are not."""
    hold = pointer.get("hold")
    return hold["at"] if hold and hold["until"] > now else {}


def beyond(delivery: Delivery, held: Mapping[str, int]) -> bool:
    """Whether an event lies beyond where the views are held."""
    end = held.get(mark_name(delivery.position.topic, delivery.position.partition))
    return end is not None and delivery.position.offset >= end


def _placed(step: Merge, generation: str) -> Merge:
    return Merge(collection(step.collection, generation), step.id, step.fields)
