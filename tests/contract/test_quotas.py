"""Quotas and what is stored, over the double and over a real database: the shapes that they ask it in."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from connectors.mongo import MongoDatabase
from connectors.ports import Database, Merge, Query
from connectors.read_models import POINTER, STATE, ReadModels, collection
from gateway.limits.own import OwnLimits
from gateway.quotas.kept import COLLECTION, COUNTED_AT
from gateway.quotas.quotas import OverQuota, Quotas
from processors.views.handle import prepare
from processors.views.plan import USAGE, steps
from tests import samples
from tests.fakes import MemoryDatabase

HOUR = timedelta(hours=1)


@pytest.fixture(params=["double", "server"])
async def database(request: pytest.FixtureRequest) -> AsyncIterator[Database]:
    real = None
    if request.param == "server":
        real = MongoDatabase(request.getfixturevalue("real_servers").mongodb_url, f"t{uuid.uuid4().hex[:12]}")
    found: Database = real or MemoryDatabase()
    await found.insert(STATE, {"_id": POINTER, "generation": "v1"})
    await prepare(found, "v1")
    await found.index(COLLECTION, [COUNTED_AT])
    yield found
    if real is not None:
        real.close()


async def shown(database: Database, *merges: Merge) -> None:
    await database.merge([Merge(collection(m.collection, "v1"), m.id, m.fields) for m in merges])


async def test_room_is_held_counted_and_given_back(database: Database) -> None:
    quotas = Quotas(database, ReadModels(database), OwnLimits(), 1000)
    taken = samples.uploaded("m1", owner_id="u1", size_bytes=400)
    await shown(database, *steps(taken))
    assert (standing := await quotas.standing("u1")) is not None
    assert standing.left == 600

    async def tries(n: int) -> bool:
        try:
            await quotas.hold("u1", f"upload {n}", 100, HOUR)
        except OverQuota:
            return False
        return True

    assert sum(await asyncio.gather(*(tries(n) for n in range(9)))) == 6
    await quotas.deleted("u1", "m1", 400, taken.sha256)
    await quotas.hold("u1", "another", 400, HOUR)
    now = await database.now()
    assert await quotas.counted_before(now - HOUR, 10) == []
    assert await quotas.counted_before(now + HOUR, 10) == ["u1"]


async def test_what_was_counted_is_found_by_what_it_was_counted_by(database: Database) -> None:
    await shown(database, *steps(samples.usage_sampled("user")), *steps(samples.usage_sampled("type")))
    query = Query({"by": "user"}, order_by="now.at", limit=10)
    (found,) = (await ReadModels(database).page(USAGE, query)).items
    assert (found["key"], found["now"]["size_bytes"]) == ("u1", 1000)
    assert found["days"]["2026-01-02"]["files"] == 2
