"""Segments that are not there yet: they are asked for, and come as soon as anything says that they are."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path
from typing import Any

import pytest

from gateway.playback.streams import Patience, Rendition
from schemas.events import MediaChanged
from schemas.segments import INIT
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import until, world
from tests.unit.gateway.history import processed, uploaded
from tests.unit.gateway.viewing import (
    BY_LOOKING,
    address,
    announced,
    becomes,
    film,
    foreseen,
    keep,
    once_told,
    ordered,
    told,
    viewed,
    waiters,
    waiting,
    watch,
)

MADE = becomes()
RUNG, LOW, TRACK = MADE.video[0], MADE.video[-1], MADE.audio[0]
DELETED = MediaChanged(meta=uploaded().meta, media_id="m1", version=1, change="deleted")


@pytest.mark.parametrize("rendition", [RUNG, LOW, TRACK], ids=["high", "low", "sound"])
async def test_a_segment_that_is_not_there_is_asked_for_and_comes_when_it_is_announced(
    tmp_path: Path, rendition: Rendition
) -> None:
    async with viewed(tmp_path) as (w, base):
        async with waiting(w, f"{base}/{rendition.key}/000001.m4s") as asking:
            wanted = told(w, "waiting")[0]
            assert (wanted.makes, wanted.rendition, wanted.segment) == (rendition.group, rendition.key, 1)
            assert (wanted.media_id, wanted.viewer_id, wanted.profile) == ("m1", "admin", "web")
            await keep(w, rendition, 1)
            w.live.put(announced(rendition, 1))
            assert (await asking).content == b"a segment"
        assert [e.segment for e in told(w, "waiting")] == [1]
        assert (await once_told(w, "playing")).segment == 1


async def test_the_beginning_of_a_rendition_is_waited_for_with_what_the_viewer_sees_first(
    tmp_path: Path,
) -> None:
    async with (
        viewed(tmp_path, start_ms=5000) as (w, base),
        waiting(w, f"{base}/{RUNG.key}/init.mp4") as asking,
    ):
        assert told(w, "waiting")[0].segment == 1
        await keep(w, RUNG, INIT)
        w.live.put(announced(RUNG, INIT))
        assert (await asking).status_code == 200


async def test_other_announcements_and_hints_without_a_file_wake_nobody_for_good(tmp_path: Path) -> None:
    async with viewed(tmp_path) as (w, base), waiting(w, f"{base}/{RUNG.key}/000001.m4s") as asking:
        w.live.put(announced(RUNG, 0), announced(LOW, 1), announced(TRACK, 1), processed())
        await w.live.queue.join()
        assert len(told(w, "waiting")) == 1
        w.live.put(announced(RUNG, 1))
        await once_told(w, "waiting", 2)
        assert not asking.done()
        await keep(w, RUNG, 1)
        w.live.put(announced(RUNG, 1))
        assert (await asking).status_code == 200


async def test_without_an_announcement_the_store_is_looked_at_again_and_again(tmp_path: Path) -> None:
    async with viewed(tmp_path, BY_LOOKING) as (w, base):
        async with waiting(w, f"{base}/{RUNG.key}/000002.m4s") as asking:
            await once_told(w, "waiting", 3)
            await keep(w, RUNG, 2)
            assert (await asking).status_code == 200
        assert {e.segment for e in told(w, "waiting")} == {2}


async def test_waiting_outlives_a_kafka_that_is_away(tmp_path: Path) -> None:
    unexpected: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unexpected.append(context))
    async with viewed(tmp_path, BY_LOOKING) as (w, base):
        w.publisher.away = True
        asking = asyncio.create_task(w.client.get(f"{base}/{RUNG.key}/000000.m4s"))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await keep(w, RUNG, 0)
        assert (await asking).status_code == 200
        await until(lambda: not w.services.streams._telling)
    gc.collect()
    assert unexpected == []


async def test_what_never_comes_is_refused_for_now(tmp_path: Path) -> None:
    async with viewed(tmp_path, Patience(ask_again_s=0.01, segment_s=0.1)) as (w, base):
        got = await w.client.get(f"{base}/{RUNG.key}/000000.m4s")
        assert_problem(got, 503, "unavailable")
        assert got.headers["retry-after"]
        assert waiters(w) == 0


@pytest.mark.parametrize(
    ("ended", "why"),
    [
        ({"status": "failed", "reason": "the disk broke", "code": "broken"}, "the disk broke"),
        ({"status": "failed", "code": "too_odd"}, "too_odd"),
        ({"status": "failed"}, "failed"),
        ({"status": "cancelled"}, "cancelled"),
    ],
)
async def test_what_nobody_makes_any_more_is_not_waited_for(
    tmp_path: Path, ended: dict[str, Any], why: str
) -> None:
    async with viewed(tmp_path, BY_LOOKING) as (w, base):
        job_id = ordered(w)[0].job_id
        async with waiting(w, f"{base}/{RUNG.key}/000001.m4s") as asking:
            await w.happened(processed(job_id=job_id, **ended))
            assert assert_problem(await asking, 409, "transcode-ended")["detail"].endswith(why)


async def test_what_was_made_and_lost_is_not_waited_for(tmp_path: Path) -> None:
    async with viewed(tmp_path, BY_LOOKING) as (w, base):
        await w.happened(processed(job_id=ordered(w)[0].job_id))
        assert_problem(await w.client.get(f"{base}/{RUNG.key}/000001.m4s"), 409, "segments-lost")


async def test_a_medium_that_is_deleted_is_not_waited_for(tmp_path: Path) -> None:
    async with viewed(tmp_path, BY_LOOKING) as (w, base):
        async with waiting(w, f"{base}/{RUNG.key}/000001.m4s") as asking:
            await w.happened(DELETED)
            assert_problem(await asking, 410, "media-deleted")
        assert waiters(w) == 0


async def test_one_job_that_goes_on_is_enough_to_wait_for(tmp_path: Path) -> None:
    async with world(tmp_path, patience=BY_LOOKING) as w:
        await w.happened(*film())
        said = await watch(w)
        await w.happened(processed("failed", job_id=said["job_id"]))
        again = await watch(w)
        assert again["job_id"] != said["job_id"]
        async with waiting(w, f"{said['links']['stop']}/{RUNG.key}/000001.m4s") as asking:
            await once_told(w, "waiting", 3)
            await keep(w, RUNG, 1)
            assert (await asking).status_code == 200


async def test_many_who_wait_for_the_same_segment_all_get_it(tmp_path: Path) -> None:
    async with viewed(tmp_path) as (w, first):
        bases = [first, *[await address(w) for _ in range(4)]]
        path = f"{RUNG.key}/000001.m4s"
        asking = [asyncio.create_task(w.client.get(f"{base}/{path}")) for base in bases * 10]
        await once_told(w, "waiting", len(asking))
        assert waiters(w) == len(asking)
        assert len({e.session_id for e in told(w, "waiting")}) == len(bases)
        await keep(w, RUNG, 1, b"x" * 100_000)
        w.live.put(announced(RUNG, 1))
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*asking)
        assert {(got.status_code, len(got.content)) for got in answers} == {(200, 100_000)}
        assert waiters(w) == 0


async def test_a_viewer_who_leaves_is_waited_for_no_longer(tmp_path: Path) -> None:
    async with viewed(tmp_path) as (w, base):
        async with waiting(w, f"{base}/{RUNG.key}/000001.m4s"):
            assert waiters(w) == 1
        await until(lambda: waiters(w) == 0)


async def test_what_a_player_asks_for_first_is_made_before_it_asks(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        made = becomes()
        await keep(w, made.audio[0], 1)
        await watch(w, start_ms=5_000, abilities={"max_height": 480})
        assert foreseen(w) == [(made.video[1].key, 1)]
        await watch(w)
        assert foreseen(w)[1:] == [(made.video[0].key, 0), (made.audio[0].key, 0)]
