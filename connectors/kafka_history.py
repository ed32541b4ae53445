"""Reading the log from its beginning, outside of any group, over confluent-kafka: bulk is what it is for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from connectors.brokers import Brokers
from connectors.ports import BrokerUnavailable, Delivery, Position, Vector
from schemas.codec import Codec, Undecodable
from schemas.topics import BY_NAME

log = structlog.get_logger()

_BATCH = 500
_WAIT_S = 0.5
_ANSWER_S = 10.0


class KafkaHistory:
    """See ports.History."""

    def __init__(self, brokers: Brokers, codec: Codec) -> None:
        self._brokers = brokers
        self._codec = codec

    async def ends(self, topics: Sequence[str]) -> Vector:
        """See ports.History."""
        return await asyncio.to_thread(self._offsets, topics, _spec("latest"))

    async def read(self, start: Vector, end: Vector) -> AsyncIterator[list[Delivery]]:
        """See ports.History."""
        begins = await asyncio.to_thread(self._offsets, sorted({t for t, _ in end}), _spec("earliest"))
        at = {place: max(begins[place], start.get(place, 0)) for place in end}
        left = {place for place in end if at[place] < end[place]}
        if not left:
            return
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(topic, part, at[topic, part]) for topic, part in left])
            while left:
                messages = await asyncio.to_thread(consumer.consume, _BATCH, _WAIT_S)
                wanted = [m for m in messages if _checked(m) and (m.offset() or 0) < end[_place(m)]]
                yield [delivery for m in wanted if (delivery := self._delivery(m)) is not None]
                for position in consumer.position([TopicPartition(*place) for place in left]):
                    if position.offset >= end[position.topic, position.partition]:
                        left.discard((position.topic, position.partition))
        finally:
            await asyncio.to_thread(consumer.close)

    def _offsets(self, topics: Sequence[str], spec: Any) -> Vector:
        parts = [TopicPartition(name, n) for name in topics for n in range(BY_NAME[name].partitions)]
        admin = AdminClient(self._brokers.librdkafka())
        asked = admin.list_offsets(dict.fromkeys(parts, spec), request_timeout=_ANSWER_S)
        try:
            return {(tp.topic, tp.partition): answer.result().offset for tp, answer in asked.items()}
        except KafkaException as error:
            raise BrokerUnavailable(
                f"Kafka at {self._brokers} does not answer: {self._brokers.why(error)}"
            ) from error

    def _consumer(self) -> Consumer:
        return Consumer(
            self._brokers.librdkafka()
            | {
                "group.id": "sluice-history",  # the client wants one; nothing is ever committed to it
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
            }
        )

    def _delivery(self, message: Message) -> Delivery | None:
        topic, partition = _place(message)
        try:
            event = self._codec.decode(topic, message.value())
        except Undecodable as error:
            log.warning("history passes over a record", topic=topic, error=str(error))
            return None
        return Delivery(event, Position(topic, partition, message.offset() or 0))


def _spec(which: str) -> Any:
    return getattr(OffsetSpec, which)()


def _place(message: Message) -> tuple[str, int]:
    return (message.topic() or "", message.partition() or 0)


def _checked(message: Message) -> bool:
    if (error := message.error()) is not None:
        raise BrokerUnavailable(f"reading the log failed: {error}")
    return True
