"""Activity by month: rows where they belong, old months gone whole, and a rebuild that gives the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.ports import Delivery, Position
from connectors.read_models import POINTER, STATE
from processors.views.activity import Keeping, acted
from processors.views.handle import Views
from processors.views.rebuild import Rebuild
from schemas.activity import month_of, months_before
from schemas.events import AuditRecorded
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, MemoryLog

NOW = datetime(2026, 3, 15, tzinfo=UTC)


def done(year: int, month: int, action: str = "media.played", **more: Any) -> AuditRecorded:
    meta = samples.meta(now=datetime(year, month, 10, tzinfo=UTC))
    return samples.audited(action=action, meta=meta, **more)


async def handled(views: Views, *events: AuditRecorded) -> set[str]:
    """The months that there are then."""
    await views.handle([Delivery(e, Position("audit.recorded", 0, n)) for n, e in enumerate(events)])
    return {name for name in database_of(views).collections if name.startswith("activity_2")}


def database_of(views: Views) -> MemoryDatabase:
    assert isinstance(views.database, MemoryDatabase)
    return views.database


async def served(months: int = 0) -> Views:
    clock = FakeClock(NOW)
    database = MemoryDatabase(clock)
    await database.insert(STATE, {"_id": POINTER, "generation": "g", "hold": None})
    return Views(database, clock, Keeping(months))


@pytest.mark.parametrize(
    ("month", "number", "earlier"),
    [
        ("2026-03", 0, "2026-03"),
        ("2026-03", 2, "2026-01"),
        ("2026-03", 3, "2025-12"),
        ("2026-01", 24, "2024-01"),
    ],
)
def test_months_are_counted_over_years(month: str, number: int, earlier: str) -> None:
    assert months_before(month, number) == earlier


def test_a_month_is_one_of_utc() -> None:
    assert month_of(datetime.fromisoformat("2026-05-01T01:00:00+02:00")) == "2026-04"


@pytest.mark.parametrize(
    "event", [done(2026, 3, "session.opened"), done(2026, 3, outcome="refused"), done(2026, 3, "audit.read")]
)
def test_what_nobody_did_with_a_medium_is_no_activity(event: AuditRecorded) -> None:
    assert acted(event) == []


async def test_each_month_has_a_collection_of_its_own() -> None:
    views = await served()
    found = await handled(views, done(2026, 3), done(2026, 2), done(2026, 2, "media.downloaded"))
    assert found == {"activity_2026_02_g", "activity_2026_03_g"}
    assert len(database_of(views).collections["activity_2026_02_g"]) == 2
    assert set(database_of(views).collections["activity_months_g"]) == {"2026-02", "2026-03"}


async def test_months_that_are_too_old_go_whole_and_do_not_come_back() -> None:
    views = await served(months=2)
    assert isinstance(views.clock, FakeClock)
    assert await handled(views, done(2026, 1), done(2026, 2), done(2026, 3)) == {
        "activity_2026_02_g",
        "activity_2026_03_g",
    }
    views.clock.time = datetime(2026, 4, 1, tzinfo=UTC)
    assert await handled(views, done(2026, 2), done(2026, 4)) == {"activity_2026_03_g", "activity_2026_04_g"}
    assert set(database_of(views).collections["activity_months_g"]) == {"2026-03", "2026-04"}
    assert len(database_of(views).collections["audit_g"]) == 5, "the audit log keeps all of them"


async def test_a_rebuild_compares_and_drops_months_too() -> None:
    log, views = MemoryLog(), await served(months=2)
    await log.publish([done(2025, 1), done(2026, 2), done(2026, 3)])
    await views.handle(log.records)
    said: list[str] = []
    rebuild = Rebuild(views.database, log, views.clock, said.append, Keeping(2))
    found = await rebuild.run()
    assert found.identical, found.differing
    kept = {name for name in database_of(views).collections if name.startswith("activity_")}
    assert kept == {
        f"{name}_{found.generation}" for name in ("activity_months", "activity_2026_02", "activity_2026_03")
    }


async def test_a_difference_in_a_month_is_found() -> None:
    log, views = MemoryLog(), await served()
    await log.publish([done(2026, 3)])
    await views.handle(log.records)
    (row,) = database_of(views).collections["activity_2026_03_g"].values()
    row["action"] = "media.deleted"
    found = await Rebuild(views.database, log, views.clock, lambda _: None).run()
    assert found.differing == [f"activity_2026_03/{row['_id']}"]
