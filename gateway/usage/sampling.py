"""Counts now and then what the store holds, and says so: who asks later finds it in the read models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from connectors.blob_names import AREAS
from connectors.ports import BlobStore, Clock, Document, Publisher, Query, StoreUnavailable, Transient
from connectors.read_models import NotBuilt, ReadModels
from gateway.claims import Claims
from gateway.media.existing import MEDIA
from gateway.media.versions import VERSIONS
from gateway.metrics import Metrics
from gateway.usage.tally import ALL, BYS, By, Tally
from schemas.events import Meta, UsageAmount, UsageSampled
from schemas.storage import STANDARD

log = structlog.get_logger()

USAGE = "usage"
"""The read model."""
_LOOK_EVERY_S = 300.0
_AGAIN_S = 5.0
_AT_ONCE = 500
_MOST_AMOUNTS = 1000
"""Of one event: it stays far below the largest record."""
_FIRST_AREA = AREAS[0]


@dataclass(frozen=True, slots=True)
class Sampling:
    """Does so, as long as the gateway runs; of several replicas one at a time.

    Media are counted from the read models each time. What lies in the store itself is listed once a day: in a
    bucket that is paid for.
    """

    read_models: ReadModels
    store: BlobStore
    publisher: Publisher
    claims: Claims
    clock: Clock
    metrics: Metrics
    instance: str
    every_s: float

    async def run(self) -> None:
        """Never ends. What is away is tried again."""
        while True:
            try:
                await self.once()
                await asyncio.sleep(min(_LOOK_EVERY_S, self.every_s))
            except (Transient, NotBuilt) as error:
                log.warning("what is stored is not counted yet", error=str(error))
                await asyncio.sleep(_AGAIN_S)

    async def once(self) -> None:
        """Counts where that is due, and shows what was counted last in the metrics.

        Raises Transient, NotBuilt.
        """
        now = self.clock.now()
        if await self._is_due(now) and await self.claims.take(USAGE, timedelta(seconds=self.every_s / 2)):
            await self.publisher.publish(list(self._said(await self._count(now), now)))
        for area in AREAS:
            if (last := await self._last("class", area)) is not None:
                self.metrics.stored_bytes.labels(area).set(last["size_bytes"])

    async def _is_due(self, now: datetime) -> bool:
        last = await self._last("total", ALL)
        return last is None or now - last["at"] >= timedelta(seconds=self.every_s)

    async def _count(self, now: datetime) -> Tally:
        """What there is now; of what there was and is not any more, nothing."""
        tally = Tally()
        tally.sums["total"][ALL]
        async for document in self.read_models.all_of(MEDIA, Query(limit=_AT_ONCE)):
            tally.medium(document)
        async for document in self.read_models.all_of(VERSIONS, Query(limit=_AT_ONCE)):
            tally.file(document)
        for by in ("user", "type", "library"):
            query = Query({"by": by}, order_by="now.at", limit=_AT_ONCE)
            async for document in self.read_models.all_of(USAGE, query):
                tally.sums[by][document["key"]]
        last = await self._last("class", _FIRST_AREA)
        if last is None or last["at"].date() < now.date():
            await self._list_if_there(tally)
        return tally

    async def _list_if_there(self, tally: Tally) -> None:
        """What is counted from the read models is told although a disk is away."""
        try:
            await self._list(tally)
        except StoreUnavailable as error:
            log.warning("what is in the store is not counted yet", error=str(error))
            tally.sums["class"].clear()

    async def _archived(self) -> AsyncIterator[str]:
        """What there was in archives: nothing, if there is none any more."""
        query = Query({"by": "class"}, order_by="now.at", limit=_AT_ONCE)
        async for document in self.read_models.all_of(USAGE, query):
            if "/" in document["key"]:
                yield document["key"]

    async def _list(self, tally: Tally) -> None:
        held = tally.sums["class"]
        for area in AREAS:
            held[area]
            async for each in self.store.listing(area):
                held[area if each.storage == STANDARD else f"{area}/{each.storage}"].add(each.size_bytes)
        async for key in self._archived():
            held[key]

    def _said(self, tally: Tally, now: datetime) -> Iterator[UsageSampled]:
        for by in BYS:
            for amounts in _some(tally.amounts(by)):
                meta = Meta.first(f"service:{self.instance}", now)
                yield UsageSampled(meta=meta, by=by, day=now.date().isoformat(), amounts=amounts)

    async def _last(self, by: By, key: str) -> Document | None:
        found = await self.read_models.get(USAGE, f"{by}/{key}")
        return found["now"] if found else None


def _some(amounts: Sequence[UsageAmount]) -> Iterator[list[UsageAmount]]:
    for at in range(0, len(amounts), _MOST_AMOUNTS):
        yield list(amounts[at : at + _MOST_AMOUNTS])
