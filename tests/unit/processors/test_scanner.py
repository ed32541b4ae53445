"""What the scanner looks at and when: what it hears of, what it is asked for, and what it gives up on."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.ports import Delivery
from connectors.rooted.located import place
from connectors.rooted.notices import SystemNotices
from connectors.rooted.root import Root
from processors.folders.keeping import AWAY, WELL, Intervals
from processors.folders.ports import Outcome
from processors.folders.scanner import Scanner
from processors.folders.shelves import Shelves
from processors.folders.watching import POLLING, Watcher
from schemas.events import ResourceChanged
from tests import samples
from tests.fakes import MemoryLog
from tests.unit.processors.scanning import Shelved, library


class FakeFeed:
    """A log of resources that has been read once."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.age_s = 0.0

    async def deliveries(self) -> AsyncIterator[Delivery]:
        async for delivery in self.log.deliveries():
            yield delivery


class FakeNotices:
    """A system that tells what it is told to."""

    def __init__(self) -> None:
        self.silent: str | None = None
        self.full = False
        self.folders: set[Path] = set()
        self.news: asyncio.Queue[set[Path]] = asyncio.Queue()

    def refusal(self, folder: Path) -> str | None:
        return self.silent

    async def changed(self, folders: Collection[Path]) -> AsyncIterator[set[Path]]:
        if self.full:
            raise OSError("OS file watch limit reached")
        self.folders = set(folders)
        while True:
            yield await self.news.get()


class Ear:
    """Counts scans."""

    def __init__(self) -> None:
        self.scans: list[Outcome] = []
        self.states: dict[str, int] = {}

    def folders(self, states: Mapping[str, int], files: int) -> None:
        self.states = dict(states)

    def scanned(self, outcome: Outcome, took_s: float) -> None:
        self.scans.append(outcome)


class Scene:
    """A scanner over a real folder, whose time moves when told."""

    def __init__(self, tmp_path: Path) -> None:
        self.shelved = Shelved(tmp_path)
        self.feed, self.notices, self.ear, self.leads = FakeFeed(), FakeNotices(), Ear(), True
        self.scanner = Scanner(
            self.shelved.ports,
            self.feed,
            lambda: self.leads,
            Watcher({"films": self.shelved.root}, self.notices),
            Intervals(rescan=timedelta(hours=1), poll=timedelta(minutes=1)),
            self.ear,
        )

    @property
    def said(self) -> str:
        return self.scanner.details().get("folder films/new", "")

    async def until(self, look: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not look():
                await asyncio.sleep(0.01)

    async def happened(self, *names: str) -> None:
        await self.notices.news.put({self.shelved.path(name).resolve() for name in names})


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    scene = Scene(tmp_path)
    async with running(scene):
        yield scene


@asynccontextmanager
async def running(scene: Scene) -> AsyncIterator[None]:
    task = asyncio.create_task(scene.scanner.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_library_s_folders_are_scanned_when_it_is_made_and_then_watched(scene: Scene) -> None:
    scene.shelved.put("a.mkv", "one")
    await scene.feed.log.publish([library()])
    await scene.until(lambda: len(scene.shelved.found) == 1 and "watching" in scene.said)
    scene.shelved.put("b.mkv", "two", age_s=60)
    await scene.happened("b.mkv")
    await scene.until(lambda: len(scene.shelved.found) == 2)
    assert scene.notices.folders == {scene.shelved.path("").resolve()}


async def test_a_folder_that_comes_is_watched_too(scene: Scene) -> None:
    scene.shelved.put("a.mkv", "one")
    await scene.feed.log.publish([library()])
    await scene.until(lambda: "watching" in scene.said)
    scene.shelved.put("deep/er/b.mkv", "two")
    scene.shelved.path("empty").mkdir()
    await scene.happened("deep", "empty")
    await scene.until(lambda: len(scene.notices.folders) == 4)
    assert len(scene.shelved.found) == 2


async def test_what_was_still_written_to_is_looked_at_again_by_itself(scene: Scene) -> None:
    await scene.feed.log.publish([library()])
    scene.shelved.put("a.mkv", "one", age_s=1)
    await scene.until(lambda: scene.ear.scans and scene.ear.scans[0].writing)
    assert scene.shelved.found == []
    scene.shelved.clock.advance(11)
    await scene.until(lambda: len(scene.shelved.found) == 1)


async def test_all_is_looked_at_now_and_then_whatever_was_heard(scene: Scene) -> None:
    scene.shelved.put("a.mkv", "one")
    await scene.feed.log.publish([library()])
    await scene.until(lambda: "watching" in scene.said)
    scene.shelved.put("b.mkv", "two", age_s=60)
    scene.shelved.clock.advance(3_700)
    await scene.until(lambda: len(scene.shelved.found) == 2)


async def test_who_asks_for_a_scan_gets_one(scene: Scene) -> None:
    scene.shelved.put("a.mkv", "one")
    await scene.feed.log.publish([library()])
    await scene.until(lambda: "watching" in scene.said)
    scene.shelved.put("b.mkv", "two", age_s=60)
    asked = ResourceChanged(
        meta=samples.meta(), resource="scan/l1", kind="scan", id="l1", version=7, value="{}"
    )
    await scene.feed.log.publish([asked])
    await scene.until(lambda: len(scene.shelved.found) == 2)


@pytest.mark.parametrize("full", [False, True], ids=["tells nothing", "watches no more"])
async def test_what_can_t_be_watched_is_polled_and_says_so(tmp_path: Path, full: bool) -> None:
    scene = Scene(tmp_path)
    scene.notices.full, scene.notices.silent = (
        full,
        None if full else "the system tells of no changes on nfs4",
    )
    scene.shelved.put("a.mkv", "one")
    async with running(scene):
        await scene.feed.log.publish([library()])
        await scene.until(lambda: POLLING in scene.said)
        scene.shelved.put("b.mkv", "two", age_s=60)
        scene.shelved.clock.advance(61)
        await scene.until(lambda: len(scene.shelved.found) == 2)


async def test_a_disk_that_is_away_is_said_to_be_and_is_found_again(scene: Scene) -> None:
    scene.shelved.put("a.mkv", "one")
    await scene.feed.log.publish([library()])
    await scene.until(lambda: "watching" in scene.said)
    away = scene.shelved.root.path.rename(scene.shelved.root.path.with_name("away"))
    scene.shelved.clock.advance(3_700)
    await scene.until(lambda: scene.said.startswith(AWAY))
    assert scene.ear.states[AWAY] == 1
    away.rename(scene.shelved.root.path)
    scene.shelved.clock.advance(200_000)
    await scene.until(lambda: scene.said.startswith(WELL))
    assert scene.shelved.changed == []


async def test_a_database_that_is_away_is_waited_for(scene: Scene) -> None:
    scene.shelved.put("a.mkv", "one")
    scene.shelved.database.away = True
    await scene.feed.log.publish([library()])
    await scene.until(lambda: scene.said.startswith("failing"))
    scene.shelved.database.away = False
    scene.shelved.clock.advance(6)
    await scene.until(lambda: len(scene.shelved.found) == 1)


async def test_who_does_not_lead_or_does_not_know_yet_scans_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.shelved.put("a.mkv", "one")
    scene.leads, scene.feed.age_s = False, math.inf
    async with running(scene):
        await scene.feed.log.publish([library()])
        await scene.until(lambda: scene.scanner.shelves.all())
        assert scene.scanner.details() == {}
        scene.leads = True
        await scene.until(lambda: True)
        assert scene.ear.scans == []
        scene.feed.age_s = 0.1
        await scene.until(lambda: len(scene.shelved.found) == 1)
        scene.leads = False
        await scene.until(lambda: scene.scanner.details() == {})


async def test_a_folder_that_is_no_library_s_any_more_is_left_alone(scene: Scene) -> None:
    scene.shelved.put("a.mkv", "one")
    await scene.feed.log.publish([library()])
    await scene.until(lambda: "watching" in scene.said)
    await scene.feed.log.publish([library(version=2, folders=())])
    await scene.until(lambda: scene.scanner.details() == {})
    assert scene.shelved.changed == []


def test_a_folder_belongs_to_one_library_and_the_later_version_counts() -> None:
    shelves = Shelves()
    for event in (
        library(1, "l1", ("films/a", "films/b")),
        library(1, "l2", ("films/b/deeper", "films/c")),
        library(1, "l1", ("films/old",)),
        library(1, "l3", ("films/../etc",)),
    ):
        shelves.hear(event)
    assert [(each.library_id, str(each.place)) for each in shelves.all()] == [
        ("l1", "films/a"),
        ("l1", "films/b"),
        ("l2", "films/c"),
    ]


async def test_the_system_tells_of_what_happens_in_the_folders_that_are_watched_alone(tmp_path: Path) -> None:
    inside, outside = tmp_path / "films" / "new", tmp_path / "outside"
    inside.mkdir(parents=True)
    outside.mkdir()
    (inside / "link").symlink_to(outside)
    watcher = Watcher({"films": Root("films", tmp_path / "films")}, SystemNotices())
    watch = await watcher.watch(place("films/new"), frozenset({place("films/new").path}))
    try:
        (outside / "b.mkv").write_text("two")
        (inside / "a.mkv").write_text("one")
        async with asyncio.timeout(60):
            while not (heard := watch.take()):
                await asyncio.sleep(0.05)
        assert heard == {place("films/new").path}
    finally:
        await watch.stop()
