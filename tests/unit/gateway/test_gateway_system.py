"""The installation as the gateway sees it: processes by their beats, the machine, and what is wrong."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.background import running
from connectors.beat import Beat
from connectors.breaker import Breaker
from connectors.ports import BrokerUnavailable, Position, Publisher
from connectors.read_models import ReadModels
from gateway.broker import Broker
from gateway.following import Following
from gateway.metrics import Metrics
from gateway.system.presence import Presence
from gateway.system.readiness import looks, readiness
from gateway.system.status import folders, warnings
from schemas.events import ResourceChanged, ServiceBeat
from schemas.workers import read
from tests.fakes import MemoryDatabase
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import FULL, START, FakeClock, FakeFeed, FakePublisher, FakeTail, NullStore
from tests.unit.gateway.fakes import World, until, world
from tests.unit.gateway.history import beat


def presence(clock: FakeClock, *beats: ServiceBeat) -> Presence:
    table = Presence(FakeTail(), clock)
    for each in beats:
        table.hear(each)
    return table


def states(table: Presence) -> dict[str, str]:
    return {service.instance: service.state for service in table.services()}


@pytest.mark.parametrize(
    ("silent_s", "state"), [(0, "up"), (14, "up"), (16, "down"), (299, "down"), (301, None)]
)
def test_a_process_that_falls_silent_is_down_and_then_forgotten(silent_s: int, state: str | None) -> None:
    clock = FakeClock()
    table = presence(clock, beat())
    clock.move(seconds=silent_s)
    assert states(table).get("worker-1") == state


def test_the_latest_beat_of_a_process_counts_in_whatever_order_they_come() -> None:
    later = START + timedelta(seconds=1)
    table = presence(FakeClock(later), beat(state="down", at=later), beat(state="up"))
    assert states(table) == {"worker-1": "down"}
    table.hear(beat(state="up", at=later + timedelta(seconds=1)))
    assert states(table) == {"worker-1": "up"}


def test_how_libraries_folders_are_is_shown_and_those_not_well_are_warned_of() -> None:
    said = {"folder films/new": "well, watching", "folder tv": "away, polling: is its disk mounted?"}
    beats = (beat("processors-1", "up", START, **said), beat("p-2", "down", START, **{"folder old": "away"}))
    services = presence(FakeClock(), *beats).services()
    assert folders(services) == {name.removeprefix("folder "): text for name, text in said.items()}
    found = [(each.code, each.text) for each in warnings(services) if each.code != "service-down"]
    assert found == [("folder-not-scanned", "tv is not scanned: away, polling: is its disk mounted?")]


def test_a_process_that_says_it_goes_is_down_at_once() -> None:
    assert states(presence(FakeClock(), beat(), beat("worker-2", state="down"))) == {
        "worker-1": "up",
        "worker-2": "down",
    }


def test_what_an_operator_should_know_is_a_warning() -> None:
    clock = FakeClock()
    table = presence(
        clock,
        beat("worker-1", isolation="full"),
        beat("worker-2", isolation="weak: no Landlock here"),
        beat("worker-3", isolation="weak"),
        beat("worker-4", state="down", isolation="weak: gone anyway"),
        beat("processors-1", stuck_jobs="0"),
        beat("processors-2", stuck_jobs="2", set_aside="worker-1 until 12:03:04 UTC"),
        beat("worker-5", hardware_encoders="h264_vaapi", hardware_out_of_order="h264_nvenc"),
        beat("worker-6", scanner="away: nobody listens"),
        beat("worker-7", scanner="answers"),
        beat("worker-8", state="down", scanner="away: gone anyway"),
    )
    found = {(w.code, w.instance): w.text for w in warnings(table.services())}
    assert set(found) == {
        ("weak-isolation", "worker-2"),
        ("weak-isolation", "worker-3"),
        ("service-down", "worker-4"),
        ("service-down", "worker-8"),
        ("scanner-away", "worker-6"),
        ("stuck-jobs", "processors-2"),
        ("hardware-out-of-order", "worker-5"),
        ("worker-set-aside", "worker-1"),
    }
    assert "12:03:04" in found["worker-set-aside", "worker-1"]
    assert "nobody listens" in found["scanner-away", "worker-6"]
    assert "no Landlock here" in found["weak-isolation", "worker-2"]


async def test_processes_are_listed_as_they_beat(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.beats.put(beat("worker-1", slots="2"), beat("gateway-1"))
        await w.beats.queue.join()
        items = (await w.client.get("/api/v1/services")).json()["items"]
        assert [item["instance"] for item in items] == ["gateway-1", "worker-1"]
        assert (
            items[1] | {"details": {"slots": "2"}, "state": "up", "service": "worker", "pid": 1} == items[1]
        )
        assert items[1]["last_beat_at"] == items[1]["started_at"] == "2026-05-01T12:00:00Z"


async def test_the_status_shows_the_machine_and_the_warnings(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.beats.put(beat("worker-1", isolation="weak: no bubblewrap"), beat("worker-2"), beat("gateway-1"))
        await w.beats.queue.join()
        said = (await w.client.get("/api/v1/system/status")).json()
        assert (said["version"], said["instance"]) == ("1.2.3", "gateway-1")
        assert said["services"] == {"gateway": {"up": 1}, "worker": {"up": 2}}
        assert [w["code"] for w in said["warnings"]] == ["weak-isolation"]
        machine = said["machine"]
        assert machine["cpu"]["count"] >= 1
        assert machine["memory"]["total_bytes"] > machine["memory"]["resident_bytes"] > 0
        assert machine["disk"]["free_bytes"] > 0


def own_beat(publisher: Publisher, every_s: float = 5, **more: Any) -> Beat:
    return Beat(
        service="gateway",
        instance="gateway-1",
        every_s=every_s,
        publisher=publisher,
        clock=FakeClock(),
        started_at=START,
        details=dict,
        **more,
    )


async def test_a_new_state_is_told_at_once() -> None:
    publisher, state = FakePublisher(MemoryDatabase()), ["starting"]
    own = own_beat(publisher, every_s=3600, state=lambda: state[0])
    async with running({"beat": own.run}):
        await until(lambda: publisher.events)
        state[0] = "up"
        await until(lambda: len(publisher.events) > 1)
    assert [event.state for event in publisher.events if isinstance(event, ServiceBeat)] == ["starting", "up"]


async def test_the_gateways_own_beats_are_those_of_a_service(tmp_path: Path) -> None:
    publisher = FakePublisher(MemoryDatabase())
    own = own_beat(publisher, 0.01)
    async with running({"beat": own.run}):
        await until(lambda: len(publisher.events) > 2)
    await own.last()
    sent = [event for event in publisher.events if isinstance(event, ServiceBeat)]
    assert [b.state for b in sent] == ["up"] * (len(sent) - 1) + ["down"]
    assert (sent[0].service, sent[0].instance, sent[0].interval_ms) == ("gateway", "gateway-1", 10)


async def test_beats_outlive_a_broker_that_is_away(tmp_path: Path) -> None:
    publisher = FakePublisher(MemoryDatabase(), away=True)
    own = own_beat(publisher, 0.01)
    async with running({"beat": own.run}):
        await asyncio.sleep(0)
        publisher.away = False
        await until(lambda: publisher.events)
    publisher.away = True
    await own.last()


class FakeSession:
    """A connection that is refused some times, and then made."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals
        self.is_open = False

    async def __aenter__(self) -> None:
        if self.refusals:
            self.refusals -= 1
            raise BrokerUnavailable("not yet")
        self.is_open = True

    async def __aexit__(self, *_: object) -> None:
        self.is_open = False


async def test_the_broker_connects_whenever_kafka_comes(tmp_path: Path) -> None:
    publisher, session = FakePublisher(MemoryDatabase()), FakeSession(refusals=1)
    broker = Broker(publisher, session, Metrics(), Breaker("kafka", BrokerUnavailable), pause_s=0.01)
    with pytest.raises(BrokerUnavailable):
        await broker.publish([beat()])
    async with running({"kafka": broker.run}):
        await until(lambda: session.is_open)
        assert await broker.publish([beat()]) == [Position("service.beat", 0, 0)]
        assert broker.acknowledged_within(60)
        publisher.away = True
        with pytest.raises(BrokerUnavailable):
            await broker.publish([beat()])
        assert not broker.acknowledged_within(60)
    assert not session.is_open


async def test_readiness_asks_kafka_only_when_nothing_was_acknowledged_lately(tmp_path: Path) -> None:
    database = MemoryDatabase()
    publisher = FakePublisher(database)
    broker = Broker(publisher, FakeSession(0), Metrics(), Breaker("kafka", BrokerUnavailable))
    own = own_beat(broker)
    following = Following(FakeFeed(age_s=60), 15)
    every = looks(broker, own, 60, database, ReadModels(database), NullStore(full=True), following)
    async with running({"kafka": broker.run}):
        await asyncio.sleep(0)
        for _ in range(3):
            found = await readiness(every, stopping=False)
        assert len(publisher.events) == 1
    assert {name: check.ok for name, check in found.checks.items()} == {
        "kafka": True,
        "mongodb": True,
        "read_models": False,
        "blobs": True,
        "accounts": False,
    }
    assert found.checks["blobs"].detail == FULL, "what is there is served all the same"
    assert "Who may come in" in found.checks["accounts"].detail


async def test_a_look_that_hangs_is_given_up() -> None:
    async def hang() -> str:
        await asyncio.Event().wait()
        return "never"

    found = await readiness({"kafka": hang}, stopping=False, patience_s=0.01)
    assert (found.ready, found.checks["kafka"].ok) == (False, False)
    assert "no answer" in found.checks["kafka"].detail


async def test_a_background_task_that_fails_is_started_again() -> None:
    runs: list[int] = []

    async def duty() -> None:
        runs.append(1)
        raise RuntimeError("an odd record")

    async with running({"duty": duty}, pause_s=0.001):
        await until(lambda: len(runs) > 2)


async def test_a_background_task_survives_a_cancellation_that_nobody_asked_for() -> None:
    runs: list[int] = []

    async def duty() -> None:
        runs.append(1)
        cancelled = asyncio.get_running_loop().create_future()
        cancelled.cancel()
        await cancelled

    async with running({"duty": duty}, pause_s=0.001):
        await until(lambda: len(runs) > 2)
    at_the_end = len(runs)
    await asyncio.sleep(0)
    assert len(runs) == at_the_end, "what is asked to stop stops"


async def ordered(w: World, command: str, instance: str = "worker-1") -> dict[str, Any]:
    answer = await w.client.post(f"/api/v1/system/workers/{instance}/{command}")
    assert answer.status_code == 202, answer.text
    said: dict[str, Any] = answer.json()["worker"]
    return said


async def workers(w: World) -> dict[str, dict[str, Any]]:
    return {item["instance"]: item for item in (await w.client.get("/api/v1/system/workers")).json()["items"]}


async def test_workers_are_listed_with_what_they_were_ordered(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.beats.put(beat("worker-1", slots="2", running="1"), beat("worker-2", slots="1"), beat("gateway-1"))
        await w.beats.queue.join()
        assert (await ordered(w, "pause"))["order"] == "pause"
        await ordered(w, "drain", "worker-2")
        w.beats.put(beat("worker-2", "draining", START + timedelta(seconds=1), drained="true"))
        await w.beats.queue.join()
        found = await workers(w)
        assert {name: (each["order"], each["drained"]) for name, each in found.items()} == {
            "worker-1": ("pause", False),
            "worker-2": ("drain", True),
        }
        assert (found["worker-1"]["slots"], found["worker-1"]["running"]) == (2, 1)


async def test_each_order_to_a_worker_is_the_next_version_and_the_last_one_stands(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.beats.put(beat("worker-1"))
        await w.beats.queue.join()
        for command in ("pause", "drain", "resume", "pause"):
            w.clock.move(seconds=1)
            await ordered(w, command)
        told = [e for e in w.publisher.events if isinstance(e, ResourceChanged)]
        assert [(e.resource, e.version, read(e.value)) for e in told] == [
            ("worker/worker-1", 1, "pause"),
            ("worker/worker-1", 2, "drain"),
            ("worker/worker-1", 3, "work"),
            ("worker/worker-1", 4, "pause"),
        ]
        w.clock.move(seconds=1000)
        assert (await workers(w))["worker-1"]["state"] == "down"
        await ordered(w, "resume")
        assert await workers(w) == {}


@pytest.mark.parametrize("name", ["worker-9", "gateway-1"])
async def test_only_workers_that_there_are_can_be_ordered_about(tmp_path: Path, name: str) -> None:
    async with world(tmp_path) as w:
        w.beats.put(beat("worker-1"), beat("gateway-1"))
        await w.beats.queue.join()
        answer = await w.client.post(f"/api/v1/system/workers/{name}/pause")
        assert_problem(answer, 404, "worker-not-found")
        assert w.publisher.events == []
