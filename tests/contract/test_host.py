"""Faust on a real broker keeps what the consume path promises: nothing lost, nothing stuck in silence."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from connectors.clock import SystemClock
from connectors.kafka import KafkaPublisher, KafkaTail
from connectors.kafka_history import KafkaHistory
from connectors.ports import DatabaseUnavailable, Delivery
from processors.host import GroupSettings, Host, Stuck
from processors.observe import Metrics
from processors.runtime import CannotFinish, Handle, Handled, Patience, Stage
from schemas.codec import Codec
from schemas.events import MediaUploaded
from tests import samples
from tests.servers import Servers

TOPIC = "media.uploaded"


class World:
    """A topic, and hosts for a stage of its own group that reads it."""

    def __init__(self, servers: Servers, publisher: KafkaPublisher, folder: Path) -> None:
        self.servers = servers
        self.publisher = publisher
        self.folder = folder
        self.group = f"test-{uuid.uuid4().hex[:8]}"
        self.mine: set[str] = set()

    def host(self, stuck_s: float = 60, patience: Patience | None = None) -> Host:
        settings = GroupSettings(
            brokers=self.servers.kafka,
            folder=self.folder,
            session=timedelta(seconds=6),
            stuck_after=timedelta(seconds=stuck_s),
        )
        observer = Metrics(CollectorRegistry())
        return Host(settings, Codec(), self.publisher, SystemClock(), observer, patience or Patience())

    @asynccontextmanager
    async def running(self, handle: Handle, host: Host | None = None, **more: bool) -> AsyncIterator[Host]:
        host = host or self.host()
        await host.start([Stage(name=self.group, topics=(TOPIC,), handle=handle, **more)])  # type: ignore[arg-type]
        try:
            yield host
        finally:
            await host.stop()

    async def publish(self, count: int) -> list[str]:
        ids = [uuid.uuid4().hex for _ in range(count)]
        self.mine |= set(ids)
        await self.publisher.publish([samples.uploaded(id) for id in ids])
        return ids

    def of_mine(self, deliveries: Sequence[Delivery]) -> list[str]:
        ids = [d.event.media_id for d in deliveries if isinstance(d.event, MediaUploaded)]
        return [id for id in ids if id in self.mine]


@pytest.fixture
async def world(real_servers: Servers, tmp_path: Path) -> AsyncIterator[World]:
    async with KafkaPublisher(real_servers.kafka, Codec()) as publisher:
        yield World(real_servers, publisher, tmp_path)


async def until(holds: object) -> None:
    async with asyncio.timeout(60):
        while not holds():  # type: ignore[operator]
            await asyncio.sleep(0.02)


async def test_every_event_is_handled_once_while_all_goes_well(world: World) -> None:
    seen: list[str] = []

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        seen.extend(world.of_mine(deliveries))
        return Handled()

    async with world.running(handle):
        ids = await world.publish(50)
        await until(lambda: len(seen) >= 50)
    assert sorted(seen) == sorted(ids)


async def test_what_was_not_finished_comes_again_and_what_was_does_not(world: World) -> None:
    first: list[str] = []
    second: list[str] = []
    await world.publish(10)

    async def stops_short(deliveries: Sequence[Delivery]) -> Handled:
        if len(first) >= 4:
            raise DatabaseUnavailable("away")
        first.extend(world.of_mine(deliveries))
        return Handled()

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        second.extend(world.of_mine(deliveries))
        return Handled()

    host = world.host(patience=Patience(give_up=timedelta(milliseconds=200)))
    async with world.running(stops_short, host):
        with pytest.raises(CannotFinish):
            await asyncio.wait_for(host.failed(), 60)
    async with world.running(handle):
        await until(lambda: set(first) | set(second) == world.mine)
    assert set(first) & set(second) == set()


async def test_a_stop_in_mid_event_loses_nothing(world: World) -> None:
    begun = asyncio.Event()
    finished: list[str] = []

    async def slow(deliveries: Sequence[Delivery]) -> Handled:
        if ids := world.of_mine(deliveries):
            begun.set()
            await asyncio.sleep(0.3)
            finished.extend(ids)
        return Handled()

    await world.publish(6)
    async with world.running(slow):
        await asyncio.wait_for(begun.wait(), 60)
    assert finished
    async with world.running(slow):
        await until(lambda: set(finished) == world.mine)
    assert len(finished) == len(world.mine)


async def test_a_slow_partition_does_not_stop_the_others(world: World) -> None:
    blocked: set[int] = set()
    passed: list[str] = []
    go_on = asyncio.Event()

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        if ids := world.of_mine(deliveries):
            partition = deliveries[0].position.partition
            if not blocked or partition in blocked:
                blocked.add(partition)
                await go_on.wait()
            passed.extend(ids)
        return Handled()

    async with world.running(handle):
        await world.publish(60)
        await until(lambda: len(passed) > 20)
        assert len(blocked) == 1
        go_on.set()
        await until(lambda: len(passed) == 60)


async def test_the_watchdog_ends_a_stage_that_does_not_move(world: World) -> None:
    async def hangs(deliveries: Sequence[Delivery]) -> Handled:
        if world.of_mine(deliveries):
            await asyncio.sleep(8)
        return Handled()

    async with world.running(hangs, world.host(stuck_s=1)) as host:
        await world.publish(1)
        with pytest.raises(Stuck, match="does not move"):
            await asyncio.wait_for(host.failed(), 60)


async def test_the_watchdog_lets_a_retrying_stage_be(world: World) -> None:
    tries = 0

    async def waits(deliveries: Sequence[Delivery]) -> Handled:
        nonlocal tries
        if world.of_mine(deliveries) and tries < 12:
            tries += 1
            raise DatabaseUnavailable("away")
        return Handled()

    patience = Patience(first_s=0.5, longest_s=0.5)  # so that all of it takes longer than may be stuck
    async with world.running(waits, world.host(stuck_s=4, patience=patience)) as host:
        await world.publish(1)
        failing = asyncio.create_task(host.failed())
        await until(lambda: tries == 12 or failing.done())
        assert not failing.done()
        failing.cancel()


async def test_one_of_two_leads_and_the_other_takes_over(world: World) -> None:
    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        return Handled()

    async with world.running(handle, leads=True) as one:
        await until(lambda: one.leads(world.group))
        async with world.running(handle, leads=True) as two:
            await until(lambda: one.leads(world.group) != two.leads(world.group))
        await until(lambda: one.leads(world.group))


async def test_a_tail_sees_what_comes_after_it_is_ready(world: World) -> None:
    tail = KafkaTail(world.servers.kafka, Codec(), [TOPIC], clock=SystemClock())
    seen: list[str] = []

    async def listen() -> None:
        async for delivery in tail.deliveries():
            seen.extend(world.of_mine([delivery]))

    listening = asyncio.create_task(listen())
    await asyncio.wait_for(tail.ready.wait(), 60)
    ids = await world.publish(5)
    await until(lambda: sorted(seen) == sorted(ids))
    listening.cancel()


async def test_the_history_reads_exactly_between_two_vectors(world: World) -> None:
    history = KafkaHistory(world.servers.kafka, Codec())
    await world.publish(5)
    start = await history.ends([TOPIC])
    wanted = await world.publish(20)
    end = await history.ends([TOPIC])
    await world.publish(5)
    found = [id async for batch in history.read(start, end) for id in world.of_mine(batch)]
    assert sorted(found) == sorted(wanted)
    assert [batch async for batch in history.read(end, end)] == []


async def test_what_comes_while_a_group_takes_shape_is_handled_though_nothing_was_committed_yet(
    world: World,
) -> None:
    """As in a rebalance: a fetch was under way, and Faust drops what it brings."""
    seen: list[str] = []

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        seen.extend(world.of_mine(deliveries))
        return Handled()

    async with world.running(handle) as host:
        consumer: Any = host.apps[0].app.consumer
        await until(lambda: consumer.assignment() and consumer.flow_active)
        for _turn in range(3):
            consumer.stop_flow()
            for _record in range(4):
                await world.publish(1)
                await consumer.perform_seek()
            consumer.resume_flow()
        await until(lambda: set(seen) == world.mine)


async def test_only_the_consume_path_acknowledges(world: World) -> None:
    """Faust does too, for what it passes over in a rebalance."""
    seen: list[str] = []

    async def fails(deliveries: Sequence[Delivery]) -> Handled:
        if world.of_mine(deliveries):
            raise DatabaseUnavailable("away")
        return Handled()

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        seen.extend(world.of_mine(deliveries))
        return Handled()

    host = world.host(patience=Patience(give_up=timedelta(seconds=3)))
    async with world.running(fails, host):
        consumer = host.apps[0].app.consumer
        (id,) = await world.publish(1)
        await until(lambda: any(message.key == id.encode() for message in consumer.unacked))
        for message in list(consumer.unacked):
            consumer.ack(message)
        await consumer.commit()
        with pytest.raises(CannotFinish):
            await asyncio.wait_for(host.failed(), 60)
    async with world.running(handle):
        await until(lambda: set(seen) == world.mine)
