"""What a policy says is to be archived is, what others need stays, and where it is is told."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.ports import Archive, BlobArchived, BlobMissing, StoreFull, content_of
from processors.care.archival import files
from processors.care.plan import SHELVE, UNSHELVE
from processors.care.shelve import ShelveWork
from processors.care.unshelve import UnshelveWork
from processors.work.execution import GivenBack, TaskFailed
from processors.work.sources import source_on_disk
from schemas.chores import ArchivalOptions, checked
from schemas.events import MediaChanged
from tests import samples
from tests.unit.processors.caring import World

NOW = samples.WHEN
DAY = timedelta(days=1)


def document(id: str = "m1", days: float = 0, **more: Any) -> dict[str, Any]:
    """A file as the read models have it, uploaded so many days ago."""
    upload = {"name": "film.mp4", "location": f"raw/ab/{'ab' * 32}", "sha256": "ab" * 32, "size_bytes": 1000}
    said = {"_id": id, "created_at": NOW - days * DAY, "status": {"name": "ready"}, "upload": upload}
    return {**said, **more}


def place(name: str, days: float) -> dict[str, Any]:
    return {"storage": {"version": 1, "at": NOW - days * DAY, "class": name}}


@pytest.mark.parametrize(
    ("options", "said", "viewed", "goes"),
    [
        ({"media_days": 30}, document(days=40), None, True),
        ({"media_days": 30}, document(days=20), None, False),
        ({"media_days": 30}, document(days=40), 1, True),
        ({"unviewed_days": 30}, document(days=40), None, True),
        ({"unviewed_days": 30}, document(days=20), None, False),
        ({"unviewed_days": 30}, document(days=90), 20, False),
        ({"unviewed_days": 30}, document(days=90), 40, True),
        ({"media_days": 60, "unviewed_days": 30}, document(days=50), 40, False),
        ({"media_days": 60, "unviewed_days": 30}, document(days=90), 40, True),
        ({"media_days": 30}, document(days=90, **place("standard", 20)), None, False),
        ({"media_days": 30}, document(days=90, **place("standard", 40)), None, True),
        ({"media_days": 30, "min_bytes": 1001}, document(days=40), None, False),
        ({"media_days": 30, "min_bytes": 1000}, document(days=40), None, True),
        ({"media_days": 30}, document(days=40, status={"name": "rejected"}), None, False),
        ({"media_days": 30}, document(days=40, status={"name": "uploaded"}), None, False),
        ({"media_days": 30, "library": "l1"}, document(days=40), None, False),
        ({"media_days": 30, "library": "l1"}, document(days=40, library={"id": "l1"}), None, True),
        ({"versions_days": 30}, document(days=40), None, False),
        ({"media": ["m1"]}, document(), None, True),
        ({"media": ["m2"]}, document(days=99), None, False),
    ],
)
def test_which_media_are_archived(
    options: dict[str, Any], said: Mapping[str, Any], viewed: int | None, goes: bool
) -> None:
    viewed_at = None if viewed is None else NOW - viewed * DAY
    (found,) = files(said, [], ArchivalOptions(**options), NOW, viewed_at)
    assert (found.why is not None) == goes


def test_versions_that_are_not_shown_go_by_their_own_limit() -> None:
    medium = document(days=90, current={"version": 8})
    later = [document("m1~7", days=40), document("m1~8", days=20), document("m1~9", days=5)]
    found = files(medium, later, ArchivalOptions(versions_days=30), NOW, None)
    assert {each.id: bool(each.why) for each in found} == {
        "m1": True,
        "m1~7": True,
        "m1~8": False,
        "m1~9": False,
    }


@pytest.mark.parametrize(
    "gone",
    [
        {"dropped_at": NOW},
        {"status": {"name": "deleted"}},
        {"status": {"name": "quarantined"}},
        {"upload": {"name": "a", "location": "roots/ab/x", "sha256": "ab" * 32, "size_bytes": 1}},
    ],
)
def test_what_is_not_in_the_store_is_not_archived(gone: dict[str, Any]) -> None:
    assert list(files(document(days=99, **gone), [], ArchivalOptions(media_days=1), NOW, None)) == []


def test_a_policy_says_what_is_to_be_archived() -> None:
    with pytest.raises(ValidationError, match="say what is to be archived"):
        ArchivalOptions(archive=True, min_bytes=5)
    assert checked("archival", {"media_days": 3}) == '{"media_days":3}'
    with pytest.raises(ValidationError):
        ArchivalOptions(media=[])


@pytest.fixture
def w(tmp_path: Path) -> World:
    return World(tmp_path)


def archive_of(w: World) -> Archive:
    assert w.archive is not None
    return w.archive


async def old(w: World, id: str, content: bytes, days: int = 40) -> str:
    """A medium that was accepted so many days ago; returns where its bytes are."""
    clock, w.clock.ahead = w.clock.ahead, w.clock.ahead - timedelta(days=days)
    location = await w.medium(id, content)
    w.clock.ahead = clock
    return location


async def chore(w: World, kind: str, **options: Any) -> dict[str, Any]:
    await w.order(kind, **options)
    await w.work()
    return await w.report()


async def archival(w: World, **options: Any) -> dict[str, Any]:
    return await chore(w, "archival", **options)


async def stored(w: World) -> dict[str, str]:
    return {each.location: each.storage async for each in w.store.listing("raw")}


def told(w: World) -> list[tuple[str, str]]:
    return [(e.media_id, e.values["class"]) for e in w.log.of("media.changed") if e.change == "storage"]


async def test_a_dry_run_says_what_would_be_archived_and_moves_nothing(w: World) -> None:
    location = await old(w, "m1", b"old")
    await w.medium("m2", b"new")
    report = await archival(w, media_days=30)
    assert (report["archived"], report["media"], report["going"], report["going_bytes"]) == (False, 2, 1, 3)
    (first,) = report["first"]
    assert first == {"id": "m1", "name": "film.mp4", "size_bytes": 3, "why": "it has been there for 30 days"}
    assert (await stored(w))[location] == "standard"
    assert told(w) == []


async def test_what_is_archived_is_told_and_read_as_before(w: World) -> None:
    goes, stays = await old(w, "m1", b"old"), await w.medium("m2", b"new")
    report = await archival(w, media_days=30, archive=True)
    assert (report["moved_bytes"], report["failed"]) == (3, [])
    assert await stored(w) == {goes: "archive", stays: "standard"}
    assert await content_of(w.store, goes) == b"old"
    assert told(w) == [("m1", "archive")]
    assert (await w.media("m1"))["storage"]["class"] == "archive"


async def test_an_archival_that_is_ordered_again_finds_nothing_to_do(w: World) -> None:
    await old(w, "m1", b"old")
    await archival(w, media_days=30, archive=True)
    await w.order("archival", "j2", media_days=30, archive=True)
    for task in [each for each in await w.ledger.of_job("j2") if each.state == "waiting"]:
        await w.complete(task)
    assert told(w) == [("m1", "archive")]


async def test_what_one_that_died_has_moved_is_told_by_the_next(w: World) -> None:
    location = await old(w, "m1", b"old")
    await archive_of(w).archive(location)
    assert told(w) == []
    await archival(w, media_days=30, archive=True)
    assert told(w) == [("m1", "archive")]


async def test_what_was_brought_back_behind_our_back_is_told(w: World) -> None:
    location = await old(w, "m1", b"old")
    where = samples.changed("m1", version=5, change="storage", values={"class": "archive"})
    await w.happened(where)
    await archival(w, versions_days=30, archive=True)
    assert (await stored(w))[location] == "standard"
    assert told(w)[1:] == [("m1", "standard")]
    assert (await w.media("m1"))["storage"]["class"] == "standard"


async def test_bytes_that_another_medium_needs_stay(w: World) -> None:
    location = await old(w, "m1", b"the same")
    await w.medium("m2", b"the same")
    report = await archival(w, media_days=30, archive=True)
    assert (report["going"], report["shared"]) == (0, 1)
    assert await stored(w) == {location: "standard"}


async def test_bytes_that_all_of_them_can_spare_go_once(w: World) -> None:
    location = await old(w, "m1", b"the same")
    await old(w, "m2", b"the same")
    await archival(w, media_days=30, archive=True)
    assert await stored(w) == {location: "archive"}
    assert sorted(told(w)) == [("m1", "archive"), ("m2", "archive")]


async def test_what_a_job_works_on_stays(w: World) -> None:
    await old(w, "m1", b"old")
    await w.happened(samples.requested("busy", media_id="m1"))
    report = await archival(w, media_days=30, archive=True)
    assert (report["going"], report["busy"]) == (0, 1)


async def test_what_somebody_has_watched_lately_stays(w: World) -> None:
    await old(w, "m1", b"watched")
    goes = await old(w, "m2", b"forgotten")
    lately = samples.meta(now=w.clock.now() - timedelta(days=2))
    await w.happened(samples.viewing(media_id="m1", meta=lately, position_ms=5))
    await archival(w, unviewed_days=30, archive=True)
    assert [at for at, where in (await stored(w)).items() if where == "archive"] == [goes]


async def test_what_is_damaged_is_said_and_the_rest_goes_on(w: World) -> None:
    worn, sound = await old(w, "m1", b"worn out"), await old(w, "m2", b"sound")
    path = w.store.path_of(worn)
    assert path is not None
    path.write_bytes(b"other byte")
    report = await archival(w, media_days=30, archive=True)
    assert [each["id"] for each in report["failed"]] == ["m1"]
    assert told(w) == [("m2", "archive")]
    assert await stored(w) == {worn: "standard", sound: "archive"}


@dataclass
class Slow:
    """An archive of a bucket that takes its time; and one that is full."""

    inner: Archive
    storage: str = "GLACIER"
    looks: int = 0
    is_full: bool = False
    asked: list[str] = field(default_factory=list)

    async def archive(self, location: str) -> None:
        if self.is_full:
            raise StoreFull("the archive is full")
        await self.inner.archive(location)

    async def restore(self, location: str) -> bool:
        self.asked.append(location)
        if len(self.asked) <= self.looks:
            return False
        return await self.inner.restore(location)


async def test_a_full_archive_ends_the_run_and_what_went_is_told(w: World) -> None:
    location = await old(w, "m1", b"old")
    w.works[SHELVE] = ShelveWork(w.store, Slow(archive_of(w), is_full=True), w.everything, w.clock)
    report = await archival(w, media_days=30, archive=True)
    assert report["failed"] == [{"id": "m1", "location": location, "why": "the archive is full"}]


async def test_more_than_an_event_can_say_goes_with_the_next(w: World) -> None:
    w.works[SHELVE] = ShelveWork(w.store, w.archive, w.everything, w.clock, most=2)
    for number in range(3):
        await old(w, f"m{number}", b"%d" % number)
    report = await archival(w, media_days=30, archive=True)
    assert (report["going"], report["left"], len(told(w))) == (2, 1, 2)


@pytest.mark.parametrize("kind", ["archival", "unarchival"])
async def test_without_an_archive_a_chore_says_what_to_set(w: World, kind: str) -> None:
    w.works[SHELVE] = ShelveWork(w.store, None, w.everything, w.clock)
    w.works[UNSHELVE] = UnshelveWork(w.store, None, w.everything, w.clock)
    await w.order(kind, media=["m1"])
    (task,) = await w.waiting()
    with pytest.raises(TaskFailed, match="SLUICE_ARCHIVE") as failed:
        await w.attempt(task)
    assert not failed.value.again


async def test_what_is_asked_for_comes_back_for_all_who_have_it(w: World) -> None:
    location = await old(w, "m1", b"the same")
    await old(w, "m2", b"the same")
    await archival(w, media_days=30, archive=True)
    await w.order("unarchival", "j2", media=["m1"])
    (task,) = [each for each in await w.ledger.of_job("j2") if each.state == "waiting"]
    await w.complete(task)
    assert await stored(w) == {location: "standard"}
    assert sorted(told(w)[2:]) == [("m1", "standard"), ("m2", "standard")]
    for id in ("m1", "m2"):
        assert (await w.media(id))["storage"]["class"] == "standard"


async def test_what_takes_hours_is_asked_for_and_nobody_waits(w: World) -> None:
    await old(w, "m1", b"one")
    await old(w, "m2", b"two")
    await archival(w, media_days=30, archive=True)
    slow = Slow(archive_of(w), looks=3)
    w.works[UNSHELVE] = UnshelveWork(w.store, slow, w.everything, w.clock)
    await w.order("unarchival", "j2", media=["m1", "m2"])
    (task,) = [each for each in await w.ledger.of_job("j2") if each.state == "waiting"]
    with pytest.raises(GivenBack, match="2 files are on their way") as left:
        await w.attempt(task)
    assert left.value.again_in is not None
    assert len(slow.asked) == 2, "both are asked for before any is waited for"
    with pytest.raises(GivenBack, match="1 files"):
        await w.attempt(task)
    await w.complete(task)
    assert sorted(told(w)[2:]) == [("m1", "standard"), ("m2", "standard")]


async def test_what_is_gone_can_not_come_back(w: World) -> None:
    await w.order("unarchival", media=["m9"])
    (task,) = await w.waiting()
    with pytest.raises(TaskFailed, match="none of these files") as failed:
        await w.attempt(task)
    assert not failed.value.again


async def test_of_two_words_on_one_file_the_later_one_stands(w: World) -> None:
    await old(w, "m1", b"old")
    await archival(w, media_days=30, archive=True)
    (last,) = [e for e in w.log.of("media.changed") if e.change == "storage"]
    assert isinstance(last, MediaChanged)
    early = replace(last, version=last.version - 1, values={"class": "standard"})
    await w.happened(dataclasses.replace(early, meta=samples.meta(now=w.clock.now())))
    assert (await w.media("m1"))["storage"]["class"] == "archive"


class Unreadable:
    """A store whose blobs have to be asked back."""

    def on_disk(self, location: str) -> Any:
        raise BlobArchived(location)


async def test_a_job_over_what_is_away_says_what_to_do() -> None:
    with pytest.raises(TaskFailed, match="unarchive the medium") as failed:
        async with source_on_disk(Unreadable(), "raw/x"):  # type: ignore[arg-type]
            pass
    assert (failed.value.code, failed.value.again) == ("archived", False)


async def test_a_scrub_reads_what_is_archived_and_a_cleanup_leaves_it(w: World) -> None:
    location = await old(w, "m1", b"old")
    await archive_of(w).archive(location)
    scrubbed = await chore(w, "scrub")
    assert (scrubbed["read"], scrubbed["findings"]) == (1, [])


async def test_a_cleanup_leaves_what_is_archived_and_takes_what_is_nobodys(w: World) -> None:
    location, orphan = await old(w, "m1", b"old"), await w.stored(b"nobody's", suffix="")
    for each in (location, orphan):
        await archive_of(w).archive(each)
    await chore(w, "cleanup", delete=True, grace_s=0)
    assert await stored(w) == {location: "archive"}
    with pytest.raises(BlobMissing):
        await w.store.stat(orphan)
