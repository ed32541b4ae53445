"""Who goes on with an upload: held while its sender is there, lost in time, given up when it is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from gateway.uploads.kept import COLLECTION, Held, Lease, Locked, Uploads
from gateway.uploads.upload import Said
from tests.fakes import MemoryDatabase
from tests.unit.gateway.fakes import until

SAID = Said("clip.mp4", None, None, "normal", "")
ME = "admin"
QUICK = Lease(lasts_s=0.3, renew_s=0.02, silent_s=0.1)
PATIENT = Lease(lasts_s=60, renew_s=0.02, silent_s=60)


async def uploads(database: MemoryDatabase, lease: Lease, name: str = "gateway-1") -> Uploads:
    made = Uploads(database, name, timedelta(hours=1), lease)
    await made.begin("u1", ME, SAID, 10, 100)
    return made


async def taken(other: Uploads) -> bool:
    try:
        async with other.holding("u1", ME):
            return True
    except Locked:
        return False


async def hold(one: Uploads, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """Holds it for as long as that is possible, after something has happened."""
    async with asyncio.timeout(20), one.holding("u1", ME):
        await meanwhile()
        await asyncio.Event().wait()


async def test_whose_sender_is_silent_gives_way_to_who_wants_to_go_on() -> None:
    database = MemoryDatabase()
    one, other = await uploads(database, QUICK), await uploads(database, QUICK, "gateway-2")

    async def wanted() -> None:
        assert not await taken(other)

    with pytest.raises(Locked):
        await hold(one, wanted)
    assert await taken(other)


async def test_whose_sender_is_there_stays() -> None:
    database = MemoryDatabase()
    one, other = await uploads(database, PATIENT), await uploads(database, PATIENT, "gateway-2")
    async with one.holding("u1", ME) as held:
        assert not await taken(other)
        await renewed(database, held, times=5)
        assert not await taken(other)


async def renewed(database: MemoryDatabase, held: Held, times: int) -> None:
    """Until it was renewed so often, by a clock that moves."""
    for _ in range(times):
        before = database.collections[COLLECTION]["u1"]["held_until"]
        database.clock.advance(1)  # type: ignore[attr-defined]
        await until(lambda before=before: database.collections[COLLECTION]["u1"]["held_until"] > before)
        held.heard()


async def test_what_is_held_lasts_for_as_long_as_it_is_gone_on_with() -> None:
    database = MemoryDatabase()
    one = await uploads(database, PATIENT)
    begun = (await one.find("u1", ME)).expires_at
    async with one.holding("u1", ME) as held:
        await renewed(database, held, times=3)
    assert (await one.find("u1", ME)).expires_at == begun + timedelta(seconds=3)


async def test_who_has_lost_it_is_ended() -> None:
    database = MemoryDatabase()
    one = await uploads(database, PATIENT)

    async def lost() -> None:
        await database.change(COLLECTION, "u1", {}, {"hold": "another"})

    with pytest.raises(Locked):
        await hold(one, lost)
    assert database.collections[COLLECTION]["u1"]["hold"] == "another", "it lets go of its own alone"


async def test_who_cant_renew_it_in_time_is_ended() -> None:
    database = MemoryDatabase()
    one = await uploads(database, QUICK)

    async def away() -> None:
        database.away = True

    with pytest.raises(Locked):
        await hold(one, away)


async def test_a_database_that_is_away_for_a_moment_costs_nothing() -> None:
    database = MemoryDatabase()
    one = await uploads(database, PATIENT)
    async with one.holding("u1", ME) as held:
        database.away = True
        for _ in range(20):
            await asyncio.sleep(0)
        database.away = False
        await renewed(database, held, times=1)


async def test_what_goes_wrong_inside_is_told_as_it_is() -> None:
    one = await uploads(MemoryDatabase(), QUICK)

    async def wrong() -> None:
        raise TimeoutError("of another kind")

    with pytest.raises(TimeoutError, match="of another kind"):
        await hold(one, wrong)
    assert await taken(one)
