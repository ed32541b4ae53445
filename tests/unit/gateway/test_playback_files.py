"""What a signed address gives at once: the file in ranges, and playlists."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.events import MediaChanged
from schemas.profiles import BUILT_IN, written
from tests import hls_rules, samples
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import uploaded
from tests.unit.gateway.viewing import address, becomes, clip, film, told, watch

DATA = b"not really a film" * 100
DELETED = MediaChanged(meta=uploaded().meta, media_id="m1", version=1, change="deleted")
MINE = written(BUILT_IN["web"]).replace('"web"', '"mine"', 1)


async def filed(w: World) -> str:
    """Where the bytes of a clip that plays directly are."""
    place = w.folder / uploaded().location
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    await w.happened(*clip())
    return str((await watch(w))["url"])


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("bytes=0-", (0, 1700)),
        ("bytes=0-3", (0, 4)),
        ("bytes=-5", (1695, 1700)),
        ("bytes=100-99999999999999999999", (100, 1700)),
        ("bytes=1699-1699", (1699, 1700)),
        ("bytes=-99999", (0, 1700)),
    ],
)
async def test_the_file_comes_in_ranges_without_a_token(
    tmp_path: Path, asked: str, span: tuple[int, int]
) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        got = await client.get(await filed(w), headers={"Range": asked})
        assert (got.status_code, got.content) == (206, DATA[slice(*span)])
        assert got.headers["content-range"] == f"bytes {span[0]}-{span[1] - 1}/1700"
        assert (got.headers["content-type"], got.headers["accept-ranges"]) == ("video/mp4", "bytes")


async def test_a_range_that_is_none_is_a_problem(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        url = await filed(w)
        for asked in ("bytes=5-4", "lines=1-2", "bytes", "bytes=x-y"):
            assert_problem(await w.client.get(url, headers={"Range": asked}), 400, "bad-range")
        got = await w.client.get(url, headers={"Range": "bytes=1700-"})
        assert_problem(got, 416, "bad-range")
        assert got.headers["content-range"] == "bytes */1700"


async def test_the_file_is_shown_in_a_player_and_runs_nowhere(tmp_path: Path) -> None:
    async with world(tmp_path) as w, anonymous(w) as client:
        got = await client.get(await filed(w))
        assert (got.status_code, got.content) == (200, DATA)
        assert got.headers["content-disposition"] == (
            "inline; filename*=utf-8''%D0%9E%D1%82%D0%BF%D1%83%D1%81%D0%BA.mp4"
        )
        assert got.headers["access-control-allow-origin"] == "*"
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"].startswith("sandbox")


async def test_many_ranges_come_as_one_answer_with_many_parts(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        got = await w.client.get(await filed(w), headers={"Range": "bytes=0-3,10-12"})
        assert got.status_code == 206
        assert got.headers["content-type"].startswith("multipart/byteranges; boundary=")
        assert b"bytes 0-3/1700" in got.content
        assert b"bytes 10-12/1700" in got.content


async def test_a_range_of_what_has_changed_is_the_whole(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        url = await filed(w)
        known = (await w.client.get(url)).headers
        for said, status in (
            (known["etag"], 206),
            (known["last-modified"], 206),
            ('"another"', 200),
            (f"W/{known['etag']}", 200),
            ("Fri, 01 Jan 2100 00:00:00 GMT", 200),
        ):
            got = await w.client.get(url, headers={"Range": "bytes=0-3", "If-Range": said})
            assert (got.status_code, len(got.content)) == (status, 4 if status == 206 else len(DATA)), said


async def test_the_head_of_the_file_can_be_had_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        url = await filed(w)
        whole = await w.client.get(url)
        got = await w.client.head(url)
        assert (got.status_code, got.content) == (200, b"")
        for name in ("content-length", "content-type", "etag", "accept-ranges", "content-disposition"):
            assert got.headers[name] == whole.headers[name], name
        part = await w.client.head(url, headers={"Range": "bytes=0-3"})
        assert (part.status_code, part.headers["content-length"]) == (206, "4")


async def test_a_file_that_is_lost_or_was_deleted_is_gone(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        url = await filed(w)
        (w.folder / uploaded().location).unlink()
        assert_problem(await w.client.get(url), 410, "blob-missing")
        await w.happened(DELETED)
        assert_problem(await w.client.get(url), 410, "media-deleted")


async def test_playlists_say_what_there_will_be(tmp_path: Path) -> None:
    known = becomes()
    async with world(tmp_path) as w, anonymous(w) as client:
        await w.happened(*film())
        base = await address(w)
        got = await client.get(f"{base}/master.m3u8")
        assert got.headers["content-type"].partition(";")[0] == "application/vnd.apple.mpegurl"
        assert got.headers["access-control-allow-origin"] == "*"
        assert "private" in got.headers["cache-control"]
        master = hls_rules.master(got.text)
        grids = {each.key: each.grid for each in known.video} | {each.key: each.grid for each in known.audio}
        addresses = [v.uri for v in master.variants] + [track["URI"] for track in master.tracks]
        assert sorted(addresses) == sorted(f"{key}/index.m3u8" for key in grids)
        for place in addresses:
            one = await client.get(f"{base}/{place}")
            assert one.headers["content-type"] == got.headers["content-type"]
            assert len(hls_rules.media(one.text).segments) == grids[place.partition("/")[0]].segments
        assert told(w, "waiting") == []


async def test_the_clients_limits_hold_for_its_master_playlist(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        for limit, count in (({"max_height": 480}, 2), ({"max_bit_rate": 10_000}, 1), ({}, 3)):
            said = await watch(w, abilities=limit)
            assert len(hls_rules.master((await w.client.get(said["url"])).text).variants) == count


async def test_a_rendition_of_something_else_is_not_found(tmp_path: Path) -> None:
    other = becomes("m2", sha256="cd" * 32).video[0].key
    phone = becomes(profile="phone").video[0].key
    async with world(tmp_path) as w:
        await w.happened(*film(), *film("m2", sha256="cd" * 32))
        base = await address(w)
        assert (await w.client.get(f"{await address(w, 'm2')}/{other}/index.m3u8")).status_code == 200
        for key in (other, phone, "0" * 16, "nope", "x" * 500, "%2e%2e", "..%2f..", "%00", "é"):
            for name in ("index.m3u8", "000000.m4s", "init.mp4"):
                got = await w.client.get(f"{base}/{key}/{name}")
                assert got.status_code == 404, (key, name)
        assert told(w, "waiting") == []


async def test_a_profile_that_was_changed_meanwhile_is_gone(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film(), samples.resource(id="mine", value=MINE))
        first = (await watch(w, profile="mine"))["url"]
        changed = MINE.replace('"version":1', '"version":2')
        await w.happened(samples.resource(id="mine", version=2, value=changed))
        assert_problem(await w.client.get(first), 410, "profile-changed")
        second = (await watch(w, profile="mine"))["url"]
        assert (await w.client.get(second)).status_code == 200
        await w.happened(samples.resource(id="mine", version=3, value=None))
        assert_problem(await w.client.get(first), 404, "profile-not-found")


async def test_a_direct_play_has_no_playlists(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*clip())
        base = await address(w)
        for place in ("master.m3u8", f"{becomes().video[0].key}/index.m3u8"):
            assert_problem(await w.client.get(f"{base}/{place}"), 404, "profile-not-found")


async def test_an_address_for_a_stream_is_none_for_the_file(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(*film())
        url = (await watch(w, profile="phone"))["url"].replace("master.m3u8", "file")
        assert_problem(await w.client.get(url), 404, "no-file")
