"""The feed over real Kafka: everything from the beginning, then what comes, and how far that goes."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer

from connectors.brokers import Brokers
from connectors.kafka import KafkaPublisher, close, partitions
from connectors.kafka_feed import KafkaFeed
from connectors.ports import Delivery
from deploy.local.ports import HOST, pick
from schemas.codec import Codec
from schemas.events import new_id
from tests import samples
from tests.servers import Servers
from tests.unit.gateway.fakes import until

TOPIC = "session.changed"


@asynccontextmanager
async def read(feed: KafkaFeed) -> AsyncIterator[list[Delivery]]:
    """What the feed has delivered so far."""
    found: list[Delivery] = []

    async def follow() -> None:
        async for delivery in feed.deliveries():
            found.append(delivery)  # noqa: PERF401 - it never ends

    following = asyncio.create_task(follow())
    try:
        yield found
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


async def test_a_feed_tells_all_that_was_and_all_that_comes(real_servers: Servers) -> None:
    codec, mine = Codec(), {new_id() for _ in range(20)}
    feed = KafkaFeed(real_servers.kafka, codec, [TOPIC])
    assert feed.age_s == math.inf
    async with KafkaPublisher(real_servers.kafka, codec) as publisher:
        await publisher.publish([samples.session(id) for id in mine])
        async with read(feed) as found:
            await until(lambda: feed.age_s < 60)
            seen = [id for d in found if (id := str(d.event.session_id)) in mine]  # type: ignore[union-attr]
            assert sorted(seen) == sorted(mine), "everything was delivered before it said so"
            late = new_id()
            await publisher.publish([samples.session(late)])
            await until(lambda: found[-1].event.session_id == late)  # type: ignore[union-attr]
            await until(lambda: feed.age_s < 2)


async def test_a_feed_of_nothing_is_whole(real_servers: Servers) -> None:
    feed = KafkaFeed(real_servers.kafka, Codec(), ["credential.changed"])
    async with read(feed):
        await until(lambda: feed.age_s < 60)


async def test_a_feed_whose_broker_is_away_grows_old() -> None:
    feed = KafkaFeed(Brokers(f"{HOST}:{pick(set())}"), Codec(), [TOPIC])
    async with read(feed) as found:
        await asyncio.sleep(0)
        assert (found, feed.age_s) == ([], math.inf)


async def test_a_consumer_is_closed_whole_just_when_a_fetch_has_failed(real_servers: Servers) -> None:
    before = asyncio.all_tasks()
    consumer = AIOKafkaConsumer(**real_servers.kafka.aiokafka(), retry_backoff_ms=60_000)
    await consumer.start()
    consumer.assign(partitions([TOPIC]))
    for part, end in (await consumer.end_offsets(partitions([TOPIC]))).items():
        consumer.seek(part, end)
    connections = consumer._client._conns
    await until(lambda: any(each._requests for each in connections.values()))
    for connection in list(connections.values()):
        connection.close()
    for _turn in range(10):
        await asyncio.sleep(0)
    await close(consumer)
    await until(lambda: asyncio.all_tasks() == before)
