"""What players get of a copy: playlists that grow until all is copied, true codecs and rates."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from connectors.blobs import FileStore
from connectors.copy_tools import Piece
from connectors.ports import BlobInfo
from gateway.playback.copied import CopiedTracks
from gateway.playback.streams import Patience
from schemas import cuts as cutting
from schemas.copies import CopiedTrack
from schemas.cuts import Cuts, cuts_location
from schemas.events import Event, MediaProbed
from schemas.segments import segment_location
from tests import hls_rules
from tests.copying import Copied, copied, film
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import World, until, world
from tests.unit.gateway.history import probed, processed, uploaded
from tests.unit.gateway.viewing import ask, once_told, ordered, told, watch

PATIENCE = Patience(probed_s=0.3, segment_s=20, ask_again_s=0.05, whole_s=0.05)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Copied:
    path = film(tmp_path_factory.mktemp("clips") / "copied.mkv", seconds=22)
    return asyncio.run(copied(path))


def seen(done: Copied, **more: Any) -> MediaProbed:
    medium = done.medium
    said = {name: getattr(medium, name) for name in ("container", "duration_ms", "sha256", "location")}
    return probed(**{**said, "streams": list(medium.streams), "bit_rate": 300_000, **more})


async def store(w: World, track: CopiedTrack, pieces: list[Any], *, whole: bool = False) -> None:
    """As if a worker had copied so much."""
    cuts = Cuts(timescale=pieces[0].timescale)
    for piece in pieces:
        await w.services.store.put(segment_location(track.source, track.key, piece.number), piece.content)
        if piece.shape is not None:
            cuts = cuts.then(piece.shape.ticks, len(piece.content))
    if whole:
        await w.services.store.put(cuts_location(track), cutting.written(cuts.ended()))


async def store_all(w: World, done: Copied) -> None:
    for track in done.made.tracks:
        await store(w, track, done.pieces[track.key], whole=True)


@asynccontextmanager
async def known(folder: Path, *events: Event) -> AsyncIterator[World]:
    async with world(folder, patience=PATIENCE) as w:
        await w.happened(*events)
        yield w


def rate(piece: Piece) -> float:
    """Bits a second."""
    assert piece.shape is not None
    return len(piece.content) * 8 * piece.timescale / max(piece.shape.ticks, piece.timescale / 2)


async def test_a_copied_film_has_exact_playlists(tmp_path: Path, source: Copied) -> None:
    async with known(tmp_path, uploaded(), seen(source)) as w, anonymous(w) as client:
        await store_all(w, source)
        said = await watch(w)
        assert (said["method"], said["profile"]) == ("remux", "remux-aac")
        assert said["reasons"] == ["the container mkv is not among the client's"]
        (order,) = ordered(w)
        assert (order.profile, order.job_id) == ("remux-aac", said["job_id"])
        master = hls_rules.master((await client.get(said["url"])).text)
        (variant,), (track,) = master.variants, master.tracks
        assert variant.said["CODECS"] == "avc1.64000c,mp4a.40.2"
        assert (variant.said["RESOLUTION"], variant.said["FRAME-RATE"]) == ("320x180", "25.000")
        base = said["links"]["stop"]
        for uri, wanted in zip((variant.uri, track["URI"]), source.made.tracks, strict=True):
            found = hls_rules.media((await client.get(f"{base}/{uri}")).text)
            pieces = source.segments(wanted.key)
            lengths = [piece.shape.ticks / piece.timescale for piece in pieces if piece.shape]
            assert [float(each.length_s) for each in found.segments] == pytest.approx(lengths, abs=1e-6)
            for name, piece in zip([each.uri for each in found.segments], pieces, strict=True):
                got = await client.get(f"{base}/{uri.rpartition('/')[0]}/{name}")
                assert got.content == piece.content
        fastest = [max(map(rate, source.segments(track.key))) for track in source.made.tracks]
        assert sum(fastest) <= int(variant.said["BANDWIDTH"]) <= sum(fastest) + 2


async def test_while_it_is_copied_there_is_a_playlist_that_grows(tmp_path: Path, source: Copied) -> None:
    picture, sound = source.made.tracks
    async with known(tmp_path, uploaded(), seen(source)) as w, anonymous(w) as client:
        for track in (picture, sound):
            await store(w, track, source.pieces[track.key][:4])
        base = (await watch(w, start_ms=5000))["links"]["stop"]
        got = await client.get(f"{base}/{picture.key}/index.m3u8")
        assert got.headers["cache-control"] == "no-store"
        lines = got.text.splitlines()
        assert "#EXT-X-PLAYLIST-TYPE:EVENT" in lines
        assert "#EXT-X-START:TIME-OFFSET=5.000,PRECISE=YES" in lines
        assert "#EXT-X-ENDLIST" not in lines
        assert [line for line in lines if line.endswith(".m4s")] == [f"{n:06d}.m4s" for n in range(3)]
        (target,) = (line for line in lines if line.startswith("#EXT-X-TARGETDURATION"))
        assert target == "#EXT-X-TARGETDURATION:31"
        assert (await client.get(f"{base}/{picture.key}/000003.m4s")).status_code == 404
        await store_all(w, source)
        later = (await client.get(f"{base}/{picture.key}/index.m3u8")).text
        assert len(hls_rules.media(later).segments) == len(source.segments(picture.key))
        assert (await client.get(f"{base}/{picture.key}/000003.m4s")).status_code == 200
        early = hls_rules.master((await client.get(f"{base}/master.m3u8")).text)
        assert int(early.variants[0].said["BANDWIDTH"]) > 0


class Thief(FileStore):
    """Takes away what it has just shown."""

    def __init__(self, root: Path, when: str) -> None:
        super().__init__(root, "thief")
        self.when = when

    async def names(self, folder: str) -> set[str]:
        found = await super().names(folder)
        if self.when == "named":
            await asyncio.gather(*(self.remove(f"{folder}/{name}") for name in found))
        return found

    async def stat(self, location: str) -> BlobInfo:
        found = await super().stat(location)
        if self.when == "found":
            await self.remove(location)
        return found


@pytest.mark.parametrize("when", ["named", "found"])
async def test_what_is_taken_away_while_it_is_looked_at_is_not_there(
    when: str, tmp_path: Path, source: Copied
) -> None:
    store, (picture, *_) = Thief(tmp_path, when), source.made.tracks
    for piece in source.pieces[picture.key]:
        await store.put(segment_location(picture.source, picture.key, piece.number), piece.content)
    assert await CopiedTracks(store).cuts(picture) is None


@pytest.mark.parametrize("asked", ["master.m3u8", "{picture}/index.m3u8", "{picture}/000001.m4s"])
async def test_who_hangs_up_is_asked_for_no_more(asked: str, tmp_path: Path, source: Copied) -> None:
    async with known(tmp_path, uploaded(), seen(source)) as w:
        base = (await watch(w))["links"]["stop"]
        async with asyncio.timeout(PATIENCE.segment_s / 2):
            await hang_up(w, f"{base}/{asked.format(picture=source.made.tracks[0].key)}")
        times = len(told(w, "waiting"))
        await asyncio.sleep(3 * PATIENCE.ask_again_s)
        assert len(told(w, "waiting")) == times > 0


async def hang_up(w: World, path: str) -> None:
    """Asks for something, and goes once it is asked for."""
    before = len(told(w, "waiting"))
    body: Message = {"type": "http.request", "body": b"", "more_body": False}
    messages = [body]

    async def receive() -> Message:
        if messages:
            return messages.pop()
        await until(lambda: len(told(w, "waiting")) > before)
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        return None

    said = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    await w.app({**said, "headers": [], "http_version": "1.1", "scheme": "http"}, receive, send)


async def test_before_all_is_copied_the_rate_has_a_margin(tmp_path: Path, source: Copied) -> None:
    async with known(tmp_path, uploaded(), seen(source)) as w:
        for track in source.made.tracks:
            await store(w, track, source.pieces[track.key][:4])
        url = (await watch(w))["url"]
        some = hls_rules.master((await w.client.get(url)).text).variants[0].said["BANDWIDTH"]
        await store_all(w, source)
        every = hls_rules.master((await w.client.get(url)).text).variants[0].said["BANDWIDTH"]
        assert int(some) > 600_000 > int(every)


async def test_what_nobody_copies_yet_is_waited_for_and_asked_for(tmp_path: Path, source: Copied) -> None:
    picture = source.made.video[0]
    async with known(tmp_path, uploaded(), seen(source)) as w:
        asking = asyncio.create_task(watch(w))
        waiting = await once_told(w, "waiting")
        assert (waiting.makes, waiting.rendition, waiting.segment) == (picture.group, picture.key, 0)
        base = (await asking)["links"]["stop"]
        fetching = asyncio.create_task(w.client.get(f"{base}/master.m3u8"))
        before = len(told(w, "waiting"))
        await until(lambda: len(told(w, "waiting")) > before)
        assert not fetching.done()
        await store_all(w, source)
        assert (await fetching).status_code == 200


async def test_who_waits_too_long_is_told_to_come_back(tmp_path: Path, source: Copied) -> None:
    patience = replace(PATIENCE, segment_s=0.1)
    async with world(tmp_path, patience=patience) as w:
        await w.happened(uploaded(), seen(source))
        url = (await watch(w))["url"]
        got = await w.client.get(url)
        assert_problem(got, 503, "unavailable")
        assert got.headers["retry-after"]


async def test_what_turns_out_not_to_be_copyable_is_transcoded(tmp_path: Path, source: Copied) -> None:
    why = "it has no key frame for more than 30 s"
    async with known(tmp_path, uploaded(), seen(source)) as w:
        asking = asyncio.create_task(watch(w))
        await once_told(w, "waiting")
        (order,) = ordered(w)
        await w.happened(processed("failed", job_id=order.job_id, code="not_copyable", reason=why))
        said = await asking
        assert (said["method"], said["profile"]) == ("transcode", "web")
        assert said["reasons"] == ["the container mkv is not among the client's", why]
        assert told(w, "stopped")[0].method == "remux"
        again = await watch(w, abilities={"audio_codecs": ["opus"]})
        assert (again["method"], again["reasons"][-1]) == ("transcode", why)
        refused = assert_problem(await ask(w, method="remux"), 409, "method-impossible")
        assert why in refused["detail"]


async def test_a_copy_that_fails_later_ends_its_playlist(tmp_path: Path, source: Copied) -> None:
    picture = source.made.video[0]
    async with known(tmp_path, uploaded(), seen(source)) as w:
        for track in source.made.tracks:
            await store(w, track, source.pieces[track.key][:4])
        said = await watch(w)
        place = f"{said['links']['stop']}/{picture.key}/index.m3u8"
        assert (await w.client.get(place)).status_code == 200
        await w.happened(processed("failed", job_id=said["job_id"], reason="its clock goes back"))
        refused = assert_problem(await w.client.get(place), 409, "transcode-ended")
        assert "its clock goes back" in refused["detail"]


async def test_a_segment_of_a_copy_that_was_lost_is_not_waited_for_and_copied_again(
    tmp_path: Path, source: Copied
) -> None:
    picture = source.made.video[0]
    async with known(tmp_path, uploaded(), seen(source)) as w:
        await store_all(w, source)
        said = await watch(w)
        await w.happened(processed(job_id=said["job_id"]))
        assert (await watch(w))["job_id"] == said["job_id"]
        place = f"{said['links']['stop']}/{picture.key}/000001.m4s"
        assert (await w.client.get(place)).status_code == 200
        for location in (segment_location(picture.source, picture.key, 1), cuts_location(picture)):
            await w.services.store.remove(location)
        assert_problem(await w.client.get(place), 409, "segments-lost")
        again = await watch(w)
        assert again["job_id"] != said["job_id"]
        assert ordered(w)[-1].job_id == again["job_id"]


BEYOND = ("999999.m4s", "-00001.m4s", "9" * 40 + ".m4s")
NO_SEGMENTS = (*BEYOND, "index.json", "%2e%2e", "..%2findex.json", "0.m4s")


async def test_what_is_no_segment_of_a_copy_is_not_found(tmp_path: Path, source: Copied) -> None:
    picture = source.made.video[0]
    async with known(tmp_path, uploaded(), seen(source)) as w:
        await store_all(w, source)
        base = (await watch(w))["links"]["stop"]
        for name in (*NO_SEGMENTS, f"{len(source.segments(picture.key)):06d}.m4s"):
            assert (await w.client.get(f"{base}/{picture.key}/{name}")).status_code == 404, name
        assert (await w.client.get(f"{base}/{'0' * 16}/000000.m4s")).status_code == 404
        assert (await w.client.get(f"{base}/{picture.key}/init.mp4")).status_code == 200


async def test_a_file_that_plays_as_it_is_may_be_asked_for_in_pieces(tmp_path: Path, source: Copied) -> None:
    async with known(tmp_path, uploaded(), seen(source, container="mov")) as w:
        await store_all(w, source)
        assert (await watch(w))["method"] == "direct"
        said = await watch(w, method="remux")
        assert (said["method"], said["reasons"]) == ("remux", [])
        older = await w.client.get("/Videos/Stream.m3u8?id=m1")
        assert 'CODECS="avc1.64000c,mp4a.40.2"' in older.text


async def test_names_of_remuxes_are_nobodys_to_give(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        profile = {"name": "remux-aac", "container": "hls", "audio": {"codec": "aac"}}
        answer = await w.client.put("/api/v1/profiles/remux-aac", json=profile)
        assert_problem(answer, 409, "built-in-profile")
