"""Reading the log from its beginning."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from connectors.brokers import Brokers
from connectors.kafka_reader import KafkaReader
from connectors.ports import Delivery, Vector
from schemas.codec import Codec
from schemas.topics import BY_NAME


class KafkaHistory:
    """See ports.History."""

    def __init__(self, brokers: Brokers, codec: Codec) -> None:
        self._reader = KafkaReader(brokers, codec)

    async def ends(self, topics: Sequence[str]) -> Vector:
        """See ports.History."""
        places = [(name, n) for name in topics for n in range(BY_NAME[name].partitions)]
        return await self._reader.offsets(places, "latest")

    async def read(self, start: Vector, end: Vector) -> AsyncIterator[list[Delivery]]:
        """See ports.History."""
        begins = await self._reader.offsets(end, "earliest")
        spans = {place: (max(begins[place], start.get(place, 0)), after) for place, after in end.items()}
        async for batch in self._reader.read(spans):
            yield batch
