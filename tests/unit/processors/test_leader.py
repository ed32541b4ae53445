"""The leader lets tasks in, takes back what died and tells the untold; two leaders do no more than one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors.read_models import STATE
from processors.transcode.handle import requested_job
from processors.work.jobs import Jobs
from processors.work.leader import Leader, LeaderSettings
from processors.work.ledger import LEDGER, TASKS, Ledger
from processors.work.observer import Silent
from processors.work.tasks import Task
from schemas import events
from schemas.codec import Codec
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, MemoryLog, only

LEASE = timedelta(seconds=30)


class World:
    """A leader over doubles. It is driven by hand: `leader.tick` and `leader.fill`."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.clock = FakeClock(samples.WHEN)
        self.database = MemoryDatabase(self.clock)
        self.ledger = Ledger(self.database, Codec())
        self.leader = self.another_leader()

    def another_leader(self) -> Leader:
        settings = LeaderSettings(tick=timedelta(milliseconds=20), window_per_slot=1)
        return Leader(self.ledger, self.log, self.log, self.clock, lambda: True, settings)

    async def plan(self, count: int = 1, hear: bool = True, **plan: Any) -> list[events.TaskChanged]:
        first = len(self.database.collections.get(TASKS, {}))
        made = [
            samples.task_changed(task_id=f"t{n:03}", plan=samples.plan(**{"index": n, "tools": [], **plan}))
            for n in range(first, first + count)
        ]
        for event in made:
            await self.ledger.record(event)
            if hear:
                self.leader._hear(event)
        return made

    async def open_job(self) -> None:
        jobs = Jobs(self.ledger, self.clock, "t")
        await jobs.record(requested_job(samples.requested()))
        self.clock.advance(61)

    async def look(self) -> None:
        """One tick that looks at everything."""
        self.leader._rescan_at = 0.0
        await self.leader.tick()

    async def in_state(self, state: str) -> list[str]:
        return sorted(task.id for task in await self.ledger.in_state(state))

    async def claim(self, task_id: str, worker: str = "w1") -> Task:
        task = await self.ledger.get(task_id)
        assert task is not None
        claimed = await self.ledger.claim(task_id, task.epoch, worker, LEASE)
        assert claimed is not None
        return claimed


@pytest.fixture
async def world() -> World:
    made = World()
    await made.database.insert(STATE, {"_id": LEDGER, "incarnation": "life", "open": True})
    await made.leader.take_over()
    return made


async def test_what_is_planned_is_let_in_and_told_with_its_plan(world: World) -> None:
    (planned,) = await world.plan()
    await world.leader.fill()
    ready = only(world.log.of("task.changed"))
    assert (ready.state, ready.task_id, ready.plan) == ("ready", planned.task_id, planned.plan)


async def test_the_window_follows_the_workers_places(world: World) -> None:
    await world.plan(20)
    await world.leader.fill()
    assert len(await world.in_state("ready")) == 2
    world.leader._hear(samples.beat(details={"slots": "5", "tools": ""}))
    await world.leader.fill()
    assert len(await world.in_state("ready")) == 7


async def test_a_worker_that_went_silent_no_longer_counts(world: World) -> None:
    world.leader._hear(samples.beat(details={"slots": "5", "tools": ""}))
    world.clock.advance(60)
    await world.plan(20)
    await world.leader.fill()
    assert len(await world.in_state("ready")) == 2


async def test_light_tasks_skip_the_window(world: World) -> None:
    await world.plan(10)
    await world.plan(5, cpu=0.25)
    await world.leader.fill()
    assert len(await world.in_state("ready")) == 2 + 5


async def test_idle_tasks_have_a_window_of_their_own(world: World) -> None:
    await world.plan(10, cpu=0.0, priority="low")
    await world.leader.fill()
    assert len(await world.in_state("ready")) == 2
    await world.plan(10, priority="background")
    await world.leader.fill()
    assert len(await world.in_state("ready")) == 2 + 2


async def test_a_full_window_of_less_urgent_tasks_keeps_no_urgent_one_out(world: World) -> None:
    await world.plan(10, priority="low")
    await world.leader.fill()
    await world.plan(1, priority="high")
    await world.leader.fill()
    assert "t010" in await world.in_state("ready")


async def test_tools_that_no_worker_has_are_waited_for(world: World) -> None:
    await world.plan(1, tools=["gpu"])
    await world.leader.fill()
    assert await world.in_state("ready") == []
    world.leader._hear(samples.beat(details={"slots": "1", "tools": "ffmpeg,gpu"}))
    await world.leader.fill()
    assert await world.in_state("ready") == ["t000"]


async def test_what_a_worker_took_for_a_viewer_counts_as_under_way(world: World) -> None:
    """Nobody let it in, and what makes the same stands behind it."""
    makes = "film/p:0+8"
    (planned,) = await world.plan(makes=makes)
    claimed = await world.ledger.claim_planned(Task.planned(planned), "w1", LEASE, "life")
    assert claimed is not None
    world.leader._hear(claimed.told("running", "worker:w1", world.clock.now()))
    await world.plan(makes=makes)
    await world.leader.fill()
    assert await world.in_state("ready") == []
    world.leader._hear(claimed.told("completed", "worker:w1", world.clock.now()))
    await world.leader.fill()
    assert await world.in_state("ready") == ["t001"]


async def test_what_a_worker_took_while_the_leader_let_it_in_counts_as_under_way(world: World) -> None:
    makes = "film/p:0+8"
    (planned,) = await world.plan(makes=makes)
    assert await world.ledger.claim_planned(Task.planned(planned), "w1", LEASE, "life")
    await world.leader.fill()  # it is taken already, of which the leader has not heard
    await world.plan(makes=makes)
    await world.leader.fill()
    assert await world.in_state("ready") == []


async def test_a_lease_that_ran_out_gives_the_task_back_and_in_again(world: World) -> None:
    await world.plan()
    await world.leader.fill()
    await world.claim("t000")
    world.clock.advance(29)
    await world.leader.tick()
    assert await world.in_state("running") == ["t000"]
    world.clock.advance(2)
    await world.leader.tick()
    assert await world.in_state("ready") == ["t000"]
    task = await world.ledger.get("t000")
    assert task is not None
    assert (task.attempts, task.lost, task.worker) == (0, 1, None)


async def test_a_task_that_kills_its_workers_dies_and_says_why(world: World) -> None:
    await world.plan(max_attempts=2)
    await world.leader.fill()
    for _ in range(6):
        assert await world.in_state("dead") == []
        await world.claim("t000")
        world.clock.advance(31)
        await world.leader.tick()
    await world.leader.tick()
    assert await world.in_state("dead") == ["t000"]
    (dead,) = [e for e in world.log.of("task.changed") if e.state == "dead"]
    assert dead.code == "worker_lost"


async def test_two_leaders_change_nothing_twice(world: World) -> None:
    other = world.another_leader()
    await world.plan(1)
    await other.take_over()
    await world.leader.fill()
    await world.claim("t000")
    world.clock.advance(31)
    await asyncio.gather(world.leader.tick(), other.tick())
    await asyncio.gather(world.leader.tick(), other.tick())
    task = await world.ledger.get("t000")
    assert task is not None
    assert task.lost == 1
    told = [(e.state, e.epoch) for e in world.log.of("task.changed")]
    assert told.count(("ready", 0)) == 1
    assert told.count(("ready", 1)) == 1


async def test_what_a_dead_worker_left_untold_is_told_once(world: World) -> None:
    await world.plan()
    await world.leader.fill()
    task = await world.claim("t000")
    done = task.told("completed", "worker:w1", world.clock.now(), outcome="{}")
    assert await world.ledger.complete(task, done)
    for _ in range(4):
        await world.leader.tick()
    assert [e for e in world.log.of("task.changed") if e.state == "completed"] == [done]
    assert await world.ledger.outboxes() == []


async def test_a_retry_waits_for_its_time(world: World) -> None:
    await world.plan()
    await world.leader.fill()
    task = await world.claim("t000")
    failed = task.told("failed", "w", world.clock.now(), attempts=1, code="x", error="y")
    await world.ledger.fail(task, failed, timedelta(seconds=10))
    world.leader._hear(failed)
    await world.leader.fill()
    assert await world.in_state("ready") == []
    world.clock.advance(11)
    await world.leader.tick()
    assert await world.in_state("ready") == ["t000"]


async def test_a_plan_that_is_told_again_hides_no_task_that_has_moved_on(world: World) -> None:
    """Stages that start anew tell again what they had told."""
    (planned,) = await world.plan()
    await world.leader.fill()
    task = await world.claim("t000")
    released = task.told("released", "w", world.clock.now())
    assert await world.ledger.release(task)
    world.leader._hear(released)
    await world.leader._look_up()
    world.leader._hear(planned)
    await world.leader.fill()
    await world.leader.fill()
    assert await world.in_state("ready") == ["t000"]


async def test_the_leader_tells_how_much_work_there_is(world: World) -> None:
    seen: list[tuple[dict[str, int], float]] = []

    class Heard(Silent):
        def tasks(self, by_state: Mapping[str, int], oldest_ready_s: float) -> None:
            seen.append((dict(by_state), oldest_ready_s))

    world.leader.observer = Heard()
    await world.plan(5)
    await world.leader.fill()
    await world.claim("t000")
    world.clock.advance(7)
    await world.leader.tick()
    assert seen == [({"waiting": 3, "ready": 1, "running": 1}, 7.0)]


async def test_a_job_that_no_worker_can_do_is_said_to_stand_still_once(world: World) -> None:
    await world.open_job()
    await world.plan(1, tools=["gpu"])
    with capture_logs() as said:
        for _ in range(4):
            await world.look()
    (line,) = [line for line in said if line["event"] == "a job stands still"]
    assert (line["job"], line["why"]) == ("j1", "no living worker has gpu")
    assert list(world.leader.stuck) == ["j1"]
    world.leader._hear(
        samples.beat(meta=samples.meta(now=world.clock.now()), details={"slots": "1", "tools": "gpu"})
    )
    await world.look()
    assert world.leader.stuck == {}


async def test_a_job_between_two_steps_is_not_taken_for_stuck(world: World) -> None:
    await world.open_job()
    await world.look()
    assert world.leader.stuck == {}
    await world.look()
    assert list(world.leader.stuck.values()) == ["it has no tasks yet, and nobody looks at its medium"]


async def test_a_new_leader_learns_what_waits_from_the_ledger(world: World) -> None:
    await world.plan(1, hear=False)
    await world.leader.fill()
    assert await world.in_state("ready") == []
    await world.another_leader().take_over()
    assert await world.in_state("ready") == ["t000"]


async def test_cancelled_jobs_are_not_let_in(world: World) -> None:
    await world.plan(10)
    world.leader._hear(samples.controlled("cancel"))
    await world.leader.fill()
    assert await world.in_state("ready") == []


async def paused(world: World, on: bool = True) -> None:
    """As if the job's stage had heard of it."""
    jobs = Jobs(world.ledger, world.clock, "t")
    await jobs.record(requested_job(samples.requested()))
    job = await jobs.get("j1")
    assert job is not None
    await jobs.pause(job, on, world.clock.now() + timedelta(seconds=0 if on else 1))


async def test_a_paused_job_is_kept_out_also_by_the_next_leader(world: World) -> None:
    await world.plan(10)
    await world.leader.fill()
    await paused(world)
    await world.leader.tick()
    assert await world.in_state("ready") == []
    other = world.another_leader()
    await other.take_over()
    assert await world.in_state("ready") == []
    await paused(world, on=False)
    await other.tick()
    assert len(await world.in_state("ready")) == 2


async def test_what_was_let_in_before_a_pause_is_let_in_again_after_it(world: World) -> None:
    await world.plan(1)
    await world.leader.fill()
    await paused(world)
    await world.leader.tick()
    await paused(world, on=False)
    await world.leader.tick()
    assert await world.in_state("ready") == ["t000"]


async def test_a_worker_that_takes_nothing_does_not_count(world: World) -> None:
    await world.plan(20)
    for state in ("up", "paused"):
        world.leader._hear(samples.beat(state=state, details={"slots": "5", "tools": ""}))
    await world.leader.fill()
    assert len(await world.in_state("ready")) == 2


async def test_a_higher_priority_goes_before(world: World) -> None:
    await world.plan(3, hear=False)
    world.leader._hear(samples.task_changed(task_id="t000", plan=samples.plan(tools=[], owner_id="z")))
    world.leader._hear(
        samples.task_changed(task_id="t001", job_id="j2", plan=samples.plan(tools=[], index=1))
    )
    world.leader._hear(samples.controlled("priority", job_id="j2", priority="high"))
    await world.leader.fill()
    assert world.log.of("task.changed")[0].task_id == "t001"


async def test_a_database_that_is_away_loses_no_waiting_task(world: World) -> None:
    await world.plan()
    world.database.away = True
    with pytest.raises(Exception, match="no server"):
        await world.leader.fill()
    world.database.away = False
    await world.leader.fill()
    assert await world.in_state("ready") == ["t000"]


async def test_a_leader_that_is_stopped_while_news_come_in_stops(world: World) -> None:
    """asyncio.wait_for swallows a cancellation that meets the end of what it waits for."""
    for _ in range(20):
        leader = world.another_leader()
        running = asyncio.create_task(leader.run())
        while not leader.leading:
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        leader._wake.set()
        running.cancel()
        await asyncio.wait([running], timeout=30)
        assert running.cancelled()


async def test_the_running_leader_lets_in_what_it_hears_of(world: World) -> None:
    running = asyncio.create_task(world.another_leader().run())
    await world.log.publish([samples.task_changed(plan=samples.plan(tools=[]))])
    async with asyncio.timeout(30):
        while not await world.in_state("ready"):
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
