"""Publishing to Kafka and reading along, over aiokafka. Consuming in a group belongs to Faust."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Protocol, Self

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from connectors.background import asked_to_stop
from connectors.brokers import Brokers
from connectors.ports import BrokerUnavailable, Clock, Delivery, Position
from schemas.codec import Codec, Record, Undecodable
from schemas.events import Event
from schemas.topics import BY_NAME

log = structlog.get_logger()

_MAX_REQUEST_BYTES = 2 * 1024 * 1024
_GOODBYE_S = 2.0


class Client(Protocol):
    """What every client of aiokafka's can do."""

    async def stop(self) -> None: ...


async def let_go(client: Client, within_s: float = _GOODBYE_S) -> None:
    """Stops a client, whether or not the broker takes leave too.

    Over TLS a broker does not always answer a farewell (Kafka 4.3: not at one stop in ten), and a client
    would wait half a minute for that.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await client.stop()


class KafkaPublisher:
    """Publishes with acknowledgement from all replicas, without duplicates by retries."""

    def __init__(self, brokers: Brokers, codec: Codec, *, timeout: timedelta = timedelta(seconds=30)) -> None:
        self._codec = codec
        self._timeout = timeout
        self._brokers = brokers
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            **self._brokers.aiokafka(),
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_request_size=_MAX_REQUEST_BYTES,
            request_timeout_ms=int(self._timeout.total_seconds() * 1000),
        )
        try:
            await self._producer.start()
        except KafkaError as error:
            await let_go(self._producer)
            why = await asyncio.to_thread(self._brokers.why, error)
            raise BrokerUnavailable(f"Kafka at {self._brokers} does not answer: {why}") from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._producer is not None:
            await let_go(self._producer)

    async def publish(self, events: Sequence[Event]) -> list[Position]:
        """See ports.Publisher."""
        return await self.send([self._codec.encode(event) for event in events])

    async def send(self, records: Sequence[Record]) -> list[Position]:
        """Publishes records as they are. Raises BrokerUnavailable."""
        if self._producer is None:
            raise BrokerUnavailable("the publisher is not started")
        try:
            async with asyncio.timeout(self._timeout.total_seconds()):
                sent = [
                    await self._producer.send(r.topic, value=r.value, key=r.key, headers=list(r.headers))
                    for r in records
                ]
                done = await asyncio.gather(*sent)
        except (KafkaError, TimeoutError) as error:
            raise BrokerUnavailable(f"Kafka did not take {len(records)} records: {error!r}") from error
        return [Position(m.topic, m.partition, m.offset) for m in done]


class KafkaTail:
    """Reads topics from now, or from a moment ago, without a group: a view of the present, not a queue."""

    def __init__(
        self,
        brokers: Brokers,
        codec: Codec,
        topics: Sequence[str],
        *,
        clock: Clock,
        since: timedelta = timedelta(0),
    ) -> None:
        self._brokers = brokers
        self._codec = codec
        self._topics = tuple(topics)
        self._clock = clock
        self._since = since
        self.ready = asyncio.Event()
        """Set once the starting positions are fixed: what is published after that will be seen."""

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """See ports.Tail. Records that cannot be decoded are passed over with a warning."""
        positions: dict[TopicPartition, int] = {}
        while True:
            try:
                async for delivery in self._read(positions):
                    yield delivery
            except KafkaError as error:
                log.warning("tail interrupted", topics=self._topics, error=repr(error))
                await asyncio.sleep(1)

    async def _read(self, positions: dict[TopicPartition, int]) -> AsyncIterator[Delivery]:
        consumer = AIOKafkaConsumer(**self._brokers.aiokafka(), auto_offset_reset="latest")
        try:
            await consumer.start()
            await self._place(consumer, positions)
            self.ready.set()
            async for message in consumer:
                positions[TopicPartition(message.topic, message.partition)] = message.offset + 1
                if (delivery := delivery_of(self._codec, message)) is not None:
                    yield delivery
        finally:
            await close(consumer)

    async def _place(self, consumer: AIOKafkaConsumer, positions: dict[TopicPartition, int]) -> None:
        parts = partitions(self._topics)
        consumer.assign(parts)
        if not positions:
            positions.update(await consumer.end_offsets(parts))
            if self._since:
                moment = int((self._clock.now() - self._since).timestamp() * 1000)
                found = await consumer.offsets_for_times(dict.fromkeys(parts, moment))
                positions.update({tp: at.offset for tp, at in found.items() if at is not None})
        for tp, offset in positions.items():
            consumer.seek(tp, offset)


async def close(consumer: AIOKafkaConsumer) -> None:
    """Stops a consumer, and all of it: where a fetch has just failed, aiokafka's `stop` ends in the
    cancellation of that fetch, as if its caller were cancelled, and leaves the client as it is.
    """
    try:
        await let_go(consumer)
    except asyncio.CancelledError:
        if asked_to_stop():
            raise
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await consumer._client.close()


def delivery_of(codec: Codec, message: ConsumerRecord) -> Delivery | None:
    """The event in a record with its place; none, and a warning, where it cannot be decoded."""
    try:
        event = codec.decode(message.topic, message.value)
    except Undecodable as error:
        log.warning("a record is passed over", topic=message.topic, error=str(error))
        return None
    return Delivery(event, Position(message.topic, message.partition, message.offset))


def partitions(topics: Sequence[str]) -> list[TopicPartition]:
    """All partitions of these topics."""
    return [TopicPartition(name, n) for name in topics for n in range(BY_NAME[name].partitions)]
