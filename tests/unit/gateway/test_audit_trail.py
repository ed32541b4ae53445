"""How the audit log is written: no act happens without it, no look waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.ports import BrokerUnavailable, Position
from connectors.read_models import POINTER, STATE, ReadModels
from gateway.audit.addresses import Addresses
from gateway.audit.chain import link_id
from gateway.audit.entry import ALLOWED, REFUSED, Actor, Target
from gateway.audit.trail import Trail, new_trail
from gateway.audit.verification import Report, Verification
from gateway.audit.waiting import LOST, Waiting
from gateway.auth.directory import Directory
from gateway.metrics import Metrics
from schemas.events import AuditRecorded, Event
from tests.fakes import MemoryDatabase, only
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import GENERATION, FakeClock, FakePublisher
from tests.unit.gateway.fakes import SECRET, until, world
from tests.unit.gateway.history import uploaded
from tests.unit.gateway.trail import ADA, KEYS, entry, said, written

MYSELF = Actor("service:gateway-1", "itself")


class Log:
    """A log over which gateways come and go, with the read models that follow it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.database = MemoryDatabase(self.clock)
        self.database.collections[STATE][POINTER] = {"_id": POINTER, "generation": GENERATION}
        self.publisher = FakePublisher(self.database)

    def gateway(self, instance: str = "gateway-1", publisher: Any = None) -> Trail:
        addresses = Addresses(SECRET, Directory(SECRET, self.clock))
        models, lost = ReadModels(self.database), Metrics().audit_lost
        return new_trail(instance, SECRET, addresses, publisher or self.publisher, models, self.clock, lost)

    @property
    def records(self) -> list[AuditRecorded]:
        return [event for event in self.publisher.events if isinstance(event, AuditRecorded)]

    def verified(self, without: Sequence[AuditRecorded] = ()) -> Report:
        verification = Verification(KEYS)
        for record in self.records:
            if record not in without:
                verification.take(record)
        return verification.report(self.clock.now())


async def test_what_changes_something_is_written_before_it_happens(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        await until(lambda: w.audited.events)
        w.audited.away = True
        assert_problem(await w.client.delete("/api/v1/media/m1"), 503, "unavailable")
        assert [type(event).__name__ for event in w.publisher.events] == ["MediaUploaded"], "and nothing else"
        w.audited.away = False
        assert (await w.client.delete("/api/v1/media/m1")).status_code == 202
        outcomes = [outcome for _, action, outcome in await said(w) if action == "media.deleted"]
        assert outcomes == ["allowed", "allowed", "failed"], "what Kafka may have had is sent again as it was"


async def test_an_act_that_kafka_did_not_take_is_said_to_have_failed(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        w.publisher.away = True
        assert (await w.client.delete("/api/v1/media/m1")).status_code == 503
        assert [outcome for _, _, outcome in await said(w)] == ["allowed", "failed"]


async def test_reads_go_on_without_the_log_and_are_told_later(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        stored = await w.client.post("/api/v1/media?name=a.mp4", content=b"film")
        path = f"/api/v1/media/{stored.json()['media']['id']}/content"
        w.audited.away = True
        assert (await w.client.get(path)).status_code == 200
        assert not await w.services.trail.flush()
        w.audited.away = False
        assert ("admin", "media.downloaded", "allowed") in await said(w)


async def test_many_that_wait_are_written_together_and_in_order() -> None:
    log = Log()
    trail = log.gateway()
    await asyncio.gather(*(trail.confirm(entry(f"a.{n}")) for n in range(20)))
    assert [record.action for record in log.records] == ["chain.opened", *(f"a.{n}" for n in range(20))]
    assert log.verified().whole


class Uncertain:
    """Takes everything, and says of the first batch that it did not."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.refused = False

    async def publish(self, events: Sequence[Event]) -> list[Position]:
        positions = await self.log.publisher.publish(events)
        if not self.refused:
            self.refused = True
            raise BrokerUnavailable("no answer in time")
        return positions


async def test_what_kafka_may_have_taken_is_sent_again_as_it_was() -> None:
    log = Log()
    trail = log.gateway(publisher=Uncertain(log))
    with pytest.raises(BrokerUnavailable):
        await trail.confirm(entry("user.role"))
    await trail.confirm(entry("user.erased"))
    report = log.verified()
    assert report.whole
    assert (report.records, report.repeated) == (3, 2)


class Stuck:
    """Never answers."""

    async def publish(self, events: Sequence[Event]) -> list[Position]:
        await asyncio.Event().wait()
        return []


async def test_who_hangs_up_while_it_is_written_leaves_no_hole() -> None:
    log = Log()
    publisher: Any = Stuck()
    trail = log.gateway(publisher=publisher)
    asking = asyncio.create_task(trail.confirm(entry("user.role")))
    await asyncio.sleep(0)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    publisher.publish = log.publisher.publish
    await trail.confirm(entry("user.erased"))
    assert log.verified().whole


async def test_a_new_chain_vouches_for_the_ends_of_those_before() -> None:
    log = Log()
    crashed, stopped = log.gateway("gateway-1"), log.gateway("gateway-2")
    await crashed.confirm(entry())
    await stopped.confirm(entry())
    await stopped.close()
    last = [record for record in log.records if record.action != "chain.opened"]
    await log.gateway("gateway-1").flush()
    assert log.verified().whole
    next_one = log.gateway("gateway-3")
    await next_one.confirm(entry())
    for record in last:
        assert not log.verified(without=[record]).whole, record.action
    heads = [head.chain.partition("/")[0] for head in log.records[-2].heads]
    assert heads == ["gateway-2"], "which vouches for the first"


async def test_a_chain_that_others_know_nothing_of_yet_is_not_asked_about_twice() -> None:
    log = Log()
    await log.gateway("gateway-1").confirm(entry())
    await log.gateway("gateway-2").confirm(entry())
    await log.gateway("gateway-3").confirm(entry())
    opened = {r.chain.partition("/")[0]: r for r in log.records if r.action == "chain.opened"}
    assert [head.chain.partition("/")[0] for head in opened["gateway-2"].heads] == ["gateway-1"]
    assert [head.chain.partition("/")[0] for head in opened["gateway-3"].heads] == ["gateway-2"]


async def test_nobody_is_vouched_for_who_did_not_write_with_our_key() -> None:
    log = Log()
    trail = log.gateway("gateway-1")
    await trail.confirm(entry())
    last = log.records[-1]
    meta = replace(last.meta, event_id=link_id(last.chain, 99))
    await log.publisher.publish([replace(last, meta=meta, number=99, hash="ab" * 32)])
    await log.gateway("gateway-2").confirm(entry())
    assert log.records[-2].heads == []


async def test_without_the_read_models_a_chain_opens_all_the_same_and_vouches_a_little_later() -> None:
    log = Log()
    await log.gateway("gateway-1").confirm(entry())
    log.database.away = True
    trail = log.gateway("gateway-2")
    running = asyncio.create_task(trail.run())
    await trail.confirm(entry())
    assert log.records[-2].heads == []
    log.database.away = False
    log.clock.move(minutes=1)
    await until(lambda: log.records[-1].heads)
    running.cancel()
    assert log.records[-1].action == "chain.anchored"


async def test_a_chain_that_vouches_for_others_does_not_for_itself() -> None:
    """It would look as if somebody else knew where it ends, and its end could be cut off."""
    log = Log()
    trail = log.gateway("gateway-1")
    await trail.confirm(entry())
    log.clock.move(hours=1)
    running = asyncio.create_task(trail.run())
    await until(lambda: log.records[-1].action == "chain.anchored")
    running.cancel()
    assert log.records[-1].heads == []


async def test_nothing_is_done_after_the_end() -> None:
    log = Log()
    trail = log.gateway()
    trail.note(entry())
    await trail.close()
    assert [record.action for record in log.records] == ["chain.opened", "media.downloaded", "chain.closed"]
    with pytest.raises(BrokerUnavailable):
        await trail.confirm(entry())
    trail.note(entry("media.shown"))
    assert await trail.flush()
    assert log.records[-1].action == "chain.closed"


def waiting(most: int = 10) -> tuple[Waiting, FakeClock, Metrics]:
    clock, metrics = FakeClock(), Metrics()
    return Waiting(clock, metrics.audit_lost, MYSELF, most), clock, metrics


def about(number: int, outcome: str = ALLOWED) -> Any:
    return entry(outcome=outcome, target=Target("media", f"m{number}"))


def test_where_there_is_no_room_looks_go_first_and_their_number_is_kept() -> None:
    queue, _, metrics = waiting(most=3)
    for number in range(4):
        queue.put(about(number))
    queue.put(about(9, REFUSED))
    confession, *kept = queue.take(100)
    assert (confession.action, confession.details) == (LOST, {"lost": "2"})
    assert [each.target.id for each in kept if each.target] == ["m9", "m2", "m3"]
    assert metrics.registry.get_sample_value("sluice_audit_lost_records_total") == 2
    assert queue.take(100) == [], "it is said once"


def test_refusals_go_only_where_there_is_nothing_else() -> None:
    queue, _, _ = waiting(most=2)
    for number in range(3):
        queue.put(about(number, REFUSED))
    queue.put(about(9))
    assert [each.target.id for each in queue.take(100)[1:] if each.target] == ["m1", "m2"]


def test_what_is_alike_within_a_minute_is_one_record_and_a_number() -> None:
    queue, clock, _ = waiting()
    for _ in range(5):
        queue.put(replace(entry(), at=clock.now()))
        clock.move(seconds=10)
    assert [each.count for each in queue.take(100)] == [1]
    clock.move(seconds=20)
    assert [each.count for each in queue.take(100)] == [4]
    queue.put(replace(entry(), at=clock.now()))
    assert [each.count for each in queue.take(100)] == [1]


@pytest.mark.parametrize(
    "other",
    [
        entry("media.shown"),
        entry(outcome=REFUSED),
        entry(actor=replace(ADA, address="198.51.100.1")),
        entry(target=Target("media", "m2")),
    ],
)
def test_what_differs_is_told_apart(other: Any) -> None:
    queue, _, _ = waiting()
    queue.put(entry())
    queue.put(other)
    assert len(queue.take(100)) == 2


def test_strangers_can_not_fill_the_log_by_asking_for_ever_other_things() -> None:
    queue, _, _ = waiting()
    nobody = Actor("anyone", "nothing", "198.51.100.1")
    for number in range(100):
        queue.put(entry(outcome=REFUSED, actor=nobody, target=Target.named("media", f"m{number}")))
    assert only(queue.take(100)).count == 1


async def test_the_first_record_tells_of_a_download_by_ranges_and_the_second_how_many(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        stored = await w.client.post("/api/v1/media?name=a.mp4", content=b"film")
        path = f"/api/v1/media/{stored.json()['media']['id']}/content"
        for start in range(3):
            answer = await w.client.get(path, headers={"Range": f"bytes={start}-{start}"})
            assert answer.status_code == 206
        w.clock.move(minutes=2)
        w.services.trail.note(entry("media.shown"))
        counts = [r.count for r in await written(w) if r.action == "media.downloaded"]
        assert counts == [1, 2]
