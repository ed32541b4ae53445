"""What the scanner finds something in is held apart until someone decides; everything else goes on."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from connectors.blobs import FileStore
from connectors.ports import BlobMissing, Delivery, Position, ScannerUnavailable, content_of, is_there
from processors.ingest.handle import Ingest
from processors.ingest.plan import PROBE
from processors.ingest.scanning import NoScans, Oversize, Scanning
from processors.ingest.work import Probe
from processors.work.execution import Execution, TaskFailed
from processors.work.jobs import KnownMedia
from processors.work.ledger import Ledger
from processors.work.tasks import Task
from schemas import events
from schemas.codec import Codec
from schemas.events import Event, derived_id
from schemas.medium import Medium
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase
from tests.malware import EICAR, FINDING, FakeScanner

FILM = b"\x1a\x45\xdf\xa3 a film"
BAD = FILM + EICAR


class Tools:
    """Finds every medium good, and remembers what it was shown."""

    def __init__(self) -> None:
        self.probed: list[bytes] = []

    async def probe(self, path: Path) -> dict[str, Any]:
        self.probed.append(path.read_bytes())
        return {"container": "matroska", "duration_ms": 1000, "clock_restarts": False}

    async def straighten(self, source: Path, demuxer: str, target: Path) -> None:
        raise AssertionError("its clock is fine")


class World:
    """The stage and a worker over a real store; the scanner and what looks at media are played."""

    def __init__(self, folder: Path, oversize: Oversize = "refuse") -> None:
        self.folder = folder
        self.clock = FakeClock()
        self.blobs = FileStore(folder / "blobs", "w1")
        self.media = KnownMedia(MemoryDatabase(self.clock))
        self.ledger = Ledger(self.media.database, Codec())
        self.stage = Ingest(self.blobs, self.media, self.ledger, self.clock)
        self.scanner, self.tools = FakeScanner(), Tools()
        self.scanning = Scanning(self.scanner, NoScans(), oversize)
        self.told: list[Event] = []

    async def give(self, event: Event) -> None:
        """Handles an event and all that follows from it, but for what workers do."""
        handled = await self.stage.handle([Delivery(event, Position("x", 0, 0))])
        self.told += handled.events
        for each in handled.events:
            await self._heard(each)
        for step in handled.settle:
            await step()
        for each in handled.events:
            if isinstance(each, events.MediaChanged):
                await self.give(each)

    async def _heard(self, event: Event) -> None:
        """What the ledger and the other stages remember."""
        match event:
            case events.TaskChanged():
                await self.ledger.record(event)
            case events.MediaProbed():
                await self.media.record(event.media_id, "probed", Medium.of(event).written())
            case events.MediaRejected():
                await self.media.record(event.media_id, "rejected", {"code": event.code})

    async def upload(self, media_id: str = "m1", content: bytes = BAD, name: str = "film.mkv") -> str:
        """An upload up to its verdict. Returns where it was stored."""
        await self.arrive(media_id, content, name)
        await self.work(media_id)
        return raw(content)

    async def arrive(self, media_id: str, content: bytes = BAD, name: str = "film.mkv") -> None:
        writer = self.blobs.writer()
        await writer.write(content)
        blob = await writer.commit("raw")
        said = {"location": blob.location, "size_bytes": blob.size_bytes, "sha256": blob.sha256}
        await self.give(samples.uploaded(media_id, name=name, **said))

    async def work(self, media_id: str, index: int = 0) -> None:
        """What a worker does with a medium's probe."""
        task = await self.task(media_id, index)

        async def confirm() -> None: ...

        execution = Execution(task, "w1", self.folder, lambda _: None, confirm)
        probe = Probe(self.blobs, self.tools, self.tools, self.scanning, self.clock)
        outcome = await probe(execution)
        await self.give(task.told("completed", "worker:w1", self.clock.now(), outcome=outcome))

    async def task(self, media_id: str, index: int = 0) -> Task:
        task = await self.ledger.get(derived_id(media_id, 1, PROBE, index))
        assert task is not None
        return task

    async def review(self, change: str, media_id: str = "m1") -> None:
        values = {"reason": "for a reason"}
        await self.give(samples.deleted(media_id, change=change, values=values))

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.told if isinstance(event, kind)]

    def changes(self) -> list[tuple[str, str]]:
        return [(event.media_id, event.change) for event in self.of(events.MediaChanged)]

    def probed(self) -> list[str]:
        return [event.media_id for event in self.of(events.MediaProbed)]

    def rejected(self) -> dict[str, str]:
        return {event.media_id: event.code for event in self.of(events.MediaRejected)}

    async def kept(self) -> set[str]:
        """The areas that the bad bytes are in."""
        places = {area: f"{area}/{raw(BAD).partition('/')[2]}" for area in ("raw", "quarantine")}
        return {area for area, place in places.items() if await is_there(self.blobs, place)}


def raw(content: bytes) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return f"raw/{digest[:2]}/{digest}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_nothing_opens_what_was_not_scanned(world: World) -> None:
    await world.upload(content=FILM)
    assert world.scanner.scanned == world.tools.probed == [FILM]
    assert world.probed() == ["m1"]


async def test_what_something_is_found_in_is_held_apart_and_not_opened(world: World) -> None:
    await world.upload()
    (held,) = world.of(events.MediaChanged)
    assert (held.media_id, held.change, held.values["finding"]) == ("m1", "quarantined", FINDING)
    assert held.values["location"].startswith("quarantine/")
    assert await content_of(world.blobs, held.values["location"]) == BAD
    assert await world.kept() == {"quarantine"}
    assert (world.tools.probed, world.probed(), world.rejected()) == ([], [], {})


async def test_a_version_that_something_is_found_in_is_refused_and_gone(world: World) -> None:
    await world.upload(content=FILM)
    await world.upload("m1~7")
    assert world.rejected() == {"m1~7": "malware"}
    assert (world.probed(), world.changes()) == (["m1"], [])
    assert await world.kept() == set()


async def test_what_is_released_is_accepted_as_any_other_and_not_scanned_again(world: World) -> None:
    await world.upload()
    await world.review("released")
    await world.work("m1", index=1)
    assert (world.probed(), world.scanner.scanned, world.tools.probed) == (["m1"], [BAD], [BAD])
    accepted = world.of(events.MediaProbed)[0]
    assert (accepted.location, accepted.sha256) == (raw(BAD), hashlib.sha256(BAD).hexdigest())
    assert await world.kept() == {"raw"}
    assert (await world.task("m1", index=1)).plan.owner_id == samples.uploaded().owner_id


async def test_what_is_destroyed_is_rejected_with_the_reason_and_gone(world: World) -> None:
    await world.upload()
    await world.review("destroyed")
    (rejected,) = world.of(events.MediaRejected)
    assert (rejected.code, "for a reason" in rejected.reason) == ("malware", True)
    assert await world.kept() == set()


async def test_a_review_of_what_is_not_held_comes_to_nothing(world: World) -> None:
    await world.upload(content=FILM)
    await world.review("released")
    await world.review("destroyed")
    assert (world.probed(), world.rejected()) == (["m1"], {})
    assert await content_of(world.blobs, raw(FILM)) == FILM


async def test_a_verdict_is_heard_twice_and_done_once(world: World) -> None:
    await world.upload()
    for _ in range(2):
        await world.review("destroyed")
    assert len(world.of(events.MediaRejected)) == 1
    await world.review("released")
    assert len(world.of(events.TaskChanged)) == 1


async def test_a_verdict_that_was_not_told_is_told_when_it_comes_again(world: World) -> None:
    """The process died between the handler and the broker: nothing is remembered that was not told."""
    await world.upload()
    review = samples.deleted("m1", change="destroyed", values={"reason": "x"})
    lost = await world.stage.handle([Delivery(review, Position("x", 0, 0))])
    assert len(lost.events) == 1
    await world.give(review)
    assert [event.meta.event_id for event in world.of(events.MediaRejected)] == [lost.events[0].meta.event_id]


async def test_the_same_bytes_once_more_are_held_too_and_reviewed_together(world: World) -> None:
    for media_id in ("m1", "m2"):
        await world.upload(media_id)
    assert world.changes() == [("m1", "quarantined"), ("m2", "quarantined")]
    await world.review("released", "m2")
    assert world.changes()[2:] == [("m1", "released")]
    for media_id in ("m1", "m2"):
        await world.work(media_id, index=1)
    assert sorted(world.probed()) == ["m1", "m2"]
    assert await world.kept() == {"raw"}


async def test_what_was_released_once_is_not_held_again_for_the_same(world: World) -> None:
    await world.upload()
    await world.review("released")
    await world.work("m1", index=1)
    await world.upload("m2")
    await world.work("m2", index=1)
    assert world.probed() == ["m1", "m2"]
    assert world.changes() == [("m1", "quarantined")]
    assert await world.kept() == {"raw"}


async def test_what_was_accepted_before_the_scanner_knew_stays_until_someone_decides(world: World) -> None:
    world.scanner.knows = False
    await world.upload("old")
    world.scanner.knows = True
    await world.upload("new")
    assert world.changes() == [("new", "quarantined")]
    assert await world.kept() == {"raw", "quarantine"}
    await world.review("destroyed", "new")
    assert world.rejected() == {"old": "malware", "new": "malware"}
    assert await world.kept() == set()


async def test_of_a_held_medium_that_is_deleted_nothing_stays(world: World) -> None:
    for media_id in ("m1", "m2"):
        await world.upload(media_id)
    await world.give(samples.deleted("m1"))
    assert await world.kept() == {"quarantine"}
    await world.give(samples.deleted("m2"))
    assert await world.kept() == set()
    await world.review("destroyed", "m1")
    assert world.rejected() == {}


async def test_one_that_is_deleted_while_it_is_scanned_is_not_kept_either(world: World) -> None:
    await world.arrive("m1")
    await world.give(samples.deleted("m1"))
    await world.work("m1")
    assert await world.kept() == set()


async def test_bytes_that_went_aside_with_another_medium_are_found_there(world: World) -> None:
    await world.arrive("m1")
    await world.arrive("m2")
    await world.work("m1")
    assert await world.kept() == {"quarantine"}
    await world.work("m2")
    assert world.changes() == [("m1", "quarantined"), ("m2", "quarantined")]


async def test_where_the_scanner_errs_no_more_they_come_back_from_there(world: World) -> None:
    await world.arrive("m1")
    await world.arrive("m2")
    await world.work("m1")
    world.scanner.knows = False
    await world.work("m2")
    assert world.probed() == ["m2"]
    assert await world.kept() == {"raw", "quarantine"}


async def test_while_the_scanner_is_away_nothing_is_decided_and_no_attempt_is_lost(world: World) -> None:
    world.scanner.away = True
    await world.arrive("m1", FILM)
    with pytest.raises(ScannerUnavailable, match="is away"):
        await world.work("m1")
    assert "away: the scanner is away" in world.scanning.details()["scanner"]
    assert (world.tools.probed, world.probed(), world.rejected()) == ([], [], {})
    world.scanner.away = False
    await world.work("m1")
    assert (world.probed(), world.scanning.details()) == (["m1"], {"scanner": "answers"})


async def test_a_scanner_that_is_away_is_known_of_before_anyone_needs_it(world: World) -> None:
    world.scanner.away = True
    watching = asyncio.create_task(world.scanning.watch())
    async with asyncio.timeout(30):
        while world.scanning.trouble is None:
            await asyncio.sleep(0)
    watching.cancel()
    assert world.scanning.details() == {"scanner": "away: the scanner is away"}


async def test_what_the_scanner_fails_at_is_an_attempt_and_not_waited_for(world: World) -> None:
    world.scanner.fails = True
    await world.arrive("m1", FILM)
    with pytest.raises(TaskFailed) as failed:
        await world.work("m1")
    assert (failed.value.code, failed.value.again) == ("scan_failed", True)
    assert (world.tools.probed, world.scanning.details()) == ([], {"scanner": "answers"})


async def test_a_name_that_is_refused_takes_no_bytes_from_others_that_wait_with_them(world: World) -> None:
    await world.arrive("m1", FILM, name="film.pdf")
    await world.arrive("m2", FILM)
    await world.work("m1")
    assert world.rejected() == {"m1": "not_as_named"}
    await world.work("m2")
    assert world.probed() == ["m2"]


async def test_the_last_that_is_refused_takes_them_along(world: World) -> None:
    for media_id in ("m1", "m2"):
        await world.arrive(media_id, FILM, name="film.pdf")
    for media_id in ("m1", "m2"):
        await world.work(media_id)
    assert not await is_there(world.blobs, raw(FILM))


async def test_what_is_released_and_then_refused_leaves_others_what_they_wait_with(
    world: World,
) -> None:
    await world.upload("m1", name="film.pdf")
    await world.upload("m2")
    await world.review("released")
    await world.work("m1", index=1)
    assert world.rejected() == {"m1": "not_as_named"}
    await world.work("m2", index=1)
    assert (world.probed(), await world.kept()) == (["m2"], {"raw"})


@pytest.mark.parametrize(
    ("oversize", "probed", "rejected"), [("refuse", [], {"m1": "too_large_to_scan"}), ("accept", ["m1"], {})]
)
async def test_what_is_too_large_to_be_scanned(
    tmp_path: Path, oversize: Oversize, probed: Sequence[str], rejected: dict[str, str]
) -> None:
    world = World(tmp_path, oversize)
    world.scanner.limit = 5
    place = await world.upload(content=FILM)
    assert (world.probed(), world.rejected()) == (probed, rejected)
    assert await is_there(world.blobs, place) == bool(probed)


async def test_without_a_scanner_nothing_is_scanned(world: World) -> None:
    world.scanning = Scanning(None, NoScans())
    await world.upload()
    assert (world.probed(), world.scanning.details()) == (["m1"], {"scanner": "off"})


async def test_bytes_that_are_nowhere_are_missing_and_not_waited_for(world: World) -> None:
    await world.arrive("m1")
    await world.blobs.remove(raw(BAD))
    await world.work("m1")
    assert world.rejected() == {"m1": "bytes_missing"}
    with pytest.raises(BlobMissing):
        await world.blobs.stat(raw(BAD))


async def test_a_file_that_is_no_film_whatever_its_name_says_is_rejected(world: World) -> None:
    await world.upload(content=b"MZ\x90\x00 a program", name="film.mp4")
    (rejected,) = world.of(events.MediaRejected)
    assert rejected.code == "not_as_named"
    assert all(word in rejected.reason for word in (".mp4", "a video or audio file", "a program"))
    assert world.tools.probed == []
