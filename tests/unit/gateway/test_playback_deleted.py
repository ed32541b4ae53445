"""What is deleted is gone for its viewers too, at once, and nobody asks the database for each segment."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.segments import INIT
from tests import samples
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import until
from tests.unit.gateway.viewing import BY_LOOKING, address, becomes, film, keep, viewed, waiting

RUNG = becomes().video[0]


@pytest.mark.parametrize("views_follow", [True, False])
async def test_a_viewer_of_what_is_deleted_is_told_so(tmp_path: Path, views_follow: bool) -> None:
    """As soon as the event is heard, whether or not the read models know it yet."""
    async with viewed(tmp_path) as (w, base), anonymous(w) as client:
        await keep(w, RUNG, INIT)
        await keep(w, RUNG, 0)
        place = f"{base}/{RUNG.key}/000000.m4s"
        assert (await client.get(place)).status_code == 200
        if views_follow:
            await w.happened(samples.deleted())
        w.live.put(samples.deleted())
        await until(lambda: "m1" in w.services.streams.deletions)
        for verb, path in (
            ("GET", place),
            ("GET", f"{base}/{RUNG.key}/init.mp4"),
            ("GET", f"{base}/{RUNG.key}/index.m3u8"),
            ("GET", f"{base}/master.m3u8"),
            ("POST", f"{base}/heartbeat"),
        ):
            said = await client.request(verb, path, json={"position_ms": 0})
            assert_problem(said, 410, "media-deleted")


async def test_others_play_on(tmp_path: Path) -> None:
    async with viewed(tmp_path) as (w, _):
        other = becomes("m2", sha256="cd" * 32).video[0]
        await w.happened(*film("m2", sha256="cd" * 32))
        base = await address(w, "m2")
        await keep(w, other, 0)
        w.live.put(samples.deleted())
        await until(lambda: "m1" in w.services.streams.deletions)
        assert (await w.client.get(f"{base}/{other.key}/000000.m4s")).status_code == 200


async def test_the_database_is_not_asked_for_each_segment(tmp_path: Path) -> None:
    async with viewed(tmp_path) as (w, base):
        await keep(w, RUNG, 0)
        assert (await w.client.get(f"{base}/{RUNG.key}/000000.m4s")).status_code == 200
        w.database.away = True
        for _ in range(3):
            assert (await w.client.get(f"{base}/{RUNG.key}/000000.m4s")).status_code == 200


async def test_who_waits_for_a_segment_of_what_is_deleted_waits_no_longer(tmp_path: Path) -> None:
    async with (
        viewed(tmp_path, BY_LOOKING) as (w, base),
        waiting(w, f"{base}/{RUNG.key}/000001.m4s") as asking,
    ):
        w.live.put(samples.deleted())
        await until(lambda: "m1" in w.services.streams.deletions)
        assert_problem(await asking, 410, "media-deleted")
