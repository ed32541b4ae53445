"""Finding what the log says of one thing: a record is where its key puts it, so few partitions are read."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

import structlog
from aiokafka.partitioner import murmur2
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from connectors.brokers import Brokers
from connectors.ports import BrokerUnavailable, Delivery, Position
from schemas.codec import Codec, Undecodable
from schemas.topics import BY_NAME

log = structlog.get_logger()

_BATCH = 2000
_WAIT_S = 0.2
_ANSWER_S = 10.0
_AT_ONCE = 2
"""Each reads with all the speed that Kafka has."""

Place = tuple[str, int]
Wanted = Mapping[Place, Collection[bytes]]


class KafkaTrace:
    """See ports.Trace."""

    def __init__(self, brokers: Brokers, codec: Codec) -> None:
        self._brokers = brokers
        self._codec = codec
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def about(
        self, keys: Mapping[str, Collection[str]], since: datetime, until: datetime | None = None
    ) -> list[Delivery]:
        """See ports.Trace."""
        wanted = places(keys)
        async with self._turns:
            spans = await asyncio.to_thread(self._spans, wanted, since, until)
            return await self._read(wanted, spans) if spans else []

    async def _read(self, wanted: Wanted, spans: Mapping[Place, tuple[int, int]]) -> list[Delivery]:
        found: list[Delivery] = []
        left = set(spans)
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(*place, first) for place, (first, _) in spans.items()])
            while left:
                messages = await asyncio.to_thread(consumer.consume, _BATCH, _WAIT_S)
                mine = [m for m in messages if _checked(m) and m.key() in wanted[_place(m)]]
                found += self._decoded(m for m in mine if _offset(m) < spans[_place(m)][1])
                for at in consumer.position([TopicPartition(*place) for place in left]):
                    if at.offset >= spans[at.topic, at.partition][1]:
                        left.discard((at.topic, at.partition))
        except KafkaException as error:
            raise BrokerUnavailable(f"reading the log failed: {self._brokers.why(error)}") from error
        finally:
            await asyncio.to_thread(consumer.close)
        return found

    def _spans(self, wanted: Wanted, since: datetime, until: datetime | None) -> dict[Place, tuple[int, int]]:
        """From where to where each partition is read; those without anything in that time are left out."""
        ends = self._offsets(wanted, _spec("latest"))
        firsts = self._offsets(wanted, _spec("for_timestamp", _ms(since)))
        lasts = self._offsets(wanted, _spec("for_timestamp", _ms(until))) if until else {}
        spans = {
            place: (_or_end(firsts[place], end), _or_end(lasts.get(place, -1), end))
            for place, end in ends.items()
        }
        return {place: (first, after) for place, (first, after) in spans.items() if first < after}

    def _offsets(self, wanted: Wanted, spec: Any) -> dict[Place, int]:
        admin = AdminClient(self._brokers.librdkafka())
        parts = {TopicPartition(*place): spec for place in wanted}
        asked = admin.list_offsets(parts, request_timeout=_ANSWER_S)
        try:
            return {(tp.topic, tp.partition): answer.result().offset for tp, answer in asked.items()}
        except KafkaException as error:
            raise BrokerUnavailable(
                f"Kafka at {self._brokers} does not answer: {self._brokers.why(error)}"
            ) from error

    def _consumer(self) -> Consumer:
        return Consumer(
            self._brokers.librdkafka()
            | {"group.id": "sluice-trace", "enable.auto.commit": False, "fetch.wait.max.ms": 50}
        )

    def _decoded(self, messages: Iterable[Message]) -> Iterable[Delivery]:
        for message in messages:
            topic, partition = _place(message)
            try:
                event = self._codec.decode(topic, message.value())
            except Undecodable as error:
                log.warning("a timeline passes over a record", topic=topic, error=str(error))
                continue
            yield Delivery(event, Position(topic, partition, _offset(message)))


def places(keys: Mapping[str, Collection[str]]) -> Wanted:
    """In which partitions records of these keys are: the producer's own rule."""
    found: dict[Place, set[bytes]] = defaultdict(set)
    for topic, some in keys.items():
        for key in some:
            hashed = murmur2(key.encode()) & 0x7FFFFFFF
            found[topic, hashed % BY_NAME[topic].partitions].add(key.encode())
    return found


def _spec(which: str, *at: int) -> Any:
    return getattr(OffsetSpec, which)(*at)


def _or_end(offset: int, end: int) -> int:
    return end if offset < 0 else min(offset, end)


def _ms(when: datetime) -> int:
    return int(when.timestamp() * 1000)


def _place(message: Message) -> Place:
    return (message.topic() or "", message.partition() or 0)


def _offset(message: Message) -> int:
    return message.offset() or 0


def _checked(message: Message) -> bool:
    if (error := message.error()) is not None:
        raise BrokerUnavailable(f"reading the log failed: {error}")
    return True
