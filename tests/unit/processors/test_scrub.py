"""A scrub reads all bytes again, says what is not as it was, and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.blobs import FileStore
from connectors.ports import BlobArchived, StoreUnavailable
from connectors.process import ToolFailed
from processors.care.plan import REREAD, Survey, rereads
from processors.care.scrub import RereadWork
from processors.work.demand import Demands
from processors.work.execution import GivenBack
from processors.work.jobs import Job
from processors.work.ledger import TASKS
from schemas import events
from tests import samples
from tests.fakes import only
from tests.unit.processors.caring import World, segment_of

SOUND, HURT = b"sound bytes", b"bytes that change"


@pytest.fixture
def w(tmp_path: Path) -> World:
    return World(tmp_path)


async def scrub(w: World, **options: Any) -> None:
    await w.order("scrub", **options)
    await w.work()


def hurt(w: World, location: str) -> None:
    path = w.store.path_of(location)
    assert path is not None
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def marks(w: World) -> dict[str, dict[str, str]]:
    return {e.media_id: e.values for e in w.log.of("media.changed") if e.change == "health"}


async def test_all_that_is_sound_is_said_to_be_so(w: World) -> None:
    await w.medium("m1", SOUND)
    await scrub(w)
    report = await w.report()
    assert (report["expected"], report["read"], report["read_bytes"]) == (1, 1, len(SOUND))
    assert (report["damaged"], report["findings"], marks(w)) == ({}, [], {})


async def test_a_flipped_byte_is_found_and_said_of_the_medium(w: World) -> None:
    await w.medium("m1", SOUND)
    location = await w.medium("m2", HURT)
    await w.store.put(segment_of(HURT), b"xyz")
    hurt(w, location)
    before = await w.there()
    await scrub(w)
    report = await w.report()
    assert report["findings"] == [{"kind": "medium", "id": "m2", "location": location, "what": "changed"}]
    assert marks(w) == {"m2": {"state": "damaged", "what": "changed"}}
    assert (await w.media("m2"))["health"]["what"] == "changed"
    assert w.observer.counts == report["damaged"] == {"changed": 1}
    folder = segment_of(HURT).rpartition("/")[0]
    untrusted = {"rendition": folder, "media_id": "m2", "segments": 1, "size_bytes": 3}
    assert report["untrusted"] == [untrusted]
    assert await w.there() == before


async def test_what_an_archive_has_to_give_back_is_passed_over(w: World, tmp_path: Path) -> None:
    class Away(FileStore):
        """One blob of it has to be asked back."""

        async def read(
            self, location: str, start: int = 0, end: int | None = None
        ) -> AsyncGenerator[bytes, None]:
            if location == away:
                raise BlobArchived(location)
            async for piece in super().read(location, start, end):
                yield piece

        def path_of(self, location: str) -> Path | None:
            return None

    away = await w.medium("m1", SOUND)
    await w.medium("m2", HURT)
    w.works[REREAD] = RereadWork(Away(tmp_path / "blobs", "away"), w.hasher, w.clock)
    await scrub(w)
    report = await w.report()
    assert (report["expected"], report["read"], report["archived"]) == (2, 1, 1)
    assert (report["findings"], marks(w)) == ([], {})


async def test_what_is_on_a_disk_that_is_away_is_not_called_damaged(w: World, tmp_path: Path) -> None:
    location = await w.medium("m1", SOUND)
    assert w.archive is not None
    await w.archive.archive(location)
    (tmp_path / "archive").rename(tmp_path / "unmounted")
    await w.order("scrub")
    (survey,) = await w.waiting()
    await w.complete(survey)
    (reread,) = await w.waiting()
    with pytest.raises(StoreUnavailable, match="the archive is not at"):
        await w.attempt(reread)
    assert marks(w) == {}


async def test_what_is_not_there_is_missing(w: World) -> None:
    await w.store.remove(await w.medium("m1", SOUND))
    await scrub(w)
    assert marks(w) == {"m1": {"state": "damaged", "what": "missing"}}
    assert (await w.report())["untrusted"] == []


async def test_what_the_disk_does_not_give_is_unreadable(w: World) -> None:
    await w.medium("m1", SOUND)

    async def refuse(path: Path, size_bytes: int) -> str:
        raise ToolFailed("exit_1", "Input/output error")

    w.hasher.sha256 = refuse  # type: ignore[method-assign]
    await scrub(w)
    assert marks(w) == {"m1": {"state": "damaged", "what": "unreadable"}}


class Failing:
    """A store one of whose blobs the disk does not give; or which is gone altogether."""

    def __init__(self, w: World, *, gone: bool) -> None:
        self._store, self._gone = w.store, gone

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, location: str, *place: Any) -> AsyncGenerator[bytes, None]:
        if location.startswith("raw/"):
            raise StoreUnavailable("the blob store does not answer: Input/output error")
        async for piece in self._store.read(location, *place):
            yield piece

    async def ping(self) -> None:
        if self._gone:
            raise StoreUnavailable("the blob store is not where it was")


async def test_a_store_that_is_away_is_no_damage(w: World) -> None:
    await w.medium("m1", SOUND)
    for gone in (True, False):
        w.works[REREAD] = RereadWork(Failing(w, gone=gone), w.hasher, w.clock)
        if gone:
            with pytest.raises(StoreUnavailable):
                await scrub(w)
        else:
            await w.work()
    assert marks(w) == {"m1": {"state": "damaged", "what": "unreadable"}}


async def test_a_copy_with_one_clock_is_read_too(w: World) -> None:
    straight = await w.stored(b"with one clock", "straight", ".mkv")
    await w.medium("m1", SOUND, location=straight)
    hurt(w, straight)
    await scrub(w)
    assert only((await w.report())["findings"])["location"] == straight


async def test_what_was_damaged_and_is_sound_again_is_told_once(w: World) -> None:
    await w.medium("m1", SOUND)
    said = {"state": "damaged", "what": "changed"}
    was = samples.deleted("m1", change="health", values=said, meta=samples.meta())
    await w.happened(was)
    await scrub(w)
    assert marks(w) == {"m1": {"state": "sound"}}


async def test_what_is_known_to_be_damaged_is_not_told_again(w: World) -> None:
    hurt(w, await w.medium("m1", HURT))
    said = {"state": "damaged", "what": "changed"}
    await w.happened(samples.deleted("m1", change="health", values=said))
    await scrub(w)
    assert len(w.log.of("media.changed")) == 1
    assert (await w.report())["damaged"] == {"changed": 1}


@pytest.mark.parametrize(("outputs", "found"), [(True, {"changed": 1}), (False, {})])
async def test_what_jobs_made_is_read_where_that_is_asked_for(
    w: World, outputs: bool, found: dict[str, int]
) -> None:
    made = await w.stored(HURT, "processed")
    await w.happened(samples.requested("j9"), samples.processed("j9", output_location=made))
    hurt(w, made)
    await scrub(w, outputs=outputs)
    assert (await w.report())["damaged"] == found


async def test_media_that_are_gone_are_not_read(w: World) -> None:
    await w.medium("m1", SOUND)
    await w.happened(samples.deleted("m1"))
    await scrub(w)
    assert (await w.report())["expected"] == 0
    assert w.hasher.read == []


async def test_a_large_library_is_many_tasks_and_one_report(w: World) -> None:
    for number in range(120):
        await w.medium(f"m{number}", f"film {number}".encode())
    await w.order("scrub")
    await w.complete(only(await w.waiting()))
    tasks = [task for task in await w.waiting() if task.kind == REREAD]
    assert len(tasks) == 3
    again = await w.attempt(tasks[0])  # its worker died at the end
    for task in tasks[1:]:
        await w.complete(task)
    assert w.log.of("media.processed") == []
    assert await w.attempt(tasks[0]) == again
    await w.work()
    report = await w.report()
    assert (report["expected"], report["read"]) == (120, 120)


async def test_a_task_that_ends_before_the_others_are_known_sums_up_nothing(w: World) -> None:
    for number in range(120):
        await w.medium(f"m{number}", f"film {number}".encode())
    await w.order("scrub")
    await w.complete(only(await w.waiting()))
    first, *others = await w.waiting()
    for task in others:  # planned, and not in the ledger yet
        await w.database.remove(TASKS, task.id)
    await w.complete(first)
    assert await w.waiting() == []


async def test_a_survey_that_was_begun_twice_counts_once(w: World) -> None:
    await w.medium("m1", SOUND)
    await w.order("scrub")
    survey = only(await w.waiting())
    first = await w.attempt(survey)
    await w.medium("m2", HURT)
    assert await w.attempt(survey) == first


async def test_a_task_that_is_to_be_left_is_given_back_between_two_media(w: World) -> None:
    for number in range(3):
        await w.medium(f"m{number}", f"film {number}".encode())
    await w.order("scrub")
    await w.complete(only(await w.waiting()))
    leave = asyncio.Event()
    leave.set()
    with pytest.raises(GivenBack):
        await w.attempt(only(await w.waiting()), leave=leave)
    assert len(w.hasher.read) == 1


async def test_nothing_is_read_while_a_viewer_waits(w: World) -> None:
    await w.medium("m1", SOUND)
    await w.order("scrub")
    await w.complete(only(await w.waiting()))
    demands, now = Demands(), samples.meta(now=w.clock.now())
    demands.hear(samples.playback("waiting", makes="a film", segment=3, meta=now))
    reading = asyncio.create_task(w.attempt(only(await w.waiting()), demands=demands))
    done, _ = await asyncio.wait([reading], timeout=0.3)
    assert (done, w.hasher.read) == (set(), [])
    demands.hear(samples.playback("stopped", meta=now))
    await reading
    assert len(w.hasher.read) == 1


async def test_a_scrub_can_be_cancelled_and_begun_again(w: World) -> None:
    await w.medium("m1", SOUND)
    await w.order("scrub")
    steer = {"job_id": "j1", "reason": None, "priority": None}
    await w.give(events.JobControlled(meta=samples.meta(), run=1, command="cancel", **steer))  # type: ignore[arg-type]
    (ended,) = w.log.of("media.processed")
    assert (ended.status, ended.processing_type, ended.media_id) == ("cancelled", "scrub", "")
    await w.give(events.JobControlled(meta=samples.meta(), run=2, command="retry", **steer))  # type: ignore[arg-type]
    await w.work()
    assert [e.status for e in w.log.of("media.processed")] == ["cancelled", "completed"]


async def test_events_that_come_twice_plan_the_same_tasks(w: World) -> None:
    await w.medium("m1", SOUND)
    await w.order("scrub")
    done = await w.complete(only(await w.waiting()))
    planned = len(await w.ledger.of_job("j1"))
    await w.give(done)
    await w.give(w.log.of("chore.requested")[0])
    assert len(await w.ledger.of_job("j1")) == planned


@pytest.mark.parametrize("lists", [0, 1, 7, 400, 401, 1000, 20_000])
def test_all_lists_are_read_by_few_enough_tasks(lists: int) -> None:
    job = Job(
        id="j1",
        kind="scrub",
        media_id="",
        owner_id="ann",
        run=1,
        state="planned",
        requested_at=samples.WHEN,
        request={"priority": "low", "options": "{}"},
    )
    made = rereads(job, Survey(epoch=1, lists=lists, entries=lists, size_bytes=lists))
    orders = [orjson.loads(each.plan.order) for each in made]
    read = [number for order in orders for number in range(order["first"], order["first"] + order["lists"])]
    assert read == list(range(lists))
    assert len(made) <= 400
    assert {order["of"] for order in orders} <= {len(made)}
