"""Every change of a task is one compare-and-set; whoever lost a claim can change nothing any more."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.read_models import STATE
from processors.work.ledger import JOBS, LEDGER, TASKS, Hold, Ledger
from processors.work.tasks import Task
from schemas.codec import Codec
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, only

LEASE = timedelta(seconds=30)


class World:
    """A ledger with one task in it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.database = MemoryDatabase(self.clock)
        self.ledger = Ledger(self.database, Codec())
        self.planned = samples.task_changed()

    async def open(self, incarnation: str = "life-1") -> World:
        self.database.collections.setdefault(STATE, {}).pop(LEDGER, None)
        await self.database.insert(STATE, {"_id": LEDGER, "incarnation": incarnation, "open": True})
        return self

    async def ready(self) -> Task:
        await self.ledger.record(self.planned)
        task = Task.planned(self.planned)
        assert await self.ledger.admit(task)
        return task

    async def claimed(self, worker: str = "w1") -> Task:
        task = await self.ready()
        claimed = await self.ledger.claim(task.id, task.epoch, worker, LEASE)
        assert claimed is not None
        return claimed

    async def state(self) -> str:
        task = await self.ledger.get("t1")
        assert task is not None
        return task.state


@pytest.fixture
async def world() -> World:
    return await World().open()


async def test_a_task_comes_back_from_its_document_as_it_went(world: World) -> None:
    await world.ledger.record(world.planned)
    assert await world.ledger.get("t1") == Task.planned(world.planned)


async def test_a_claim_raises_the_epoch_and_starts_a_lease(world: World) -> None:
    task = await world.claimed()
    assert (task.epoch, task.worker, task.incarnation) == (1, "w1", "life-1")
    assert task.lease_until == world.clock.now() + LEASE


async def test_only_one_claim_wins(world: World) -> None:
    task = await world.ready()
    assert await world.ledger.claim(task.id, 0, "w1", LEASE) is not None
    assert await world.ledger.claim(task.id, 0, "w2", LEASE) is None


async def test_claims_are_shut_while_the_ledger_is_derived(world: World) -> None:
    task = await world.ready()
    await world.database.change(STATE, LEDGER, {}, {"open": False})
    assert await world.ledger.claim(task.id, 0, "w1", LEASE) is None


async def test_a_plan_that_comes_twice_changes_nothing(world: World) -> None:
    await world.claimed()
    await world.ledger.record(world.planned)
    assert await world.state() == "running"


async def test_the_leader_may_be_faster_than_the_projection(world: World) -> None:
    assert await world.ledger.admit(Task.planned(world.planned))
    assert await world.state() == "ready"
    await world.ledger.record(world.planned)
    assert not await world.ledger.admit(Task.planned(world.planned))


async def test_a_projection_in_the_midst_of_letting_in_does_no_harm(world: World) -> None:
    class Between(MemoryDatabase):
        async def insert(self, collection: str, document: dict[str, object]) -> bool:
            if collection == TASKS:
                await super().insert(TASKS, {**document, "state": "waiting"})
            return await super().insert(collection, document)

    ledger = Ledger(Between(world.clock), Codec())
    assert await ledger.admit(Task.planned(world.planned))
    task = await ledger.get("t1")
    assert task is not None
    assert task.state == "ready"


def making(id: str, makes: str = "film/p:0+8") -> Task:
    return Task.planned(samples.task_changed(task_id=id, plan=samples.plan(makes=makes)))


@pytest.mark.parametrize("known", ["nowhere", "waiting", "ready"])
async def test_what_was_only_just_planned_is_claimed_wherever_it_has_come(world: World, known: str) -> None:
    task = making("t1")
    if known != "nowhere":
        await world.database.insert(TASKS, replace(task, state=known).written())
    claimed = await world.ledger.claim_planned(task, "w1", LEASE, "life-1")
    assert claimed is not None
    assert (claimed.state, claimed.epoch, claimed.worker) == ("running", 1, "w1")
    assert claimed.lease_until == world.clock.now() + LEASE
    assert await world.ledger.claim_planned(task, "w2", LEASE, "life-1") is None


async def test_a_projection_in_the_midst_of_such_a_claim_does_no_harm(world: World) -> None:
    class Between(MemoryDatabase):
        async def insert(self, collection: str, document: dict[str, object]) -> bool:
            await super().insert(collection, dict(document))
            return await super().insert(collection, document)

    assert await Ledger(Between(world.clock), Codec()).claim_planned(making("t1"), "w1", LEASE, "life-1")


@pytest.mark.parametrize("state", ["completed", "dead", "cancelled", "running"])
async def test_what_has_moved_on_is_not_claimed_as_planned(world: World, state: str) -> None:
    await world.database.insert(TASKS, replace(making("t1"), state=state).written())
    assert await world.ledger.claim_planned(making("t1"), "w1", LEASE, "life-1") is None
    assert await world.state() == state


@pytest.mark.parametrize("state", ["ready", "running", "waiting", "completed"])
async def test_what_another_task_makes_is_not_claimed_beside_it(world: World, state: str) -> None:
    await world.database.insert(TASKS, replace(making("t9"), state=state).written())
    claimed = await world.ledger.claim_planned(making("t1"), "w1", LEASE, "life-1")
    assert (claimed is None) is (state in ("ready", "running"))


async def test_of_two_that_make_the_same_and_are_claimed_at_once_one_is_kept(world: World) -> None:
    class Together(MemoryDatabase):
        """Both look before either is claimed."""

        async def change(self, collection: str, id: str, where: Any, to: Any) -> bool:
            await asyncio.sleep(0.01)
            return await super().change(collection, id, where, to)

    ledger = Ledger(Together(world.clock), Codec())
    claims = (ledger.claim_planned(making(id), id, LEASE, "life-1") for id in ("t1", "t2"))
    kept = [task for task in await asyncio.gather(*claims) if task]
    assert [task.id for task in kept] == ["t1"]
    assert [task.id for task in await ledger.in_state("waiting")] == ["t2"]


async def test_renewal_keeps_the_lease(world: World) -> None:
    task = await world.claimed()
    world.clock.advance(20)
    assert await world.ledger.renew(task, LEASE) is Hold.KEPT
    renewed = await world.ledger.get(task.id)
    assert renewed is not None
    assert renewed.lease_until == world.clock.now() + LEASE


async def test_completion_stores_what_it_has_to_tell(world: World) -> None:
    task = await world.claimed()
    event = task.told("completed", "worker:w1", world.clock.now(), outcome="{}")
    assert await world.ledger.complete(task, event)
    told = only(await world.ledger.outboxes())
    assert told.event == event
    await world.ledger.settle(told)
    assert await world.ledger.outboxes() == []
    assert await world.state() == "completed"


async def test_an_expired_claim_can_do_nothing(world: World) -> None:
    """The worker was stopped; it wakes after its lease was given to another."""
    zombie = await world.claimed("w1")
    world.clock.advance(31)
    event = replace(zombie, attempts=1).told("expired", "service:ledger", world.clock.now())
    assert await world.ledger.expire(zombie, event)
    again = await world.ledger.get("t1")
    assert again is not None
    assert await world.ledger.admit(again)
    assert await world.ledger.claim("t1", again.epoch, "w2", LEASE) is not None
    done = zombie.told("completed", "worker:w1", world.clock.now(), outcome="{}")
    assert await world.ledger.renew(zombie, LEASE) is Hold.LOST
    assert not await world.ledger.complete(zombie, done)
    assert not await world.ledger.fail(zombie, done, None)
    assert not await world.ledger.release(zombie)
    assert await world.state() == "running"


async def test_a_claim_of_an_earlier_life_of_the_ledger_can_do_nothing(world: World) -> None:
    zombie = await world.claimed("w1")
    world.database.collections.clear()
    await world.open("life-2")
    task = await world.ready()
    again = await world.ledger.claim(task.id, 0, "w1", LEASE)
    assert again is not None
    assert (again.epoch, again.worker) == (zombie.epoch, zombie.worker)
    assert await world.ledger.renew(zombie, LEASE) is Hold.LOST
    assert not await world.ledger.complete(zombie, zombie.told("completed", "w", world.clock.now()))


async def test_a_lease_that_was_renewed_in_between_is_not_taken(world: World) -> None:
    """A leader that was stopped wakes with what it had read before."""
    seen = await world.claimed()
    world.clock.advance(31)
    assert await world.ledger.renew(seen, LEASE) is Hold.KEPT
    event = seen.told("expired", "service:ledger", world.clock.now())
    assert not await world.ledger.expire(seen, event)
    assert await world.state() == "running"


async def test_two_leaders_that_take_the_same_lease_take_it_once(world: World) -> None:
    seen = await world.claimed()
    world.clock.advance(31)
    event = seen.told("expired", "service:ledger", world.clock.now())
    assert [await world.ledger.expire(seen, event) for _ in range(2)] == [True, False]
    task = await world.ledger.get("t1")
    assert task is not None
    assert (task.attempts, task.lost) == (0, 1)


async def test_cancelling_ends_what_nobody_has_and_tells_who_has_it(world: World) -> None:
    task = await world.claimed()
    other = samples.task_changed(task_id="t2", plan=samples.plan(index=1))
    await world.ledger.record(other)
    await world.ledger.cancel_run("j1", 1)
    waiting = await world.ledger.get("t2")
    assert waiting is not None
    assert waiting.state == "cancelled"
    assert await world.ledger.renew(task, LEASE) is Hold.CANCELLED
    assert not await world.ledger.complete(task, task.told("completed", "w", world.clock.now()))
    assert await world.ledger.drop(task)
    assert await world.state() == "cancelled"


async def test_a_task_of_a_run_that_is_over_is_moot(world: World) -> None:
    task = await world.claimed()
    assert await world.ledger.wanted(task) is Hold.KEPT
    await world.database.insert(JOBS, {"_id": "j1", "run": 1, "verdict": None})
    assert await world.ledger.wanted(task) is Hold.KEPT
    await world.database.change(JOBS, "j1", {}, {"verdict": {"run": 1, "status": "cancelled"}})
    assert await world.ledger.wanted(task) is Hold.CANCELLED
    await world.database.change(JOBS, "j1", {}, {"verdict": None, "run": 2})
    assert await world.ledger.wanted(task) is Hold.CANCELLED


async def test_a_claim_on_a_paused_job_holds_and_says_so(world: World) -> None:
    task = await world.claimed()
    await world.ledger.pause_run("j1", 1, on=True)
    assert await world.ledger.renew(task, LEASE) is Hold.PAUSED
    await world.ledger.pause_run("j1", 2, on=False)
    assert await world.ledger.renew(task, LEASE) is Hold.PAUSED
    await world.ledger.pause_run("j1", 1, on=False)
    assert await world.ledger.renew(task, LEASE) is Hold.KEPT
    assert await world.ledger.complete(task, task.told("completed", "w", world.clock.now()))


async def test_what_is_claimed_of_a_paused_run_is_not_wanted(world: World) -> None:
    task = await world.claimed()
    pause = {"run": 1, "on": True}
    await world.database.insert(JOBS, {"_id": "j1", "run": 1, "verdict": None, "pause": pause})
    assert await world.ledger.wanted(task) is Hold.PAUSED
    await world.database.change(JOBS, "j1", {}, {"pause.run": 0})
    assert await world.ledger.wanted(task) is Hold.KEPT


async def test_a_failed_attempt_waits_and_then_dies(world: World) -> None:
    task = await world.claimed()
    failed = replace(task, attempts=1).told("failed", "w", world.clock.now(), code="x", error="y")
    assert await world.ledger.fail(task, failed, timedelta(seconds=2))
    again = await world.ledger.get("t1")
    assert again is not None
    assert (again.state, again.attempts) == ("waiting", 1)
    assert again.not_before == world.clock.now() + timedelta(seconds=2)
