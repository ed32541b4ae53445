"""Finding what the log says of one thing: a record is where its key puts it, so few partitions are read."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from aiokafka.partitioner import murmur2

from connectors.brokers import Brokers
from connectors.kafka_reader import KafkaReader, Place
from connectors.ports import Delivery
from schemas.codec import Codec
from schemas.topics import BY_NAME

_AT_ONCE = 2
"""Each reads with all the speed that Kafka has."""

Wanted = Mapping[Place, Collection[bytes]]


class KafkaTrace:
    """See ports.Trace."""

    def __init__(self, brokers: Brokers, codec: Codec) -> None:
        self._reader = KafkaReader(brokers, codec)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def about(
        self, keys: Mapping[str, Collection[str]], since: datetime, until: datetime | None = None
    ) -> list[Delivery]:
        """See ports.Trace."""
        wanted = places(keys)
        async with self._turns:
            spans = await self._spans(wanted, since, until)
            found = self._reader.read(spans, lambda place, key: key in wanted[place])
            return [delivery async for batch in found for delivery in batch]

    async def _spans(
        self, wanted: Wanted, since: datetime, until: datetime | None
    ) -> dict[Place, tuple[int, int]]:
        """From where to where each partition is read."""
        ends = await self._reader.offsets(wanted, "latest")
        firsts = await self._reader.offsets(wanted, "for_timestamp", _ms(since))
        lasts = await self._reader.offsets(wanted, "for_timestamp", _ms(until)) if until else {}
        return {
            place: (_or_end(firsts[place], end), _or_end(lasts.get(place, -1), end))
            for place, end in ends.items()
        }


def places(keys: Mapping[str, Collection[str]]) -> Wanted:
    """In which partitions records of these keys are: the producer's own rule."""
    found: dict[Place, set[bytes]] = defaultdict(set)
    for topic, some in keys.items():
        for key in some:
            hashed = murmur2(key.encode()) & 0x7FFFFFFF
            found[topic, hashed % BY_NAME[topic].partitions].add(key.encode())
    return found


def _or_end(offset: int, end: int) -> int:
    return end if offset < 0 else min(offset, end)


def _ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)
