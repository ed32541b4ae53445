"""What other stages do with media that lie in folders: nothing is hashed again, removed or lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.blobs import FileStore
from connectors.ports import Delivery, Position
from connectors.rooted.store import RootedStore
from processors.care.entries import entry_of_medium
from processors.care.known import names_of_medium
from processors.folders.pace import PaceOfProbes
from processors.ingest.handle import Ingest
from processors.recover import Found
from processors.views.handle import apply
from processors.work.execution import TaskFailed
from processors.work.jobs import KnownMedia
from processors.work.ledger import Ledger
from processors.work.sources import source_on_disk
from processors.work.tasks import Task
from schemas.codec import Codec
from schemas.events import Event, MediaChanged, MediaProbed, MediaUploaded, TaskChanged
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, only
from tests.samples import WHEN
from tests.unit.processors.scanning import Shelved


def moved(media_id: str, to: str, version: int = 1) -> MediaChanged:
    return samples.deleted(media_id, change="moved", version=version, values={"place": to})


class World:
    """The ingest stage before a store with a root in it, and a film that a scan found there."""

    def __init__(self, tmp_path: Path) -> None:
        self.shelved = Shelved(tmp_path)
        self.database = MemoryDatabase(FakeClock())
        self.media = KnownMedia(self.database)
        roots = {"films": self.shelved.root}
        self.store = RootedStore(FileStore(tmp_path / "blobs", "w1"), roots, self.media)
        self.ledger = Ledger(self.database, Codec())
        self.stage = Ingest(self.store, self.media, self.ledger, FakeClock())

    async def found(self) -> MediaUploaded:
        self.shelved.put("a.mkv", "one")
        await self.shelved.scan()
        found: MediaUploaded = only(self.shelved.found)
        return found

    async def give(self, event: Event) -> list[Event]:
        handled = await self.stage.handle([Delivery(event, Position("x", 0, 0))])
        for each in handled.events:
            if isinstance(each, TaskChanged):
                await self.ledger.record(each)
        return list(handled.events)

    async def probe(self, found: MediaUploaded, **outcome: Any) -> list[Event]:
        planned = only(each for each in await self.give(found) if isinstance(each, TaskChanged))
        task = Task.planned(planned)
        assert task.plan.priority == "background"
        said = orjson.dumps({"location": found.location, **outcome}).decode()
        return await self.give(task.told("completed", "worker:w", FakeClock().now(), outcome=said))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_what_a_scan_found_is_accepted_and_not_read_whole(world: World) -> None:
    found = await world.found()
    accepted = await world.probe(found, sha256=found.sha256, container="matroska", duration_ms=1)
    assert [type(each) for each in accepted] == [MediaProbed]


async def test_what_is_refused_stays_in_its_folder(world: World) -> None:
    found = await world.found()
    await world.probe(found, code="not_media", reason="it is none")
    assert world.shelved.path("a.mkv").read_text() == "one"


async def test_a_task_finds_the_file_where_it_moved_to_and_waits_for_one_on_its_way(world: World) -> None:
    found = await world.found()
    await world.give(found)
    world.shelved.path("a.mkv").rename(world.shelved.path("b.mkv"))
    with pytest.raises(TaskFailed) as failed:
        async with source_on_disk(world.store, found.location):
            pytest.fail("it was found")
    assert failed.value.again
    await world.give(moved(found.media_id, "films/new/b.mkv", 2))
    await world.give(moved(found.media_id, "films/new/older.mkv", 1))
    async with source_on_disk(world.store, found.location) as path:
        assert path.read_text() == "one"


async def test_a_scan_waits_while_many_are_not_probed_yet(world: World) -> None:
    pace = PaceOfProbes(world.media, window=1)
    for id in ("m1", "m2", "m3"):
        await world.media.record(id, "uploaded", {"location": "x"})
    await world.media.record("m1", "probed", {"location": "x"})
    await world.media.record("m2", "rejected", {"code": "x"})
    pace.told(["m1", "m2", "m3"])
    await pace.room()  # m3 alone is under way
    pace.told(["m4"])
    waiting = asyncio.create_task(pace.room())
    for _ in range(10):
        await asyncio.sleep(0)
    assert not waiting.done()
    await world.media.record("m3", "deleted", {"at": WHEN})
    async with asyncio.timeout(30):
        await waiting


def test_where_a_medium_moved_to_is_known_again_from_the_log() -> None:
    found = Found()
    for event in (samples.uploaded(), moved("m1", "films/b.mkv")):
        found.hear(event)
    assert found.media["m1"]["moved"] == {"version": 1, "place": "films/b.mkv"}


def test_a_cleanup_knows_its_renditions_and_a_scrub_leaves_it_alone() -> None:
    location = f"roots/ab/{'ab' * 32}/01890a5d-ac96-774b-bcce-b302099a8057/films/new/a.mkv"
    document = {"_id": "m1", "upload": {"location": location, "sha256": "ab" * 32, "size_bytes": 3}}
    assert set(names_of_medium(document, WHEN)) == {"ab" * 32}
    assert entry_of_medium(document) is None


def _all_orders(events: Iterable[Event]) -> list[tuple[Event, ...]]:
    return list(permutations(events))


async def test_its_library_and_its_place_are_shown_in_whatever_order_they_are_heard_of() -> None:
    told: list[Event] = [
        replace(samples.uploaded(), library_id="l1"),
        moved("m1", "films/b.mkv", 1),
        moved("m1", "films/c.mkv", 2),
        samples.deleted("m1", change="library", version=1, values={"library_id": "l2"}),
    ]
    for order in _all_orders(told):
        database = MemoryDatabase()
        deliveries = [Delivery(event, Position("media.changed", 0, at)) for at, event in enumerate(order)]
        await apply(database, "g1", deliveries)
        document = only(database.collections["media_g1"].values())
        assert (document["library"]["id"], document["moved"]["place"]) == ("l2", "films/c.mkv")
