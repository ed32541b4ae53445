"""The route that says how a medium is played: which answer, for which medium and which client."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.playback.streams import Patience
from schemas.events import Event, MediaChanged
from schemas.profiles import BUILT_IN, Profile, Rung, Video, written
from tests import samples
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.doubles import START
from tests.unit.gateway.fakes import world
from tests.unit.gateway.history import rejected, uploaded
from tests.unit.gateway.viewing import FILM_MS, ask, clip, film, ordered, seen, told, watch

DELETED = MediaChanged(meta=uploaded().meta, media_id="m1", version=1, change="deleted")


@pytest.mark.parametrize(
    ("before", "status", "code"),
    [
        ([], 404, "media-not-found"),
        ([seen()], 404, "media-not-found"),
        ([*film(), DELETED], 410, "media-deleted"),
        ([uploaded(), rejected()], 409, "media-rejected"),
        ([*film(), rejected()], 409, "media-rejected"),
        ([uploaded()], 503, "unavailable"),
    ],
)
async def test_what_cant_be_played_is_refused_and_nobody_is_told(
    tmp_path: Path, before: list[Event], status: int, code: str
) -> None:
    async with world(tmp_path) as w:
        await w.happened(*before)
        answer = await ask(w)
        said = assert_problem(answer, status, code)
        assert code != "media-rejected" or "The file is text." in said["detail"]
        assert ("retry-after" in answer.headers) is (status == 503)
        assert w.publisher.events == before


async def test_a_medium_that_is_still_looked_at_is_waited_for(tmp_path: Path) -> None:
    async with world(tmp_path, patience=Patience(probed_s=20)) as w:
        await w.happened(uploaded())
        asking = asyncio.create_task(watch(w))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await w.happened(seen())
        assert (await asking)["method"] == "transcode"


async def test_a_medium_that_is_rejected_meanwhile_is_waited_for_no_longer(tmp_path: Path) -> None:
    async with world(tmp_path, patience=Patience(probed_s=20)) as w:
        await w.happened(uploaded())
        asking = asyncio.create_task(ask(w))
        await asyncio.sleep(0.1)
        assert not asking.done()
        await w.happened(rejected())
        assert_problem(await asking, 409, "media-rejected")


async def test_what_the_client_plays_as_it_is_comes_as_it_is(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip())
        said = await watch(w, start_ms=2000, profile="phone")
        assert (said["method"], said["reasons"], said["mime_type"]) == ("direct", [], "video/mp4")
        assert (said["profile"], said["job_id"], said["duration_ms"]) == (None, None, FILM_MS)
        assert said["url"] == f"{said['links']['stop']}/file"
        (started,) = told(w, "started")
        assert (started.session_id, started.media_id, started.viewer_id) == (
            said["session_id"],
            "m1",
            "admin",
        )
        assert (started.method, started.profile, started.position_ms) == ("direct", None, 2000)
        assert ordered(w) == []


async def test_what_it_cant_play_is_made_while_it_plays(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        said = await watch(w)
        assert (said["method"], said["profile"]) == ("transcode", "web")
        assert said["reasons"] == [
            "the container avi is not among the client's",
            "its container, avi, does not say when each packet is shown",
        ]
        assert said["mime_type"] == "application/vnd.apple.mpegurl"
        assert said["url"] == f"{said['links']['stop']}/master.m3u8"
        assert said["links"]["heartbeat"] == f"{said['links']['stop']}/heartbeat"
        (order,) = ordered(w)
        assert (order.job_id, order.media_id, order.run) == (said["job_id"], "m1", 1)
        assert (order.profile, order.priority, order.name) == ("web", "background", "Отпуск")
        assert order.profile_json == written(BUILT_IN["web"])
        (started,) = told(w, "started")
        assert (started.method, started.profile) == ("transcode", "web")
        assert started.meta.correlation_id == order.meta.correlation_id


async def test_each_viewing_is_one_of_its_own(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip())
        viewings = [await watch(w) for _ in range(3)]
        assert len({said["session_id"] for said in viewings}) == len({s["url"] for s in viewings}) == 3


@pytest.mark.parametrize(
    ("before", "order", "method", "reason"),
    [
        (clip(), {"method": "direct"}, "direct", None),
        (clip(), {"method": "transcode"}, "transcode", "the client asked for it"),
        (film(), {"method": "transcode"}, "transcode", "the container avi"),
        (film(), {"profile": "phone"}, "transcode", "the container avi"),
        (film(container="matroska"), {"method": "transcode"}, "transcode", "the client asked for it"),
        (film(container="matroska"), {"profile": "phone"}, "transcode", "the profile phone is asked for"),
        (clip(), {"abilities": {"video_codecs": ["vp9"]}}, "transcode", "the picture is h264"),
        (film(), {"abilities": {"containers": ["avi"]}}, "direct", None),
    ],
)
async def test_the_way_is_the_clients_where_it_can_be(
    tmp_path: Path, before: list[Event], order: dict[str, Any], method: str, reason: str | None
) -> None:
    async with world(tmp_path) as w:
        await w.happened(*before)
        said = await watch(w, **order)
        assert (said["method"], bool(said["reasons"])) == (method, reason is not None)
        assert reason is None or any(reason in each for each in said["reasons"])
        assert said["profile"] == (order.get("profile", "web") if method == "transcode" else None)


@pytest.mark.parametrize(
    ("before", "method", "why"),
    [
        (film(), "direct", "the container avi is not among the client's"),
        (film(), "remux", "does not say when each packet is shown"),
        (clip(streams=[samples.video_stream(rotation=90)]), "remux", "it is turned by 90 degrees"),
    ],
)
async def test_a_way_that_cant_be_is_a_conflict(
    tmp_path: Path, before: list[Event], method: str, why: str
) -> None:
    async with world(tmp_path) as w:
        await w.happened(*before)
        assert why in assert_problem(await ask(w, method=method), 409, "method-impossible")["detail"]
        assert w.publisher.events == before


async def test_a_profile_that_cant_be_streamed_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        assert assert_problem(await ask(w, profile="nope"), 422, "unknown-profile")["profiles"]
        for profile in ("sound", "archive"):
            assert_problem(await ask(w, profile=profile), 422, "not-streamable")
        assert len(w.publisher.events) == 2


async def test_a_profile_that_keeps_nothing_of_the_medium_is_a_conflict(tmp_path: Path) -> None:
    silent = Profile(name="silent", video=Video(codec="h264", rungs=(Rung(height=480, crf=23),)))
    async with world(tmp_path) as w:
        await w.happened(*film(streams=[samples.audio_stream(codec="ac3")]))
        await w.happened(samples.resource(id="silent", value=written(silent)))
        assert_problem(await ask(w, profile="silent"), 409, "nothing-to-play")
        assert (await watch(w))["profile"] == "web"


async def test_an_order_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    orders: list[dict[str, Any]] = [
        {"extra": 1},
        {"start_ms": -1},
        {"start_ms": "soon"},
        {"method": "teleport"},
        {"profile": "x" * 41},
        {"abilities": {"extra": 1}},
        {"abilities": {"max_height": 1}},
        {"abilities": {"max_bit_rate": 10**30}},
        {"abilities": {"max_channels": 0}},
        {"abilities": {"containers": [f"c{n}" for n in range(51)]}},
        {"abilities": None},
    ]
    async with world(tmp_path) as w:
        await w.happened(*film())
        for order in orders:
            assert_problem(await ask(w, **order), 422, "invalid")
        assert len(w.publisher.events) == 2


async def test_numbers_at_their_bounds_are_taken(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        said = await watch(w, start_ms=10**18, abilities={"max_bit_rate": 10**12, "max_height": 10_000})
        assert told(w, "started")[0].position_ms == FILM_MS
        assert (await w.client.get(said["url"])).status_code == 200


@pytest.mark.parametrize(
    ("duration_ms", "lasts"),
    [(0, timedelta(hours=1)), (3_600_000, timedelta(hours=3)), (10**9, timedelta(hours=24))],
)
async def test_an_address_outlasts_the_film_and_ends(
    tmp_path: Path, duration_ms: int, lasts: timedelta
) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip(duration_ms=duration_ms))
        said = await watch(w)
        assert said["expires_at"] == (START + lasts).strftime("%Y-%m-%dT%H:%M:%SZ")
        w.clock.move(seconds=lasts.total_seconds())
        assert (await w.client.delete(said["links"]["stop"])).status_code == 204
        w.clock.move(seconds=1)
        assert_problem(await w.client.delete(said["links"]["stop"]), 403, "bad-address")


async def test_without_kafka_nothing_is_promised(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        w.publisher.away = True
        answer = await ask(w)
        assert_problem(answer, 503, "unavailable")
        assert answer.headers["retry-after"]
