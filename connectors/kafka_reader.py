"""Reading parts of the log outside of any group, over confluent-kafka: bulk is what it is for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from connectors.brokers import Brokers
from connectors.ports import BrokerUnavailable, Delivery, Position
from schemas.codec import Codec, Undecodable

log = structlog.get_logger()

_BATCH = 500
_WAIT_S = 0.2
_ANSWER_S = 10.0

Place = tuple[str, int]
"""A topic, and a partition of it."""
Wanted = Callable[[Place, bytes | None], bool]
"""Whether a record of that key is worth decoding."""


class KafkaReader:
    """Reads partitions from one offset to another. Raises BrokerUnavailable."""

    def __init__(self, brokers: Brokers, codec: Codec) -> None:
        self._brokers = brokers
        self._codec = codec

    async def offsets(self, places: Iterable[Place], which: str, *at: int) -> dict[Place, int]:
        """Of each partition the offset that is `earliest`, `latest`, or `for_timestamp` the first since then;
        below 0 where there is none.
        """
        return await asyncio.to_thread(self._offsets, places, getattr(OffsetSpec, which)(*at))

    async def read(
        self, spans: Mapping[Place, tuple[int, int]], wanted: Wanted | None = None
    ) -> AsyncIterator[list[Delivery]]:
        """What is wanted of these partitions, from one offset on and before the other, batch by batch.

        What can't be decoded is passed over.
        """
        left = {place: after - first for place, (first, after) in spans.items() if first < after}
        if not left:
            return
        consumer = Consumer(
            self._brokers.librdkafka()
            | {
                "group.id": "sluice-reader",  # the client wants one; nothing is ever committed to it
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
            }
        )
        try:
            consumer.assign([TopicPartition(*place, spans[place][0]) for place in left])
            while left:
                few = min(_BATCH, sum(left.values()))  # it waits until it has as many
                messages = await asyncio.to_thread(consumer.consume, few, _WAIT_S)
                yield list(self._decoded(messages, spans, wanted))
                positions = consumer.position([TopicPartition(*place) for place in left])
                left = left_of(spans, left, positions)
        except KafkaException as error:
            raise BrokerUnavailable(f"reading the log failed: {self._brokers.why(error)}") from error
        finally:
            await asyncio.to_thread(consumer.close)

    def _offsets(self, places: Iterable[Place], spec: Any) -> dict[Place, int]:
        admin = AdminClient(self._brokers.librdkafka())
        parts = {TopicPartition(*place): spec for place in places}
        asked = admin.list_offsets(parts, request_timeout=_ANSWER_S)
        try:
            return {(tp.topic, tp.partition): answer.result().offset for tp, answer in asked.items()}
        except KafkaException as error:
            raise BrokerUnavailable(
                f"Kafka at {self._brokers} does not answer: {self._brokers.why(error)}"
            ) from error

    def _decoded(
        self, messages: Iterable[Message], spans: Mapping[Place, tuple[int, int]], wanted: Wanted | None
    ) -> Iterator[Delivery]:
        for message in messages:
            if (error := message.error()) is not None:
                raise BrokerUnavailable(f"reading the log failed: {error}")
            place, offset = (message.topic() or "", message.partition() or 0), message.offset() or 0
            if offset >= spans[place][1] or not (wanted is None or wanted(place, message.key())):
                continue
            try:
                event = self._codec.decode(place[0], message.value())
            except Undecodable as error:
                log.warning("a reader passes over a record", topic=place[0], error=str(error))
                continue
            yield Delivery(event, Position(*place, offset))


def left_of(
    spans: Mapping[Place, tuple[int, int]], before: Mapping[Place, int], positions: Iterable[TopicPartition]
) -> dict[Place, int]:
    """How many records at most each partition still has to give; those that are through are left out."""
    left = dict(before)
    for at in positions:
        if at.offset >= 0:  # it has none before its first record
            left[at.topic, at.partition] = spans[at.topic, at.partition][1] - at.offset
    return {place: count for place, count in left.items() if count > 0}
