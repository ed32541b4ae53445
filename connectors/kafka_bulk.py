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
from schemas.topics import BATCH_BYTES

_LINGER_MS = 5


class KafkaBulk:
    """See ports.Publisher. For who publishes hundreds at a time, and often: what several publish while the
    broker has not answered yet goes there together.
    """

    def __init__(self, brokers: Brokers, codec: Codec, *, timeout: timedelta = timedelta(seconds=30)) -> None:
        self._codec = codec
        self._brokers = brokers
        self._timeout = timeout
        self._producer: Producer | None = None
        self._waiting: list[_Told] = []
        self._turn = asyncio.Lock()

    async def publish(self, events: Sequence[Event]) -> list[Position]:
        """See ports.Publisher."""
        told = _Told(events)
        self._waiting.append(told)
        async with self._turn:
            if not told.sent:
                some, self._waiting = self._waiting, []
                await asyncio.to_thread(self._publish, some)
        return told.positions()

    def _publish(self, several: Sequence[_Told]) -> None:
        """Sends them all. What went wrong is each one's own to tell."""
        try:
            for told in several:
                told.sent = True
                for number, event in enumerate(told.events):
                    self._send(self._codec.encode(event), partial(told.hear, number))
            self._connected().flush(self._timeout.total_seconds())
        except (KafkaException, BufferError) as error:
            for told in several:
                told.sent, told.trouble = True, str(error)

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
            said |= {"batch.size": BATCH_BYTES}
            waits = {"delivery.timeout.ms": int(self._timeout.total_seconds() * 1000)}
            # The same partition for a key as all other clients of Kafka take, aiokafka's among them.
            self._producer = Producer(
                {**self._brokers.librdkafka(), **said, **waits, "partitioner": "murmur2_random"}
            )
        return self._producer


class _Told:
    """Some events, and what the broker says of each."""

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        self.sent = False
        self.trouble = "it did not answer in time"
        self._found: list[Position | None] = [None] * len(events)

    def hear(self, number: int, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self.trouble = str(error)
            return
        topic, partition, offset = message.topic(), message.partition(), message.offset()
        self._found[number] = Position(topic or "", partition or 0, offset or 0)

    def positions(self) -> list[Position]:
        """Raises BrokerUnavailable."""
        found = [each for each in self._found if each is not None]
        if len(found) < len(self._found):
            missing = len(self._found) - len(found)
            raise BrokerUnavailable(f"Kafka did not take {missing} records: {self.trouble}")
        return found
