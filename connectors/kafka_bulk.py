"""Publishing much at a time, over confluent-kafka: it waits for the broker in threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connectors.brokers import Brokers
from connectors.ports import BrokerUnavailable, Position
from schemas.codec import Codec, Record
from schemas.events import Event

_LINGER_MS = 5


class KafkaBulk:
    """See ports.Publisher. For who publishes hundreds at a time, and often."""

    def __init__(self, brokers: Brokers, codec: Codec, *, timeout: timedelta = timedelta(seconds=30)) -> None:
        self._codec = codec
        self._brokers = brokers
        self._timeout = timeout
        self._producer: Producer | None = None

    async def publish(self, events: Sequence[Event]) -> list[Position]:
        """See ports.Publisher."""
        return await asyncio.to_thread(self._publish, events)

    def _publish(self, events: Sequence[Event]) -> list[Position]:
        told = _Told(len(events))
        try:
            for number, event in enumerate(events):
                self._send(self._codec.encode(event), partial(told.hear, number))
            self._connected().flush(self._timeout.total_seconds())
        except (KafkaException, BufferError) as error:
            raise BrokerUnavailable(f"Kafka did not take {len(events)} records: {error}") from error
        return told.positions()

    def _send(self, record: Record, heard: Callable[[KafkaError | None, Message], None]) -> None:
        self._connected().produce(
            record.topic,
            value=record.value,
            key=record.key,
            headers=list(record.headers),
            on_delivery=heard,
        )

    def _connected(self) -> Producer:
        if self._producer is None:
            said = {"acks": "all", "enable.idempotence": True, "linger.ms": _LINGER_MS}
            waits = {"delivery.timeout.ms": int(self._timeout.total_seconds() * 1000)}
            # The same partition for a key as all other clients of Kafka take, aiokafka's among them.
            self._producer = Producer(
                {**self._brokers.librdkafka(), **said, **waits, "partitioner": "murmur2_random"}
            )
        return self._producer


class _Told:
    """What the broker says of each record."""

    def __init__(self, records: int) -> None:
        self._found: list[Position | None] = [None] * records
        self._trouble = "it did not answer in time"

    def hear(self, number: int, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._trouble = str(error)
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        self._found[number] = Position(topic or "", partition or 0, offset or 0)

    def positions(self) -> list[Position]:
        """Raises BrokerUnavailable."""
        found = [each for each in self._found if each is not None]
        if len(found) < len(self._found):
            missing = len(self._found) - len(found)
            raise BrokerUnavailable(f"Kafka did not take {missing} records: {self._trouble}")
        return found
