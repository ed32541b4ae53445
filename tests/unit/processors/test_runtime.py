"""Nothing is acknowledged before it is handled and told; what cannot be handled is kept whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from connectors.ports import DatabaseUnavailable, Delivery, Position
from processors.runtime import CannotFinish, GivenUp, Handle, Handled, Lane, Patience, RawRecord, Stage
from schemas.codec import Codec
from schemas.events import Event
from tests import samples
from tests.fakes import FakeClock, MemoryLog, only

QUICK = Patience(first_s=0.001, longest_s=0.001, give_up=timedelta(milliseconds=30))


@dataclass
class Heard:
    """An Observer that remembers."""

    counts: dict[str, int] = field(default_factory=dict)

    def _count(self, what: str, by: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + by

    def handled(self, stage: str, count: int, seconds: float) -> None:
        self._count("handled", count)

    def retried(self, stage: str) -> None:
        self._count("retried")

    def dead_lettered(self, stage: str, topic: str) -> None:
        self._count("dead")


@dataclass
class Bench:
    """A lane with records to give it."""

    handle: Handle
    batch: int = 1
    gathers_s: Mapping[str, float] = field(default_factory=dict)
    gave_up: Callable[[GivenUp], object] | None = None
    acked: list[int] = field(default_factory=list)
    log: MemoryLog = field(default_factory=MemoryLog)
    heard: Heard = field(default_factory=Heard)

    def __post_init__(self) -> None:
        mourned = self.gave_up

        async def gave_up(given_up: GivenUp) -> Handled:
            if mourned:
                mourned(given_up)
            return Handled()

        stage = Stage(
            name="s",
            topics=("media.uploaded",),
            handle=self.handle,
            batch=self.batch,
            gathers_s=self.gathers_s,
            gave_up=gave_up,
        )
        self.lane = Lane(stage, Codec(), self.log, FakeClock(), self.heard, QUICK)

    def record(self, offset: int, event: Event | bytes, current: bool = True) -> RawRecord:
        value = event if isinstance(event, bytes) else Codec().encode(event).value
        place = Position("media.uploaded", 0, offset)
        return RawRecord(
            place, b"key", value, (("h", b"v"),), lambda: self.acked.append(offset), lambda: current
        )


async def nothing(deliveries: Sequence[Delivery]) -> Handled:
    return Handled()


async def test_what_comes_back_is_published_before_the_acknowledgement() -> None:
    settled: list[int] = []

    async def settle() -> None:
        settled.append(len(bench.log.records))
        assert bench.acked == []

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        return Handled([samples.rejected()], [settle])

    bench = Bench(handle)
    await bench.lane.consume([bench.record(3, samples.uploaded())])
    assert bench.acked == [3]
    assert settled == [1]


async def test_a_transient_error_is_tried_again_until_it_passes() -> None:
    tries = 0

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise DatabaseUnavailable("away")
        return Handled()

    bench = Bench(handle)
    await bench.lane.consume([bench.record(0, samples.uploaded())])
    assert (tries, bench.acked, bench.heard.counts["retried"]) == (3, [0], 2)
    assert bench.log.records == []
    assert not bench.lane.retrying


async def test_a_handler_that_cannot_finish_acknowledges_nothing() -> None:
    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        raise DatabaseUnavailable("away for good")

    bench = Bench(handle)
    with pytest.raises(CannotFinish, match="away for good"):
        await bench.lane.consume([bench.record(0, samples.uploaded())])
    assert bench.acked == []
    assert bench.log.records == []


async def test_a_broker_that_is_away_keeps_the_event_unacknowledged() -> None:
    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        return Handled([samples.rejected()])

    bench = Bench(handle)
    bench.log.away = True
    with pytest.raises(CannotFinish):
        await bench.lane.consume([bench.record(0, samples.uploaded())])
    assert bench.acked == []


async def test_bytes_that_are_no_record_go_to_the_dead_letters_whole() -> None:
    mourned: list[GivenUp] = []
    bench = Bench(nothing, gave_up=mourned.append)
    await bench.lane.consume([bench.record(5, b"poison")])
    letter = only(bench.log.of("media.uploaded.dlq"))
    assert (letter.value, letter.key, letter.offset, letter.code) == (b"poison", b"key", 5, "undecodable")
    assert letter.headers[0].value == b"v"
    assert bench.acked == [5]
    assert mourned == [GivenUp(Position("media.uploaded", 0, 5), None, letter.reason)]


async def test_an_error_that_will_not_pass_goes_to_the_dead_letters_with_its_reason() -> None:
    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        raise KeyError("no such thing")

    mourned: list[GivenUp] = []
    bench = Bench(handle, gave_up=mourned.append)
    event = samples.uploaded()
    await bench.lane.consume([bench.record(5, event)])
    letter = only(bench.log.of("media.uploaded.dlq"))
    assert (letter.code, letter.stage) == ("KeyError", "s")
    assert letter.meta.causation_id == event.meta.event_id
    assert only(mourned).event == event
    assert bench.acked == [5]


async def test_one_bad_event_in_a_batch_does_not_take_the_others_along() -> None:
    seen: list[str] = []

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        ids = [str(d.event.media_id) for d in deliveries]  # type: ignore[union-attr]
        if "bad" in ids:
            raise ValueError("bad one")
        seen.extend(ids)
        return Handled()

    bench = Bench(handle, batch=10)
    ids = ["a", "bad", "b"]
    await bench.lane.consume([bench.record(n, samples.uploaded(id)) for n, id in enumerate(ids)])
    assert seen == ["a", "b"]
    assert len(bench.log.of("media.uploaded.dlq")) == 1
    assert bench.acked == [0, 1, 2]


async def test_a_lane_gives_the_handler_what_is_there_and_waits_for_no_more() -> None:
    sizes: list[int] = []
    done = asyncio.Event()

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        sizes.append(len(deliveries))
        if sum(sizes) == 5:
            done.set()
        return Handled()

    bench = Bench(handle, batch=3)
    for n in range(5):
        bench.lane.queue.put_nowait(bench.record(n, samples.uploaded(str(n))))
    running = asyncio.create_task(bench.lane.run())
    await asyncio.wait_for(done.wait(), 30)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert sizes == [3, 2]


async def test_records_of_a_partition_that_went_elsewhere_are_left_alone() -> None:
    bench = Bench(nothing)
    bench.lane.queue.put_nowait(bench.record(0, samples.uploaded("gone"), current=False))
    bench.lane.queue.put_nowait(bench.record(1, samples.uploaded("mine")))
    running = asyncio.create_task(bench.lane.run())
    async with asyncio.timeout(30):
        while not bench.acked:
            await asyncio.sleep(0)
    running.cancel()
    assert bench.acked == [1]


async def test_being_stopped_in_mid_event_finishes_that_event() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        begun.set()
        await go_on.wait()
        return Handled([samples.rejected()])

    bench = Bench(handle)
    bench.lane.queue.put_nowait(bench.record(0, samples.uploaded()))
    running = asyncio.create_task(bench.lane.run())
    await asyncio.wait_for(begun.wait(), 30)
    running.cancel()
    await asyncio.sleep(0)
    assert bench.acked == []
    go_on.set()
    await asyncio.gather(running, return_exceptions=True)
    assert bench.acked == [0]
    assert len(bench.log.records) == 1


async def test_what_nobody_awaits_is_gathered_into_one_batch() -> None:
    batches: list[int] = []

    async def handle(deliveries: Sequence[Delivery]) -> Handled:
        batches.append(len(deliveries))
        return Handled()

    for gathers_s, expected in (({"media.uploaded": 0.2}, [3]), ({"another.topic": 9}, [1, 1, 1])):
        batches.clear()
        bench = Bench(handle, batch=10, gathers_s=gathers_s)
        running = asyncio.create_task(bench.lane.run())
        for offset in range(3):
            bench.lane.queue.put_nowait(bench.record(offset, samples.uploaded()))
            if sum(expected) == len(expected):
                await until_acked(bench, offset + 1)
            await asyncio.sleep(0)
        await until_acked(bench, 3)
        running.cancel()
        assert batches == expected


async def until_acked(bench: Bench, count: int) -> None:
    async with asyncio.timeout(10):
        while len(bench.acked) < count:
            await asyncio.sleep(0.005)
