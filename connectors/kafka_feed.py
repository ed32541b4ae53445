"""Topics read from their beginning and then as they grow, by every process for itself."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from connectors.brokers import Brokers
from connectors.kafka import close, delivery_of, partitions
from connectors.ports import Delivery
from schemas.codec import Codec

log = structlog.get_logger()

_LOOK_EVERY_S = 1.0
_AGAIN_AFTER_S = 1.0
_WAIT_MS = 200
_ANSWER_MS = 5_000


class KafkaFeed:
    """See ports.Feed."""

    def __init__(self, brokers: Brokers, codec: Codec, topics: Sequence[str]) -> None:
        self._brokers = brokers
        self._codec = codec
        self._parts = partitions(topics)
        self._next: dict[TopicPartition, int] = {}
        self._whole_at = -math.inf

    @property
    def age_s(self) -> float:
        """See ports.Feed."""
        return time.monotonic() - self._whole_at

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """See ports.Feed. Records that cannot be decoded are passed over with a warning."""
        while True:
            try:
                async for delivery in self._read():
                    yield delivery
            except KafkaError as error:
                log.warning("feed interrupted", error=repr(error))
                await asyncio.sleep(_AGAIN_AFTER_S)

    async def _read(self) -> AsyncIterator[Delivery]:
        consumer = AIOKafkaConsumer(
            **self._brokers.aiokafka(), auto_offset_reset="earliest", request_timeout_ms=_ANSWER_MS
        )
        try:
            await consumer.start()
            consumer.assign(self._parts)
            for part, offset in self._next.items():
                consumer.seek(part, offset)
            async for delivery in self._follow(consumer):
                yield delivery
        finally:
            await close(consumer)

    async def _follow(self, consumer: AIOKafkaConsumer) -> AsyncIterator[Delivery]:
        """Everything, and between two batches a look at whether that is all there is."""
        looked_at, ends = -math.inf, dict.fromkeys(self._parts, math.inf)
        while True:
            if time.monotonic() - looked_at > _LOOK_EVERY_S:
                looked_at = time.monotonic()
                ends = await consumer.end_offsets(self._parts)
            batches = await consumer.getmany(timeout_ms=_WAIT_MS)
            for part, messages in batches.items():
                for message in messages:
                    if (delivery := delivery_of(self._codec, message)) is not None:
                        yield delivery
                self._next[part] = messages[-1].offset + 1
            if await _is_past(consumer, ends):
                self._whole_at = max(self._whole_at, looked_at)


async def _is_past(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, float]) -> bool:
    """Whether everything before these ends was handed out."""
    for part, end in ends.items():
        if end and await consumer.position(part) < end:
            return False
    return True
