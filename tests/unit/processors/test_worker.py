"""A worker does what fits, under a lease; what it lost it drops at once, what it holds it gives back."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.brakes import Brakes
from connectors.ports import ScannerUnavailable, StoreFull
from connectors.process import DISK_FULL
from connectors.read_models import STATE
from processors.transcode.handle import requested_job
from processors.work.admission import Admission, Limits, Machine
from processors.work.attempt import backoff, once_more
from processors.work.execution import Execution, GivenBack, TaskFailed
from processors.work.foreman import ASIDE
from processors.work.giving_way import Load
from processors.work.jobs import Jobs
from processors.work.ledger import LEDGER, TASKS, Ledger
from processors.work.tasks import WAITS, Task
from processors.work.worker import Worker, WorkerSettings
from schemas import events
from schemas.codec import Codec
from schemas.workers import DRAIN, PAUSE, WORK, Order, written
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, MemoryLog, only

Work = Callable[[Execution], Awaitable[str]]
IDLE = Machine(0.0, 1 << 34, 0)


class World:
    """A worker over doubles, and a ledger to give it tasks through."""

    def __init__(self, scratch: Path, work: Work, *, max_jobs: int = 1, lease_s: float = 0.3) -> None:
        self.log = MemoryLog()
        self.clock = FakeClock()
        self.database = MemoryDatabase(self.clock)
        self.ledger = Ledger(self.database, Codec())
        self.worker = Worker(
            ledger=self.ledger,
            publisher=self.log,
            tail=self.log,
            clock=self.clock,
            admission=Admission(Limits(max_jobs=max_jobs), measure=lambda: IDLE),
            works={"transcode": work},
            meter=lambda: Load(0.0, 0.0, 0.0),
            settings=WorkerSettings(
                name="w1",
                scratch=scratch / "w1",
                tools=frozenset({"ffmpeg"}),
                lease=timedelta(seconds=lease_s),
                poll=timedelta(seconds=0.05),
                drain=timedelta(seconds=0.1),
            ),
        )

    async def add(self, task_id: str = "t1", **more: Any) -> Task:
        planned = samples.task_changed(task_id=task_id, **more)
        await self.ledger.admit(Task.planned(planned))
        return Task.planned(planned)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.database.insert(STATE, {"_id": LEDGER, "incarnation": "life", "open": True})
        run = asyncio.create_task(self.worker.run())
        try:
            yield
        finally:
            self.worker.stop()
            await asyncio.wait_for(run, 30)

    def told(self, state: str) -> list[events.TaskChanged]:
        return [e for e in self.log.of("task.changed") if e.state == state]

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not holds():
                await asyncio.sleep(0.005)

    def document(self, task_id: str = "t1") -> dict[str, Any]:
        return self.database.collections[TASKS][task_id]


async def quick(execution: Execution) -> str:
    (execution.folder / "made").touch()
    return '{"made": true}'


async def endless(execution: Execution) -> str:
    await asyncio.Event().wait()
    return "never"


async def test_a_ready_task_is_done_told_and_cleaned_up_after(tmp_path: Path) -> None:
    world = World(tmp_path, quick)
    await world.add()
    async with world.running():
        await world.until(lambda: world.told("completed"))
        await world.until(lambda: world.document()["outbox"] is None)
    done = only(world.told("completed"))
    assert (done.outcome, done.epoch, done.worker, done.incarnation) == ('{"made": true}', 1, "w1", "life")
    assert only(world.told("running")).epoch == 1
    assert list((tmp_path / "w1").iterdir()) == []


async def test_heavy_work_stands_still_while_a_viewer_waits_for_other_work(tmp_path: Path) -> None:
    world = World(tmp_path, endless, max_jobs=3, lease_s=30)
    held: list[frozenset[str]] = []

    class Watched(Brakes):
        def hold(self, owners: frozenset[str]) -> None:
            held.append(owners)

    world.worker.minder.brakes = Watched()
    await world.add("wanted", plan=samples.plan(makes="film/p:0+8"))
    await world.add("other", plan=samples.plan(index=1))
    await world.add("light", plan=samples.plan(index=2, cpu=0.25))
    async with world.running():
        await world.until(lambda: len(world.worker.running) == 3)
        waiting = samples.playback(makes="film/p", rendition="r", segment=3)
        waiting = replace(waiting, meta=samples.meta(now=world.clock.now()))
        await world.log.publish([waiting])
        await world.until(lambda: held and held[-1] == {"other"})
        await world.log.publish([samples.playback("stopped", makes=None)])
        await world.until(lambda: held[-1] == frozenset())


async def test_idle_work_is_not_begun_while_all_places_are_taken(tmp_path: Path) -> None:
    world = World(tmp_path, endless, lease_s=30)
    await world.add("busy")
    async with world.running():
        await world.until(lambda: world.worker.running)
        now = world.clock.now()
        young = await world.add("young", plan=samples.plan(index=1, cpu=0.0), meta=samples.meta(now=now))
        await world.log.publish([young.told("ready", "l", now, plan=young.plan)])
        await world.until(lambda: "young" in [task.id for task in world.worker._prospects])
        long_ago = samples.meta(now=now - timedelta(hours=1))
        old = await world.add("old", plan=samples.plan(index=2, cpu=0.0), meta=long_ago)
        await world.log.publish([old.told("ready", "l", now, plan=old.plan)])
        await world.until(lambda: {each.id for each in world.worker.running} == {"busy", "old"})


async def test_what_a_viewer_left_makes_room_at_once_for_what_the_next_one_waits_for(tmp_path: Path) -> None:
    world = World(tmp_path, endless, lease_s=30)
    for number in range(3):
        await world.add(f"t{number}", plan=samples.plan(index=number, makes=f"film/p:{8 * number}+8"))
    async with world.running():
        for number in range(3):
            waiting = samples.playback(makes="film/p", rendition="r", segment=8 * number + 3)
            await world.log.publish([replace(waiting, meta=samples.meta(now=world.clock.now()))])
            await world.until(lambda: any(t.plan.index == number for t in world.worker.running))  # noqa: B023
        await world.until(lambda: world.told("released"))
        assert len(world.worker.running) == 2


async def test_a_viewer_s_task_has_a_place_where_all_are_taken(tmp_path: Path) -> None:
    world = World(tmp_path, endless, lease_s=30)
    await world.add("busy")
    async with world.running():
        await world.until(lambda: world.worker.running)
        waiting = samples.playback(makes="film/p", rendition="r", segment=3)
        await world.log.publish([replace(waiting, meta=samples.meta(now=world.clock.now()))])
        task = await world.add("wanted", plan=samples.plan(index=1, makes="film/p:0+8"))
        await world.log.publish([task.told("ready", "l", world.clock.now(), plan=task.plan)])
        await world.until(lambda: {each.id for each in world.worker.running} == {"busy", "wanted"})


async def test_news_of_a_ready_task_need_no_poll(tmp_path: Path) -> None:
    world = World(tmp_path, quick)
    async with world.running():
        await world.until(lambda: (tmp_path / "w1").exists())
        task = await world.add()
        await world.log.publish([task.told("ready", "l", world.clock.now(), plan=task.plan)])
        await world.until(lambda: world.told("completed"))


async def test_what_a_viewer_waits_for_is_begun_as_soon_as_it_is_planned(tmp_path: Path) -> None:
    world = World(tmp_path, endless, lease_s=30)
    async with world.running():
        await world.until(lambda: (tmp_path / "w1").exists())
        waiting = samples.playback(makes="film/p", rendition="r", segment=11)
        await world.log.publish([replace(waiting, meta=samples.meta(now=world.clock.now()))])
        for n in range(3):
            plan = samples.plan(index=n, makes=f"film/p:{8 * n}+8")
            await world.log.publish([samples.task_changed(task_id=f"t{n}", plan=plan)])
        await world.until(lambda: world.worker.running)
    assert {event.task_id for event in world.told("running")} == {"t1"}


async def test_no_more_than_the_places_there_are(tmp_path: Path) -> None:
    most = 0

    async def work(execution: Execution) -> str:
        nonlocal most
        most = max(most, len(world.worker.running))
        await asyncio.sleep(0.01)
        return "{}"

    world = World(tmp_path, work, max_jobs=2)
    for n in range(6):
        await world.add(f"t{n}", plan=samples.plan(index=n))
    async with world.running():
        await world.until(lambda: len(world.told("completed")) == 6)
    assert most == 2


async def test_what_it_cannot_do_is_left_to_others(tmp_path: Path) -> None:
    world = World(tmp_path, quick)
    await world.add("gpu", plan=samples.plan(tools=["gpu"]))
    await world.add("other", kind="translate", plan=samples.plan(index=1))
    await world.add("mine", plan=samples.plan(index=2))
    async with world.running():
        await world.until(lambda: world.told("completed"))
    assert {world.document(id)["state"] for id in ("gpu", "other")} == {"ready"}


async def test_a_failure_is_tried_again_later(tmp_path: Path) -> None:
    async def work(execution: Execution) -> str:
        raise TaskFailed("tool_error", "ffmpeg: it broke")

    world = World(tmp_path, work)
    await world.add()
    async with world.running():
        await world.until(lambda: world.told("failed"))
    failed = only(world.told("failed"))
    assert (failed.code, failed.error, failed.attempts) == ("tool_error", "ffmpeg: it broke", 1)
    assert world.document()["state"] == "waiting"
    assert world.document()["not_before"] > world.clock.now()


@pytest.mark.parametrize("attempts", [2, 0])
async def test_the_last_attempt_or_a_hopeless_one_is_the_end(tmp_path: Path, attempts: int) -> None:
    async def work(execution: Execution) -> str:
        raise TaskFailed("bytes_missing", "gone", again=attempts > 0)

    world = World(tmp_path, work)
    await world.add(attempts=attempts)
    async with world.running():
        await world.until(lambda: world.told("dead"))
    assert world.document()["state"] == "dead"


async def test_an_unforeseen_error_is_a_failure_and_not_the_end_of_the_worker(tmp_path: Path) -> None:
    async def work(execution: Execution) -> str:
        if execution.task.id == "bad":
            raise ZeroDivisionError("oops")
        return "{}"

    world = World(tmp_path, work)
    await world.add("bad")
    await world.add("good", plan=samples.plan(index=1))
    async with world.running():
        await world.until(lambda: world.told("failed") and world.told("completed"))
    assert "ZeroDivisionError" in (only(world.told("failed")).error or "")


async def test_a_lease_is_renewed_while_work_goes_on(tmp_path: Path) -> None:
    finish = asyncio.Event()

    async def work(execution: Execution) -> str:
        await finish.wait()
        return "{}"

    world = World(tmp_path, work)
    await world.add()
    async with world.running():
        await world.until(lambda: world.worker.running)
        first = world.document()["lease_until"]
        world.clock.advance(10)
        await world.until(lambda: world.document()["lease_until"] > first)
        finish.set()
        await world.until(lambda: world.told("completed"))


async def test_a_lost_claim_ends_the_work_at_once_and_tells_nothing(tmp_path: Path) -> None:
    ended: list[str] = []

    async def work(execution: Execution) -> str:
        try:
            return await endless(execution)
        finally:
            ended.append(execution.task.id)

    world = World(tmp_path, work)
    await world.add()
    async with world.running():
        await world.until(lambda: world.worker.running)
        await world.database.change(TASKS, "t1", {}, {"epoch": 7, "worker": "w2"})
        await world.until(lambda: ended)
        await world.until(lambda: not world.worker.running)
    assert world.told("completed") == world.told("failed") == world.told("released") == []
    assert world.document()["worker"] == "w2"


async def test_a_worker_that_wakes_after_its_lease_cannot_publish_its_result(tmp_path: Path) -> None:
    wake = asyncio.Event()
    published: list[str] = []

    async def work(execution: Execution) -> str:
        await wake.wait()
        await execution.confirm()
        published.append("others see it")
        return "{}"

    world = World(tmp_path, work, lease_s=30)
    await world.add()
    async with world.running():
        await world.until(lambda: world.worker.running)
        await world.database.change(TASKS, "t1", {}, {"epoch": 7, "worker": "w2"})
        wake.set()
        await world.until(lambda: not world.worker.running)
    assert published == []
    assert world.told("completed") == []


async def test_what_its_predecessor_had_is_taken_back_at_once_and_counts_as_lost(tmp_path: Path) -> None:
    world = World(tmp_path, quick, lease_s=3600)
    for task_id, worker in (("mine", "w1"), ("another's", "w2")):
        task = await world.add(task_id)
        await world.database.insert(STATE, {"_id": LEDGER, "incarnation": "life", "open": True})
        assert await world.ledger.claim(task.id, 0, worker, timedelta(hours=1))
    async with world.running():
        await world.until(lambda: world.document("mine")["state"] == "waiting")
    assert (world.document("mine")["lost"], world.document("another's")["state"]) == (1, "running")
    told = world.ledger.decoded(world.document("mine")["outbox"])
    assert isinstance(told, events.TaskChanged)
    assert (told.state, told.code, told.epoch) == ("expired", "worker_lost", 1)


async def test_a_cancel_reaches_running_work_by_its_event(tmp_path: Path) -> None:
    world = World(tmp_path, endless, lease_s=3000)
    await world.add()
    async with world.running():
        await world.until(lambda: world.worker.running)
        await world.ledger.cancel_run("j1", 1)
        await world.log.publish([samples.controlled("cancel")])
        await world.until(lambda: not world.worker.running)
    assert world.document()["state"] == "cancelled"


async def test_a_cancel_reaches_what_is_claimed_while_it_is_under_way(tmp_path: Path) -> None:
    """The word comes first, then the claim, and only then is the job over for the ledger."""
    world = World(tmp_path, endless, lease_s=3000)
    async with world.running():
        await world.log.publish([samples.controlled("cancel")])
        await world.until(lambda: world.worker._steered)
        await world.add()
        await world.until(lambda: world.worker.running)
        await world.ledger.cancel_run("j1", 1)
        await world.until(lambda: not world.worker.running)
    assert world.document()["state"] == "cancelled"


async def test_a_database_that_is_away_ends_the_work_when_the_lease_does(tmp_path: Path) -> None:
    world = World(tmp_path, endless, lease_s=0.2)
    await world.add()
    async with world.running():
        await world.until(lambda: world.worker.running)
        world.database.away = True
        await world.until(lambda: not world.worker.running)
        world.database.away = False


async def test_a_completion_waits_for_a_database_that_comes_back(tmp_path: Path) -> None:
    async def work(execution: Execution) -> str:
        world.database.away = True
        asyncio.get_running_loop().call_later(0.05, lambda: setattr(world.database, "away", False))
        return "{}"

    world = World(tmp_path, work, lease_s=30)
    await world.add()
    async with world.running():
        await world.until(lambda: world.told("completed"))


async def test_what_kafka_did_not_take_stays_in_the_outbox(tmp_path: Path) -> None:
    async def work(execution: Execution) -> str:
        world.log.away = True
        return "{}"

    world = World(tmp_path, work)
    await world.add()
    async with world.running():
        await world.until(lambda: world.document()["state"] == "completed" and not world.worker.running)
    assert only(await world.ledger.outboxes()).event.state == "completed"


async def test_a_stopped_worker_gives_back_what_it_has(tmp_path: Path) -> None:
    world = World(tmp_path, endless, lease_s=30)
    await world.add()
    async with world.running():
        await world.until(lambda: world.worker.running)
    assert world.document()["state"] == "waiting"
    assert world.document()["attempts"] == 0
    assert only(world.told("released")).epoch == 1


async def test_a_task_of_a_cancelled_job_is_never_begun(tmp_path: Path) -> None:
    begun: list[str] = []

    async def work(execution: Execution) -> str:
        begun.append(execution.task.id)
        return "{}"

    world = World(tmp_path, work)
    await world.database.insert("ledger_jobs", {"_id": "j1", "run": 1, "verdict": {"run": 1}})
    await world.add()
    async with world.running():
        await world.until(lambda: world.document()["state"] == "cancelled")
    assert begun == []


async def paused_job(world: World) -> Jobs:
    jobs = Jobs(world.ledger, world.clock, "t")
    await jobs.record(requested_job(samples.requested()))
    job = await jobs.get("j1")
    assert job is not None
    await jobs.pause(job, True, world.clock.now())
    return jobs


async def until_left(execution: Execution) -> str:
    """Segments without end, and a border whenever one is asked for."""
    await execution.leave.wait()
    raise GivenBack


async def test_a_task_of_a_paused_job_is_given_back_and_no_attempt_is_counted(tmp_path: Path) -> None:
    world = World(tmp_path, until_left, lease_s=3000)
    await world.add(plan=samples.plan(makes="film/p:0+8"))
    async with world.running():
        await world.until(lambda: world.worker.running)
        await paused_job(world)
        await world.log.publish([samples.controlled("pause")])
        await world.until(lambda: world.told("released"))
    assert (world.document()["state"], world.document()["attempts"]) == ("waiting", 0)


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (ScannerUnavailable("the scanner is away"), "the scanner is away"),
        (StoreFull("the blob store is full"), "the blob store is full"),
        (OSError(errno.ENOSPC, "No space left"), DISK_FULL),
    ],
)
async def test_what_waits_for_something_that_is_away_waits_for_its_time_and_no_attempt_is_counted(
    tmp_path: Path, why: Exception, said: str
) -> None:
    async def waits(execution: Execution) -> str:
        raise why

    world = World(tmp_path, waits, lease_s=3000)
    planned = await world.add()
    world.clock.time = planned.created_at + timedelta(seconds=28)
    async with world.running():
        await world.until(lambda: world.told("released"))
    found = world.document()
    assert (found["state"], found["attempts"], found["lost"]) == ("waiting", 0, 0)
    assert found["not_before"] == world.clock.now() + timedelta(seconds=7)
    assert not world.told("failed")
    [told] = world.told("released")
    assert (told.code, told.error) == (WAITS, said)


def test_whoever_waits_longer_asks_less_often() -> None:
    waits = [once_more(timedelta(seconds=waited)).total_seconds() for waited in (0, 4, 40, 80, 120, 10_000)]
    assert waits == [1, 1, 10, 20, 30, 30]


async def test_what_makes_a_whole_file_of_a_paused_job_stops_and_its_place_is_free(tmp_path: Path) -> None:
    world = World(tmp_path, endless, lease_s=3000)
    await world.add("whole")
    async with world.running():
        await world.until(lambda: world.worker.running)
        jobs = await paused_job(world)
        await world.log.publish([samples.controlled("pause")])
        await world.until(lambda: "whole" in world.worker.minder.brakes._held)
        other = samples.task_changed(task_id="other", job_id="j2", plan=samples.plan(index=1))
        await world.ledger.admit(Task.planned(other))
        await world.until(lambda: {task.id for task in world.worker.running} == {"whole", "other"})
        job = await jobs.get("j1")
        assert job is not None
        await jobs.pause(job, False, world.clock.now() + timedelta(seconds=1))
        await world.log.publish([samples.controlled("resume")])
        await world.until(lambda: not world.worker.minder.brakes._held)


async def test_a_task_of_a_paused_job_is_begun_for_a_viewer_alone(tmp_path: Path) -> None:
    world = World(tmp_path, until_left, lease_s=3000)
    await paused_job(world)
    await world.add(plan=samples.plan(makes="film/p:0+8"))
    async with world.running():
        await world.until(lambda: world.told("released"))
        assert not world.told("running")
        playing = samples.playback(makes="film/p", rendition="r", segment=3)
        await world.log.publish([replace(playing, meta=samples.meta(now=world.clock.now()))])
        task = await world.ledger.get("t1")
        assert task is not None
        await world.ledger.admit(task)
        await world.until(lambda: world.told("running"))
        world.clock.advance(60)
        await world.until(lambda: len(world.told("released")) == 2)


def ordered(order: Order, version: int) -> events.ResourceChanged:
    return samples.resource("worker", "w1", resource="worker/w1", version=version, value=written(order))


async def test_a_paused_worker_leaves_what_it_has_and_claims_nothing_until_it_is_resumed(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, until_left, lease_s=3000)
    await world.add(plan=samples.plan(makes="film/p:0+8"))
    async with world.running():
        await world.until(lambda: world.worker.running)
        await world.log.publish([ordered(PAUSE, 1)])
        await world.until(lambda: world.told("released"))
        task = await world.ledger.get("t1")
        assert task is not None
        await world.ledger.admit(task)
        await world.log.publish([ordered(WORK, 2)])
        await world.until(lambda: len(world.told("running")) == 2)
    assert world.document()["attempts"] == 0


async def test_a_paused_worker_leaves_idle_work_wherever_it_is(tmp_path: Path) -> None:
    world = World(tmp_path, endless, lease_s=3000)
    await world.add(plan=samples.plan(cpu=0.0))
    async with world.running():
        await world.until(lambda: world.worker.running)
        await world.log.publish([ordered(PAUSE, 1)])
        await world.until(lambda: world.told("released"))
    assert (world.document()["state"], world.document()["attempts"]) == ("waiting", 0)


async def test_a_worker_that_was_paused_before_it_started_claims_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, quick)

    async def last_order() -> events.ResourceChanged:
        return ordered(PAUSE, 4)

    world.worker.last_order = last_order
    await world.add()
    async with world.running():
        await world.until(lambda: list(world.worker._prospects))
        assert world.worker.standing.state == "paused"
    assert world.told("running") == []


async def test_a_worker_that_learns_of_no_order_claims_nothing_and_can_still_be_stopped(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, quick)
    unknown = asyncio.Event()

    async def last_order() -> None:
        await unknown.wait()

    world.worker.last_order = last_order
    await world.add()
    async with world.running():
        await world.until(lambda: list(world.worker._prospects))
        assert world.worker.standing.state == "starting"
    assert world.told("running") == []


async def test_a_drained_worker_finishes_what_it_has_and_says_so(tmp_path: Path) -> None:
    finish = asyncio.Event()

    async def work(execution: Execution) -> str:
        await finish.wait()
        return "{}"

    world = World(tmp_path, work, max_jobs=2, lease_s=3000)
    await world.add()
    async with world.running():
        await world.until(lambda: world.worker.running)
        await world.log.publish([ordered(DRAIN, 1)])
        await world.until(lambda: world.worker.standing.state == "draining")
        await world.add("next", plan=samples.plan(index=1))
        assert not world.worker.drained
        finish.set()
        await world.until(lambda: world.worker.drained)
    assert [event.task_id for event in world.told("running")] == ["t1"]


async def test_a_worker_that_is_set_aside_claims_nothing_until_it_has_cooled(tmp_path: Path) -> None:
    world = World(tmp_path, endless, max_jobs=2)
    until = world.clock.now() + timedelta(minutes=1)
    await world.database.insert(ASIDE, {"_id": "w1", "strikes": 1, "until": until})
    for n in range(2):
        await world.add(f"t{n}", plan=samples.plan(index=n))
    async with world.running():
        await world.until(lambda: len(list(world.worker._prospects)) == 2)
        assert world.told("running") == []
        world.clock.advance(61)
        await world.until(lambda: world.worker.running)
        await world.until(lambda: len(list(world.worker._prospects)) == 1)
        assert len(world.worker.running) == 1
        await world.database.remove(ASIDE, "w1")
        await world.until(lambda: len(world.worker.running) == 2)


async def test_where_memory_is_short_the_youngest_task_is_given_back(tmp_path: Path) -> None:
    short = False

    async def work(execution: Execution) -> str:
        return await until_left(execution)

    world = World(tmp_path, work, max_jobs=2, lease_s=3000)
    world.worker.governor.moment_s = 0.01
    world.worker.governor.meter = lambda: Load(0.0, 0.0, 95.0 if short else 10.0)
    async with world.running():
        for n, id in enumerate(("old", "young")):
            await world.add(id, plan=samples.plan(index=n, makes=f"film/p:{8 * n}+8"))
            await world.until(lambda: id in {task.id for task in world.worker.running})  # noqa: B023
        world.worker.admission = Admission(Limits(max_jobs=0))
        short = True
        await world.until(lambda: world.told("released"))
        short = False
        await world.until(lambda: [task.id for task in world.worker.running] == ["old"])
    assert world.told("released")[0].task_id == "young"
    assert world.document("young")["attempts"] == 0


def test_each_wait_is_twice_the_last_up_to_a_minute() -> None:
    assert [backoff(n).total_seconds() for n in (1, 2, 3, 20)] == [1, 2, 4, 60]
