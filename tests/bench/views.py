"""Events a second that the views stage applies to MongoDB, against a raw loop with the same writes."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from aiokafka import AIOKafkaConsumer
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from connectors.clock import SystemClock
from connectors.kafka import KafkaPublisher
from connectors.mongo import MongoDatabase
from connectors.ports import Delivery, Position
from connectors.read_models import POINTER, STATE
from processors.host import GroupSettings, Host
from processors.observe import Metrics
from processors.runtime import Handled, Stage
from processors.views.handle import Views, apply
from schemas.codec import Codec
from schemas.topics import topic_of
from tests import samples
from tests.bench.figures import Figure, alternating, figure
from tests.servers import Servers, servers

_EVENTS = 6000
_RUNS = 3
_BATCH = 500
_TOPICS = ("media.uploaded", "transcode.requested", "task.changed", "media.processed")
_SERIAL = itertools.count(1)


def run() -> Iterator[Figure]:
    """One figure: at least half of the raw loop's events a second."""
    with servers() as found:
        fill(found.kafka.bootstrap)
        ours, baseline = alternating(
            _RUNS,
            lambda: _EVENTS / asyncio.run(by_the_stage(found)),
            lambda: _EVENTS / asyncio.run(by_a_raw_loop(found)),
        )
    yield figure("views", ours, baseline, "events/s", "at least 0.5", ours >= 0.5 * baseline, _RUNS)


def fill(bootstrap: str) -> None:
    """Puts a history of many jobs into the log."""
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random", "linger.ms": 20})
    for n in range(_EVENTS // len(_TOPICS)):
        for event in (
            samples.uploaded(f"m{n}"),
            samples.requested(f"j{n}", media_id=f"m{n}"),
            samples.task_changed("running", f"t{n}", job_id=f"j{n}"),
            samples.processed(f"j{n}", media_id=f"m{n}"),
        ):
            record = Codec().encode(event)
            producer.produce(topic_of(event).name, record.value, record.key)
            producer.poll(0)
    producer.flush(60)


class Stopwatch:
    """From the first event to the last."""

    def __init__(self) -> None:
        self.count = 0
        self.began = 0.0
        self.ended = 0.0
        self.done = asyncio.Event()

    def begin(self) -> None:
        self.began = self.began or time.monotonic()

    def add(self, count: int) -> None:
        self.count += count
        self.ended = time.monotonic()
        if self.count >= _EVENTS:
            self.done.set()

    @property
    def seconds(self) -> float:
        return self.ended - self.began


async def by_the_stage(found: Servers) -> float:
    """The real stage, in a real group, through the one consume path."""
    name = f"views-bench-{next(_SERIAL)}"
    database = MongoDatabase(found.mongodb_url, name)
    await database.insert(STATE, {"_id": POINTER, "generation": "g", "hold": None})
    clock, codec, watch = SystemClock(), Codec(), Stopwatch()
    views = Views(database, clock)

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        watch.begin()
        handled = await views.handle(deliveries)
        watch.add(len(deliveries))
        return handled

    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        async with KafkaPublisher(found.kafka, codec) as publisher:
            settings = GroupSettings(brokers=found.kafka, folder=Path(folder))
            host = Host(settings, codec, publisher, clock, Metrics(CollectorRegistry()))
            await host.start([Stage(name=name, topics=_TOPICS, handle=handle, batch=_BATCH)])
            await asyncio.wait_for(watch.done.wait(), 300)
            await host.stop()
    database.close()
    return watch.seconds


async def by_a_raw_loop(found: Servers) -> float:
    """What one would write without any framework: fetch, decode, write in bulk, commit."""
    name = f"raw-bench-{next(_SERIAL)}"
    database = MongoDatabase(found.mongodb_url, name)
    codec, watch = Codec(), Stopwatch()
    consumer = AIOKafkaConsumer(
        *_TOPICS,
        bootstrap_servers=found.kafka.bootstrap,
        group_id=name,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    while not watch.done.is_set():
        fetched = await consumer.getmany(timeout_ms=500, max_records=_BATCH)
        watch.begin()
        for tp, messages in fetched.items():
            place = (tp.topic, tp.partition)
            batch = [Delivery(codec.decode(m.topic, m.value), Position(*place, m.offset)) for m in messages]
            await apply(database, "g", batch)
            watch.add(len(batch))
        await consumer.commit()
    await consumer.stop()
    database.close()
    return watch.seconds
