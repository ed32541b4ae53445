"""The older media server's routes: the same films, for those who know no other door."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests import samples
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.doubles import START
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import uploaded
from tests.unit.gateway.viewing import clip, film, ordered, seen, watch

DATA = b"not really a film" * 100


async def filed(w: World) -> None:
    """A clip, with its bytes."""
    place = w.folder / uploaded().location
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    await w.happened(*clip())


@pytest.mark.parametrize("name", ["m1", "Отпуск.mp4"])
async def test_a_file_is_sent_by_its_id_or_name_in_ranges(tmp_path: Path, name: str) -> None:
    async with world(tmp_path) as w:
        await filed(w)
        whole = await w.client.get(f"/Videos/Stream/{name}")
        assert (whole.status_code, whole.content) == (200, DATA)
        assert whole.headers["content-type"] == "video/mp4"
        part = await w.client.get(f"/Videos/Stream/{name}", headers={"Range": "bytes=5-9"})
        assert (part.status_code, part.content) == (206, DATA[5:10])
        assert part.headers["content-range"] == "bytes 5-9/1700"
        head = await w.client.head(f"/Videos/Stream/{name}")
        assert (head.status_code, head.headers["content-length"]) == (200, "1700")


async def test_of_one_name_the_newest_accepted_one_is_sent(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await filed(w)
        for number, content in enumerate((b"older", b"newer", b"newest, and refused"), start=2):
            location = f"raw/{number:02d}/{f'{number:02d}' * 32}"
            (tmp_path / location).parent.mkdir(parents=True)
            (tmp_path / location).write_bytes(content)
            at = START + timedelta(minutes=5 - number if number == 2 else number)
            await w.happened(uploaded(f"m{number}", at, name="same.mp4", location=location))
            accepted = seen(f"m{number}", container="mov", location=location)
            await w.happened(accepted if number < 4 else samples.rejected("m4"))
        got = await w.client.get("/Videos/Stream/same.mp4")
        assert (got.status_code, got.content) == (200, b"newer")
        await w.happened(samples.deleted("m3"))
        assert (await w.client.get("/Videos/Stream/same.mp4")).content == b"older"


async def test_only_who_may_see_it_has_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        await filed(w)
        await w.happened(*film("m2"))
        direct, stream = await watch(w), await watch(w, "m2")
        mine, other = (s["links"]["stop"].removeprefix("/stream/") for s in (direct, stream))
        assert_problem(await client.get("/Videos/Stream/m1"), 401, "unauthorized")
        assert_problem(await client.get("/Videos/Stream.m3u8?id=m1"), 401, "unauthorized")
        wrong = {"Authorization": "Bearer nope"}
        assert_problem(await client.get("/Videos/Stream/m1", headers=wrong), 401, "unauthorized")
        assert (await client.get("/Videos/Stream/m1", params={"ticket": mine})).content == DATA
        assert (await client.get("/Videos/Stream/Отпуск.mp4", params={"ticket": mine})).content == DATA
        assert_problem(await client.get(f"/Videos/Stream/m2?ticket={mine}"), 404, "media-not-found")
        assert_problem(await client.get(f"/Videos/Stream/m1?ticket={other}"), 403, "no-file")
        assert_problem(await client.get(f"/Videos/Stream/m1?ticket={mine}x"), 403, "bad-address")
        assert_problem(await client.get(f"/Videos/Stream.m3u8?id=m1&ticket={mine}"), 403, "no-stream")
        assert_problem(await client.get(f"/Videos/Stream.m3u8?id=m1&ticket={other}"), 404, "media-not-found")
        got = await client.get(f"/Videos/Stream.m3u8?id=m2&ticket={other}")
        assert f"\n/stream/{other}/" in got.text


@pytest.mark.parametrize("asked", [{"id": "m1"}, {"file": "m1"}, {"file": "Отпуск.mkv"}])
async def test_a_stream_is_had_by_the_id_or_name_of_its_medium(tmp_path: Path, asked: dict[str, str]) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        await w.happened(*film())
        got = await w.client.get("/Videos/Stream.m3u8", params=asked)
        assert got.status_code == 200, got.text
        assert got.headers["content-type"].startswith("application/vnd.apple.mpegurl")
        places = [line for line in got.text.splitlines() if not line.startswith("#")]
        assert len(places) == 3
        for place in places:
            assert place.startswith("/stream/")
            assert (await client.get(place)).text.startswith("#EXTM3U")
        assert [order.profile for order in ordered(w)] == ["web"]


RTL = "%E2%80%AEgpj.exe"
NAMES = ("..", ".", "%2e%2e", "..%5c..%5ctoken", "a%0ab", "a%00b", "%0a", "x" * 300, "é" * 200, RTL)


async def test_what_is_no_name_is_refused(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await filed(w)
        (tmp_path / "token").write_text("a secret")
        for name in NAMES:
            for path in (f"/Videos/Stream/{name}", f"/Videos/Stream.m3u8?id={name}"):
                got = await w.client.get(path)
                assert 400 <= got.status_code < 500, (path, got.status_code)
                assert got.headers["content-type"] == "application/problem+json"
                assert b"secret" not in got.content
        for path in (
            "/Videos/Stream/nope.mp4",
            "/Videos/Stream.m3u8?id=nope",
            "/Videos/Stream.m3u8?file=nope",
        ):
            assert_problem(await w.client.get(path), 404, "media-not-found")
        assert_problem(await w.client.get("/Videos/Stream.m3u8"), 422, "no-medium")
        assert (await w.client.get("/Videos/Stream/..%2f..%2ftoken")).status_code == 404


async def test_what_is_gone_or_not_looked_at_is_said(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        assert_problem(await w.client.get("/Videos/Stream/m1"), 503, "unavailable")
        await w.happened(samples.deleted())
        assert_problem(await w.client.get("/Videos/Stream/m1"), 410, "media-deleted")
        assert_problem(await w.client.get("/Videos/Stream.m3u8?id=m1"), 410, "media-deleted")
