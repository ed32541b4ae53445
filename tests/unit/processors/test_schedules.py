"""A schedule's moment is heeded once, whoever leads: of two, after a sleep, after a death."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.ports import BrokerUnavailable, Delivery, Position
from connectors.read_models import POINTER, STATE
from processors.care.handle import chore_job
from processors.recover import ensure_state
from processors.views.handle import apply
from processors.work.jobs import Jobs, Verdict
from processors.work.leader import Leader
from processors.work.ledger import LEDGER, Ledger
from processors.work.schedules import Schedules
from processors.work.untold import Untold
from schemas import events
from schemas.codec import Codec
from schemas.schedules import KIND, Schedule
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, MemoryLog, only

GENERATION = "v1"
NIGHT = datetime(2026, 1, 2, 3, tzinfo=UTC)


class Stopped(MemoryDatabase):
    """Stops whoever writes, just before it would, until someone else was there."""

    meanwhile: Any = None

    async def change(self, collection: str, id: str, where: Mapping[str, Any], to: Mapping[str, Any]) -> bool:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return await super().change(collection, id, where, to)


class World:
    """Leaders' schedules over one database and one log; jobs end when a test says so."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.clock = FakeClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
        self.database = Stopped(self.clock)
        self.database.collections[STATE][POINTER] = {"_id": POINTER, "generation": GENERATION}
        self.ledger = Ledger(self.database, Codec())
        self.version = 0

    def leader(self) -> Schedules:
        return Schedules(self.ledger, self.log)

    async def say(self, cron: str = "0 3 * * *", **more: Any) -> None:
        """Someone makes the schedule `nightly`, or changes it."""
        said = {"zone": "UTC", "chore": "cleanup", "options": {}, "paused": False, "owner_id": "ann", **more}
        self.version += 1
        event = events.ResourceChanged(
            meta=samples.meta(now=self.clock.now()),
            resource=f"{KIND}/nightly",
            kind=KIND,
            id="nightly",
            version=self.version,
            value=Schedule(cron=cron, **said).written(),
        )
        await self.seen(event)

    async def seen(self, event: events.Event) -> None:
        await apply(self.database, GENERATION, [Delivery(event, Position("x", 0, 0))])

    async def heed(self, *leaders: Schedules, at: datetime) -> None:
        self.clock.time = at
        for leader in leaders:
            await leader.heed(at)

    @property
    def asked(self) -> list[events.ChoreRequested]:
        found: list[events.ChoreRequested] = self.log.of("chore.requested")
        return found

    async def end(self, status: str = "completed") -> None:
        """The chore that was asked for last has run."""
        jobs, job = Jobs(self.ledger, self.clock, "t"), chore_job(self.asked[-1])
        await jobs.record(job)
        await jobs.close(job, Verdict(status=status), self.asked[-1].meta)


@pytest.fixture
async def w() -> World:
    made = World()
    await made.say()
    return made


def later(**more: int) -> datetime:
    return NIGHT + timedelta(**more)


async def test_nothing_is_asked_for_before_its_moment_and_one_thing_then(w: World) -> None:
    leader = w.leader()
    for at in (later(hours=-15), later(seconds=-1), NIGHT, later(seconds=1), later(hours=5)):
        await w.heed(leader, at=at)
    asked = only(w.asked)
    assert (asked.kind, asked.schedule, asked.due_at, asked.missed) == ("cleanup", "nightly", NIGHT, 0)
    assert (asked.owner_id, asked.run, asked.meta.actor) == ("ann", 1, "service:ledger")
    assert asked.priority == "background"


async def test_each_night_is_a_job_of_its_own(w: World) -> None:
    leader = w.leader()
    for day in range(3):
        await w.heed(leader, at=later(days=day))
        await w.end()
    assert [each.due_at for each in w.asked] == [later(days=day) for day in range(3)]
    assert len({each.job_id for each in w.asked}) == 3


async def test_of_two_leaders_one_asks(w: World) -> None:
    first, second = w.leader(), w.leader()
    await w.heed(first, second, at=NIGHT)
    await w.end()
    await w.heed(second, first, at=later(days=1))
    assert [each.due_at for each in w.asked] == [NIGHT, later(days=1)]


async def test_a_leader_that_was_stopped_and_wakes_asks_for_nothing_twice(w: World) -> None:
    """It stops between its look and its write; another leads, and asks; then it wakes and writes."""
    sleeper, other = w.leader(), w.leader()
    await w.heed(sleeper, at=NIGHT)
    await w.end()

    async def meanwhile() -> None:
        await other.heed(later(days=1))

    w.database.meanwhile = meanwhile
    await w.heed(sleeper, at=later(days=1))
    assert [each.due_at for each in w.asked] == [NIGHT, later(days=1)]
    await w.heed(sleeper, at=later(days=1, seconds=1))
    assert len(w.asked) == 2


async def test_a_leader_that_dies_before_it_tells_is_told_for(w: World) -> None:
    w.log.away = True
    with pytest.raises(BrokerUnavailable):
        await w.heed(w.leader(), at=NIGHT)
    w.log.away = False
    untold, heir = Untold(w.ledger, w.log), w.leader()
    await w.heed(heir, at=later(seconds=5))
    assert w.asked == []
    await untold.tell()
    await untold.tell()
    await w.heed(heir, at=later(seconds=9))
    assert only(w.asked).due_at == NIGHT


async def test_what_is_not_told_yet_is_not_written_over(w: World) -> None:
    await w.heed(w.leader(), at=NIGHT)
    await w.end()
    w.log.away = True
    with pytest.raises(BrokerUnavailable):
        await w.heed(w.leader(), at=later(days=1))
    w.log.away = False
    await w.heed(w.leader(), at=later(days=2))
    untold = Untold(w.ledger, w.log)
    await untold.tell()
    await untold.tell()
    assert [each.due_at for each in w.asked] == [NIGHT, later(days=1)]


async def test_an_outage_of_days_is_made_up_for_by_one_run(w: World) -> None:
    await w.heed(w.leader(), at=NIGHT)
    await w.end()
    await w.heed(w.leader(), at=later(days=4, hours=2))
    asked = w.asked[-1]
    assert len(w.asked) == 2
    assert (asked.due_at, asked.missed) == (later(days=4), 3)


async def test_a_run_that_still_goes_on_is_not_overtaken(w: World) -> None:
    leader = w.leader()
    for day in range(3):
        await w.heed(leader, at=later(days=day))
    assert len(w.asked) == 1
    await w.end("failed")
    await w.heed(leader, at=later(days=2, hours=1))
    assert (w.asked[-1].due_at, w.asked[-1].missed) == (later(days=2), 1)


async def test_a_paused_schedule_is_not_due_and_makes_up_for_nothing_afterwards(w: World) -> None:
    leader = w.leader()
    await w.heed(leader, at=NIGHT)
    await w.end()
    await w.say(paused=True)
    await w.heed(leader, at=later(days=2))
    w.clock.time = later(days=2, hours=1)
    await w.say()
    await w.heed(leader, at=later(days=2, hours=2))
    assert only(w.asked).due_at == NIGHT
    await w.heed(leader, at=later(days=3))
    assert (w.asked[-1].due_at, w.asked[-1].missed) == (later(days=3), 0)


async def test_a_schedule_that_is_changed_goes_by_its_new_times(w: World) -> None:
    leader = w.leader()
    await w.heed(leader, at=later(hours=-2))
    await w.say(cron="30 2 * * *", chore="scrub", options={"outputs": False})
    await w.heed(leader, at=later(minutes=-30))
    asked = only(w.asked)
    assert (asked.kind, asked.options, asked.due_at) == ("scrub", '{"outputs":false}', later(minutes=-30))


async def test_a_schedule_that_is_removed_is_due_no_more(w: World) -> None:
    removed = events.ResourceChanged(
        meta=samples.meta(now=w.clock.now()), resource=f"{KIND}/nightly", kind=KIND, id="nightly", version=9
    )
    await w.seen(removed)
    await w.heed(w.leader(), at=NIGHT)
    assert w.asked == []


async def test_one_that_cannot_be_read_keeps_no_other_from_its_moment(w: World) -> None:
    broken = events.ResourceChanged(
        meta=samples.meta(now=w.clock.now()), resource=f"{KIND}/a", kind=KIND, id="a", version=1, value="{}"
    )
    await w.seen(broken)
    await w.heed(w.leader(), at=NIGHT)
    assert only(w.asked).schedule == "nightly"


async def test_read_models_that_are_being_built_put_it_off(w: World) -> None:
    pointer = w.database.collections[STATE].pop(POINTER)
    await w.heed(w.leader(), at=NIGHT)
    assert w.asked == []
    w.database.collections[STATE][POINTER] = pointer
    await w.heed(w.leader(), at=later(minutes=1))
    assert only(w.asked).due_at == NIGHT


async def test_a_lost_database_forgets_no_moment(w: World) -> None:
    await w.heed(w.leader(), at=NIGHT)
    w.database.collections.clear()
    await ensure_state(w.database, w.log, w.clock)
    assert await Jobs(w.ledger, w.clock, "t").get(w.asked[0].job_id) == chore_job(w.asked[0])
    pointer = w.database.collections[STATE][POINTER]
    w.database.collections[STATE][POINTER] = {**pointer, "generation": GENERATION}
    w.clock.time = datetime(2026, 1, 1, 12, tzinfo=UTC)
    await w.say()
    await w.end()
    await w.heed(w.leader(), at=later(hours=1))
    assert len(w.asked) == 1


async def test_the_leader_does_it_in_its_rounds(w: World) -> None:
    await w.database.insert(STATE, {"_id": LEDGER, "incarnation": "life", "open": True})
    w.clock.time = NIGHT
    leader = Leader(w.ledger, w.log, w.log, w.clock, lambda: True)
    await leader.take_over()
    await leader.tick()
    assert only(w.asked).due_at == NIGHT
