"""Segments that are there, and names that are none: nothing but a segment is ever sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway.playback.streams import Rendition
from schemas.events import Stream
from schemas.medium import Medium
from schemas.segments import INIT, segment_name
from schemas.texts import texts
from tests import samples
from tests.unit.gateway.checks import anonymous
from tests.unit.gateway.fakes import world
from tests.unit.gateway.viewing import (
    BY_LOOKING,
    address,
    becomes,
    film,
    keep,
    once_told,
    seen,
    told,
    viewed,
    waiting,
)

MADE = becomes()
RUNG, LOW, TRACK = MADE.video[0], MADE.video[-1], MADE.audio[0]


@pytest.mark.parametrize(
    ("rendition", "number", "kind", "shown"),
    [
        (RUNG, 0, "video/mp4", 0),
        (RUNG, 2, "video/mp4", 2),
        (LOW, 1, "video/mp4", 1),
        (RUNG, INIT, "video/mp4", 0),
        (TRACK, 2, "audio/mp4", 2),
        (TRACK, INIT, "audio/mp4", 0),
    ],
)
async def test_a_segment_that_is_there_is_sent_for_ever(
    tmp_path: Path, rendition: Rendition, number: int, kind: str, shown: int
) -> None:
    async with viewed(tmp_path) as (w, base), anonymous(w) as client:
        await keep(w, rendition, number, b"just these bytes")
        got = await client.get(f"{base}/{rendition.key}/{segment_name(number)}")
        assert (got.status_code, got.content) == (200, b"just these bytes")
        assert got.headers["content-type"] == kind
        assert got.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert got.headers["access-control-allow-origin"] == "*"
        playing = await once_told(w, "playing")
        assert (playing.makes, playing.rendition, playing.segment) == (rendition.group, rendition.key, shown)
        assert told(w, "waiting") == []


async def test_a_segment_may_be_had_in_ranges(tmp_path: Path) -> None:
    async with viewed(tmp_path) as (w, base):
        await keep(w, RUNG, 0, b"0123456789")
        got = await w.client.get(f"{base}/{RUNG.key}/000000.m4s", headers={"Range": "bytes=2-4"})
        assert (got.status_code, got.content) == (206, b"234")


BEYOND = RUNG.grid.segments
NO_SEGMENTS = (
    f"{BEYOND:06d}.m4s",
    "999999.m4s",
    "999999999.m4s",
    "9" * 40 + ".m4s",
    "-00001.m4s",
    "-1.m4s",
    "0.m4s",
    "00000.m4s",
    "0000000.m4s",
    "000000000.m4s",
    "000000.mp4",
    "000000.m4s.m4s",
    "000000",
    "init",
    "init.m4s",
    "INIT.MP4",
    "%2e%2e",
    "..%2f..%2ftoken",
    "..%5c..%5ctoken",
    "%00",
    "000000.m4s%00",
    "000000.m4s%0a",
    "%20000000.m4s",
    "+00000.m4s",
    "0x0000.m4s",
    "1e0000.m4s",
    "００００００.m4s",
    "٠٠٠٠٠٠.m4s",
    "x" * 3000,
)


async def test_what_is_no_segment_is_not_found_and_nobody_waits_for_it(tmp_path: Path) -> None:
    async with viewed(tmp_path) as (w, base):
        (tmp_path / "token").write_text("a secret")
        await keep(w, RUNG, 0)
        for name in NO_SEGMENTS:
            async with asyncio.timeout(5):
                got = await w.client.get(f"{base}/{RUNG.key}/{name}")
            assert got.status_code == 404, name
            assert b"secret" not in got.content
        assert told(w, "waiting") == told(w, "playing") == []
        assert (await w.client.get(f"{base}/{RUNG.key}/{BEYOND - 1:06d}.m4sx")).status_code == 404


async def test_a_text_track_is_one_file_and_is_waited_for_like_a_segment(tmp_path: Path) -> None:
    streams = [samples.video_stream(), Stream(index=2, kind="subtitle", codec="subrip")]
    (track,) = texts(Medium.of(seen(streams=streams)))
    async with world(tmp_path, patience=BY_LOOKING) as w:
        await w.happened(*film(streams=streams))
        base = await address(w)
        listed = await w.client.get(f"{base}/{track.key}/index.m3u8")
        assert (listed.status_code, listed.text.count("text.vtt")) == (200, 1)
        assert (await w.client.get(f"{base}/{track.key}/000000.m4s")).status_code == 404
        async with waiting(w, f"{base}/{track.key}/text.vtt") as asking:
            wanted = await once_told(w, "waiting")
            assert (wanted.makes, wanted.rendition, wanted.segment) == (track.group, track.key, 0)
            assert await w.services.store.put(track.location, b"WEBVTT")
            got = await asking
        assert (got.content, got.headers["content-type"].partition(";")[0]) == (b"WEBVTT", "text/vtt")
