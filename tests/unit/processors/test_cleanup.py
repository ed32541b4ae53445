"""A cleanup finds what nothing refers to, and removes nothing that anything may still refer to."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.ports import Listed, Page, Position, Query
from connectors.read_models import POINTER, STATE
from processors.care.known import Known, names_of_job, names_of_medium
from processors.care.orphans import AREAS, Limits, is_orphan
from processors.runtime import GivenUp
from processors.work.execution import GivenBack, TaskFailed
from schemas import artwork
from schemas.chores import report_folder
from schemas.versions import FIRST_DROPPED
from tests import samples
from tests.fakes import MemoryDatabase, only
from tests.unit.processors.caring import GENERATION, World, segment_of

GONE, KEPT = b"of a medium that is gone", b"of one that is there"
WHEN = datetime.fromisoformat("2026-01-10T00:00:00Z")
OLD, YOUNG = WHEN - timedelta(days=2), WHEN + timedelta(seconds=1)


async def fill(w: World) -> tuple[set[str], set[str]]:
    """A store with what is in use, and what is not; returns both."""
    kept = {await w.medium("m1", KEPT), segment_of(KEPT), segment_of(KEPT, folder="images")}
    lost = {await w.stored(GONE), segment_of(GONE), segment_of(GONE, folder="images")}
    for location in (*kept, *lost):
        await w.store.put(location, b"x")
    straight = await w.stored(b"with one clock", "straight", ".mkv")
    await w.medium("m2", b"with many", location=straight)
    made = await w.stored(b"a result", "processed")
    done = samples.processed("j9", output_location=made)
    await w.happened(samples.requested("j9"), done)
    raw = await w.stored(b"with many")
    kept |= {straight, made, raw}
    lost |= {await w.stored(b"of no job", "processed"), await w.stored(b"of none", "straight")}
    return kept, lost


@pytest.fixture
def w(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_dry_run_says_what_nothing_refers_to_and_leaves_it(w: World) -> None:
    kept, lost = await fill(w)
    await w.order("cleanup")
    await w.work()
    report = await w.report()
    found = {each["location"] for area in report["areas"].values() for each in area["first"]}
    assert found == lost
    assert await w.there() == kept | lost
    assert (report["deleted"], report["total"]["orphans"], report["total"]["removed"]) == (False, 5, 0)
    raw = report["areas"]["raw"]
    assert (raw["blobs"], raw["orphans"], raw["orphan_bytes"]) == (3, 1, len(GONE))


async def test_with_delete_it_is_gone_and_nothing_else(w: World) -> None:
    kept, lost = await fill(w)
    await w.order("cleanup", delete=True)
    await w.work()
    assert await w.there() == kept
    total = (await w.report())["total"]
    assert total["removed"] == total["orphans"] == len(lost)
    assert total["removed_bytes"] == total["orphan_bytes"] > 0


@pytest.mark.parametrize("event", [samples.changed, samples.item_changed])
@pytest.mark.parametrize("taken_away", [False, True])
async def test_images_of_media_nodes_and_people_stay_until_they_are_taken_away(
    w: World, event: Any, taken_away: bool
) -> None:
    drawn = samples.drawn(source=hashlib.sha256(GONE).hexdigest()[:32])
    location = segment_of(GONE, folder="images")
    await w.store.put(location, b"x")
    await w.medium("m1", KEPT)
    for version, said in enumerate([drawn, None] if taken_away else [drawn]):
        values = {artwork.field_of(artwork.GIVEN, artwork.POSTER): artwork.told(said)}
        await w.happened(event(change=artwork.CHANGE, version=version, values=values))
    await w.order("cleanup", delete=True)
    await w.work()
    assert (location in await w.there()) is not taken_away


async def test_what_is_young_stays(tmp_path: Path) -> None:
    w = World(tmp_path, grace=timedelta(hours=3))
    kept, lost = await fill(w)
    await w.order("cleanup", delete=True)
    await w.work()
    assert await w.there() == kept | lost
    assert (await w.report())["total"]["young"] == 5


async def test_all_versions_that_were_not_dropped_are_kept(w: World) -> None:
    first, later = await w.medium("m1", KEPT), await w.medium("m1~7", b"replaced")
    await w.medium("m2", GONE)
    dropped = [await w.medium("m2~7", b"replaced twice"), await w.medium("m2~8", b"the present one")]
    long_ago = samples.meta(now=w.clock.now() - timedelta(days=3))
    gone = samples.deleted("m2", meta=long_ago, change=FIRST_DROPPED), samples.deleted("m2~7", meta=long_ago)
    await w.happened(*gone)
    await w.order("cleanup", delete=True)
    await w.work()
    assert await w.there() == {first, later, dropped[1]}


async def test_an_order_may_name_a_grace_of_its_own(w: World) -> None:
    await w.medium("m1", KEPT)
    orphan = await w.stored(GONE)
    await w.order("cleanup", delete=True, grace_s=3 * 3600)
    await w.work()
    assert orphan in await w.there()


async def test_a_medium_that_was_deleted_lately_keeps_its_bytes(w: World) -> None:
    await w.medium("m1", KEPT)
    raw = await w.medium("m2", GONE)
    await w.happened(samples.deleted("m2", meta=samples.meta(now=w.clock.now())))
    await w.order("cleanup", delete=True)
    await w.work()
    assert raw in await w.there()


async def test_what_an_unfinished_job_may_have_made_stays(w: World) -> None:
    await w.medium("m1", KEPT)
    long_ago = w.clock.now() - timedelta(days=3)
    await w.happened(samples.requested("j9", meta=samples.meta(now=long_ago)))
    made, orphan = await w.stored(b"untold", "processed"), await w.stored(GONE)
    await w.order("cleanup", delete=True)
    await w.work()
    assert made in await w.there()
    assert orphan not in await w.there()


async def test_where_no_medium_is_known_nothing_is_deleted(w: World) -> None:
    """A database that belongs to another store knows none of its media."""
    orphan = await w.stored(GONE)
    await w.order("cleanup", delete=True)
    with pytest.raises(TaskFailed, match="is this the log of this store") as failed:
        await w.work()
    assert not failed.value.again
    assert await w.there() == {orphan}


@pytest.mark.parametrize("delete", [True, False])
async def test_read_models_that_are_behind_are_not_gone_by(w: World, delete: bool) -> None:
    orphan = await w.stored(GONE)
    await w.medium("m1", KEPT)
    await w.log.publish([samples.uploaded("m2")])  # the read models have not seen it
    await w.order("cleanup", delete=delete)
    with pytest.raises(TaskFailed) as failed:
        await w.work()
    assert (failed.value.code, failed.value.again) == ("views_behind", True)
    assert orphan in await w.there()


async def test_read_models_that_are_lost_are_not_gone_by(w: World) -> None:
    orphan = await w.stored(GONE)
    await w.medium("m1", KEPT)
    await w.order("cleanup", delete=True)
    await w.database.remove(STATE, POINTER)
    with pytest.raises(TaskFailed) as failed:
        await w.work()
    assert (failed.value.code, failed.value.again) == ("no_views", True)
    assert orphan in await w.there()


class Replaced(MemoryDatabase):
    """Its read models are replaced, and the old ones dropped, while someone reads them."""

    async def page(self, collection: str, query: Query) -> Page:
        if collection == f"media_{GENERATION}":
            self.collections[STATE][POINTER]["generation"] = "v2"
            await self.drop(collection)
        return await super().page(collection, query)


async def test_read_models_that_are_replaced_meanwhile_are_not_gone_by(w: World) -> None:
    raw = await w.medium("m1", KEPT)
    await w.medium("m2", GONE)
    await w.order("cleanup", delete=True)
    w.database.__class__ = Replaced
    with pytest.raises(TaskFailed) as failed:
        await w.attempt(only(await w.waiting()))
    assert (failed.value.code, failed.value.again) == ("views_replaced", True)
    assert raw in await w.there()


class Busy:
    """A store in which something happens between two looks."""

    def __init__(self, w: World, meanwhile: Any) -> None:
        self._store, self._meanwhile = w.store, meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def listing(self, area: str) -> AsyncGenerator[Listed, None]:
        async for each in self._store.listing(area):
            if area.startswith("renditions/"):
                await self._meanwhile()
            yield each


@pytest.mark.parametrize("source", ["m7", "m1~7"])
async def test_bytes_that_come_again_while_it_runs_keep_all_that_was_made_of_them(
    w: World, source: str
) -> None:
    await w.medium("m1", KEPT)
    raw, segment = await w.stored(GONE), segment_of(GONE)
    await w.store.put(segment, b"x")

    async def come_again() -> None:
        await w.uploaded(source, GONE)

    object.__setattr__(w.works["sweep"], "blobs", Busy(w, come_again))
    await w.order("cleanup", delete=True)
    await w.work()
    assert {raw, segment} <= await w.there()


class Watched:
    """A store that tells which parts of it were gone through, and in which something happens."""

    def __init__(self, w: World, meanwhile: Callable[[], None]) -> None:
        self._store, self._meanwhile = w.store, meanwhile
        self.parts: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def listing(self, area: str) -> AsyncGenerator[Listed, None]:
        self.parts.append(area)
        if area == "raw/7":
            self._meanwhile()
        return self._store.listing(area)


@pytest.mark.parametrize("in_order", [False, True])
async def test_one_that_was_killed_goes_on_where_it_was(w: World, in_order: bool) -> None:
    kept, lost = await fill(w)
    leave = asyncio.Event()

    def stops() -> None:
        if in_order:
            return leave.set()
        raise TimeoutError("the worker is no more")

    store, sweep = Watched(w, stops), w.works["sweep"]
    object.__setattr__(sweep, "blobs", store)
    object.__setattr__(sweep, "keep_every_s", 3600 if in_order else 0)
    await w.order("cleanup", delete=True)
    with pytest.raises(GivenBack if in_order else TimeoutError):
        await w.attempt(only(await w.waiting()), leave=leave)
    begun, after = store.parts, Watched(w, leave.clear)
    object.__setattr__(sweep, "blobs", after)
    await w.work()
    assert after.parts[0] == ("raw/8" if in_order else "raw/7")
    assert {*begun, *after.parts} == {f"{area}/{digit}" for area in AREAS for digit in "0123456789abcdef"}
    assert await w.there() == kept
    areas = (await w.report())["areas"]
    assert sum(each["removed"] for area, each in areas.items() if area != "reports") == len(lost)


async def test_a_claim_that_is_lost_removes_nothing_more(w: World) -> None:
    await w.medium("m1", KEPT)
    orphan = await w.stored(GONE)
    await w.order("cleanup", delete=True)

    async def lost() -> None:
        raise TimeoutError("the claim is another's")

    with pytest.raises(TimeoutError):
        await w.attempt(only(await w.waiting()), confirm=lost)
    assert orphan in await w.there()


@pytest.mark.parametrize("still_runs", [False, True])
async def test_reports_go_with_their_jobs_and_what_they_were_made_of_before(
    w: World, still_runs: bool
) -> None:
    await w.medium("m1", KEPT)
    before = samples.meta(now=w.clock.now() - timedelta(hours=3))
    await w.happened(samples.chore_requested("j8", meta=before))
    if not still_runs:
        await w.happened(samples.processed("j8"))
    other = f"{report_folder('gone', 1)}/report.json"
    kept, part = (f"{report_folder('j8', 1)}/{name}" for name in ("report.json", "part-000000.json"))
    for location in (other, kept, part):
        await w.store.put(location, b"{}")
    await w.order("cleanup", delete=True)
    await w.work()
    found = {each.location async for each in w.store.listing("reports")}
    own = f"{report_folder('j1', 1)}/report.json"
    assert found == {own, kept, *([other, part] if still_runs else [])}


async def test_progress_goes_forward_to_the_end(w: World) -> None:
    await fill(w)
    await w.order("cleanup")
    await w.work()
    told = [event for event in w.told if type(event).__name__ == "JobProgress"]
    assert told
    assert [e.done for e in told] == sorted(e.done for e in told)  # type: ignore[union-attr]


NAME = "ab" * 32


@pytest.mark.parametrize(
    ("document", "refers"),
    [
        ({"upload": {"sha256": NAME, "location": f"raw/ab/{NAME}"}}, True),
        ({"probe": {"sha256": "cd" * 32, "location": f"straight/ab/{NAME}.mkv"}}, True),
        ({"upload": {"sha256": NAME}, "deleted_at": OLD}, False),
        ({"upload": {"sha256": NAME}, "deleted_at": YOUNG}, True),
        ({"upload": {"sha256": NAME}, "rejection": {"at": OLD}}, False),
        ({"upload": {"sha256": NAME}, "rejection": {"at": OLD}, "deleted_at": YOUNG}, True),
        ({}, False),
    ],
)
def test_what_a_medium_refers_to(document: dict[str, Any], refers: bool) -> None:
    known = Known()
    known.add(names_of_medium({"_id": "m1", **document}, WHEN))
    known.settle()
    assert is_orphan(Listed(f"renditions/ab/{NAME[:32]}/x/y", 1, OLD), known) is not refers


def test_what_a_job_refers_to() -> None:
    known = Known()
    known.add(names_of_job({"_id": "j1", "outcome": {"output_location": f"processed/ab/{NAME}.mp4"}}))
    assert NAME in known
    assert not is_orphan(Listed(f"{report_folder('j1', 3)}/report.json", 1, OLD), known)
    assert is_orphan(Listed(f"{report_folder('j2', 1)}/report.json", 1, OLD), known)


def test_names_are_found_before_and_after_they_are_sorted() -> None:
    names = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(1000)]
    known = Known()
    known.add(names[:500])
    known.settle()
    known.add(names[500:700])
    assert [name in known for name in names] == [True] * 700 + [False] * 300


@pytest.mark.parametrize(
    ("area", "expected"), [("raw", WHEN), ("renditions", WHEN), ("processed", OLD), ("reports", OLD)]
)
def test_what_jobs_make_stays_while_they_run(area: str, expected: datetime) -> None:
    assert Limits(before=WHEN, made_before=OLD).of(area) == expected


async def test_a_chore_that_cannot_be_read_fails_with_its_reason(w: World) -> None:
    with pytest.raises(ValueError, match="delete"):
        await w.order("cleanup", delete="perhaps")
    event = samples.chore_requested(options='{"delete":"perhaps"}')
    await w.done(await w.stage.gave_up(GivenUp(Position("x", 0, 0), event, "delete: no")))
    (ended,) = w.log.of("media.processed")
    assert (ended.status, ended.code, ended.reason) == ("failed", "dead_letter", "delete: no")
