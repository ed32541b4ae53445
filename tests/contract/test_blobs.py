"""One suite for the blob port: against files, against a real S3 that is started for it, and against any other
S3 that SLUICE_TEST_S3 names, as s3://bucket/prefix, with SLUICE_S3_ENDPOINT and the usual credentials.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import psutil
import pytest

from connectors.ports import BlobMissing, BlobStore, StoreUnavailable, content_of, is_there
from connectors.s3.options import S3Options
from tests.contract.blob_homes import Home
from tests.s3_server import S3Server

MIB = 1 << 20
LARGE = random.Random(7).randbytes(20 * MIB)
"""More than goes into one part."""
FOLDER = f"renditions/ab/{'ab' * 16}/{'0' * 16}"
SEGMENT = f"{FOLDER}/000001.m4s"
HOSTILE = (
    "../../etc/passwd",
    "/etc/passwd",
    "raw/../raw/aa/" + "a" * 64,
    "raw/ab/" + "a" * 64,
    "raw/aa/" + "a" * 64 + "/x",
    "raw/aa/" + "a" * 64 + ".MP4",
    "tmp/aa/" + "a" * 64,
    "nowhere/aa/" + "a" * 64,
    f"renditions/ac/{'ab' * 16}/{'0' * 16}/000001.m4s",
    f"{FOLDER}/../000001.m4s",
    "",
)
GENEROUS_S = 60.0

KILLED = """
import asyncio, sys
from connectors.blobs import open_store
from connectors.s3.options import S3Options
url, endpoint, region = sys.argv[1:]

async def main():
    store = open_store(url, "worker-1", S3Options(endpoint=endpoint or None, region=region or None))
    writer = store.writer()
    for _ in range(2):  # the last piece may be on its way still
        await writer.write(bytes(10 << 20))
    print("written", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def written(store: BlobStore, content: bytes, area: str = "raw", suffix: str = ".mp4") -> str:
    writer = store.writer()
    for at in range(0, len(content), MIB):
        await writer.write(content[at : at + MIB])
    return (await writer.commit(area, suffix)).location


async def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GENEROUS_S
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("content", [b"", b"x", LARGE], ids=["empty", "short", "large"])
async def test_a_blob_is_named_by_its_hash_and_reads_as_it_was_written(
    home: Home, store: BlobStore, content: bytes
) -> None:
    digest = hashlib.sha256(content).hexdigest()
    writer = store.writer()
    await writer.write(content)
    blob = await writer.commit("raw", ".mp4")
    assert (blob.location, blob.sha256) == (f"raw/{digest[:2]}/{digest}.mp4", digest)
    assert blob.size_bytes == writer.size_bytes == len(content)
    assert await content_of(store, blob.location) == content
    assert (await store.stat(blob.location)).size_bytes == len(content)
    async with store.on_disk(blob.location) as path:
        assert path.read_bytes() == content
        assert path.suffix == ".mp4"
    assert home.kept() == {blob.location}


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (5, 9), (5, None), (0, None), (9 * MIB, 11 * MIB + 1), (20 * MIB - 1, None), (20 * MIB, None)],
)
async def test_a_range_is_read_and_nothing_else(store: BlobStore, start: int, end: int | None) -> None:
    location = await written(store, LARGE)
    assert await content_of(store, location, start, end) == LARGE[start:end]


async def test_a_range_beyond_the_end_has_what_is_there(store: BlobStore) -> None:
    location = await written(store, b"0123456789")
    assert await content_of(store, location, 8, 99) == b"89"
    assert await content_of(store, location, 10) == b""
    assert await content_of(store, location, 12, 15) == b""
    assert await content_of(store, location, 4, 4) == b""
    assert await content_of(store, await written(store, b""), 0, 5) == b""


async def test_pieces_are_small_and_a_reader_may_stop(store: BlobStore) -> None:
    location = await written(store, LARGE)
    pieces = store.read(location)
    first = await anext(pieces)
    await pieces.aclose()
    assert 0 < len(first) <= 4 * MIB
    assert await content_of(store, location) == LARGE


@pytest.mark.parametrize("content", [b"the same", LARGE], ids=["short", "large"])
async def test_the_same_bytes_are_kept_once(home: Home, store: BlobStore, content: bytes) -> None:
    first, second = await asyncio.gather(written(store, content), written(home.open("w-2"), content))
    assert first == second == await written(store, content)
    assert home.kept() == {first}


@pytest.mark.parametrize("size", [100, 3 * MIB, 20 * MIB])
async def test_nothing_is_visible_before_commit_and_nothing_left_after_abort(
    home: Home, store: BlobStore, size: int
) -> None:
    writer = store.writer()
    await writer.write(LARGE[:size])
    digest = hashlib.sha256(LARGE[:size]).hexdigest()
    assert not await is_there(store, f"raw/{digest[:2]}/{digest}")
    await writer.abort()
    await writer.abort()
    assert home.kept() == set()


async def test_an_abort_after_a_commit_takes_nothing_away(home: Home, store: BlobStore) -> None:
    writer = store.writer()
    await writer.write(LARGE)
    blob = await writer.commit("raw")
    await writer.abort()
    assert await content_of(store, blob.location) == LARGE
    assert home.kept() == {blob.location}


@pytest.mark.parametrize("size", [0, 100, 20 * MIB])
async def test_a_file_is_taken_over(home: Home, store: BlobStore, tmp_path: Path, size: int) -> None:
    for _ in range(2):
        path = tmp_path / "made.mkv"
        path.write_bytes(LARGE[:size])
        blob = await store.adopt(path, "processed", ".mkv")
        assert not path.exists()
        assert await content_of(store, blob.location) == LARGE[:size]
        assert home.kept() == {blob.location}


async def test_of_eight_who_put_at_once_one_is_first(home: Home) -> None:
    stores = [home.open("w-1"), home.open("w-2")] * 4
    puts = [store.put(SEGMENT, b"%d" % number) for number, store in enumerate(stores)]
    won = await asyncio.gather(*puts)
    assert sorted(won) == [False] * 7 + [True]
    assert await content_of(stores[0], SEGMENT) == b"%d" % won.index(True)
    assert not await stores[0].put(SEGMENT, b"late")


async def test_a_folder_names_what_lies_in_it(store: BlobStore) -> None:
    assert await store.names(FOLDER) == set()
    for name in ("init.mp4", "000000.m4s", "000001.m4s"):
        await store.put(f"{FOLDER}/{name}", b"x")
    assert await store.names(FOLDER) == {"init.mp4", "000000.m4s", "000001.m4s"}
    await store.remove(f"{FOLDER}/init.mp4")
    await store.remove(f"{FOLDER}/init.mp4")
    assert await store.names(FOLDER) == {"000000.m4s", "000001.m4s"}


async def test_what_is_not_there_is_missing_for_every_reader(store: BlobStore) -> None:
    location = "raw/aa/" + "a" * 64
    assert not await is_there(store, location)
    with pytest.raises(BlobMissing):
        await content_of(store, location)
    with pytest.raises(BlobMissing):
        async with store.on_disk(location):
            pass


async def test_what_is_no_location_is_nowhere(home: Home, store: BlobStore) -> None:
    for location in HOSTILE:
        with pytest.raises(BlobMissing):
            await store.stat(location)
        with pytest.raises(BlobMissing):
            await content_of(store, location)
        with pytest.raises(BlobMissing):
            store.path_of(location)
        with pytest.raises(BlobMissing):
            await store.on_disk(location).__aenter__()
        with pytest.raises(BlobMissing):
            await store.address(location, "a", "video/mp4", 60)
        with pytest.raises(BlobMissing):
            await store.put(location, b"x")
        with pytest.raises(BlobMissing):
            await store.remove(location)
        with pytest.raises(BlobMissing):
            await store.names(location)
    assert home.kept() == set()


async def test_what_a_killed_process_left_goes_when_one_of_its_name_starts(home: Home) -> None:
    command = [sys.executable, "-c", KILLED, home.url, home.options.endpoint or "", home.options.region or ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == b"written\n"
        finally:
            process.send_signal(signal.SIGKILL)
    assert home.kept()
    left, writer = home.kept(), home.open("worker-11").writer()
    await writer.write(LARGE)
    assert left
    home.open("worker-1")
    await until(lambda: not left & home.kept())
    blob = await writer.commit("raw")
    assert home.kept() == {blob.location}


async def test_a_large_blob_takes_little_memory(store: BlobStore) -> None:
    piece, process = LARGE[:MIB], psutil.Process()
    await written(store, LARGE)
    writer, before, most = store.writer(), process.memory_info().rss, 0
    sent, got = hashlib.sha256(), hashlib.sha256()
    for number in range(100):
        sent.update(chunk := number.to_bytes(4) + piece[4:])
        await writer.write(chunk)
        most = max(most, process.memory_info().rss)
    blob = await writer.commit("raw")
    async for part in store.read(blob.location):
        got.update(part)
        most = max(most, process.memory_info().rss)
    assert most - before <= 64 * MIB
    assert blob.sha256 == sent.hexdigest() == got.hexdigest()


async def test_an_address_is_good_for_what_it_says_and_not_for_longer(home: Home, store: BlobStore) -> None:
    location = await written(store, b"a film")
    address = await store.address(location, 'Ünfug "1".mp4', "video/x-film", 600)
    if not home.is_s3:
        assert address is None
        return
    assert address is not None
    answer = httpx.get(address)
    assert (answer.status_code, answer.content) == (200, b"a film")
    assert answer.headers["content-type"] == "video/x-film"
    assert answer.headers["content-disposition"] == "attachment; filename*=utf-8''%C3%9Cnfug%20%221%22.mp4"
    assert httpx.get(address, headers={"Range": "bytes=2-3"}).content == b"fi"
    assert httpx.get(address.replace("x-film", "html")).status_code == 403
    assert httpx.put(address, content=b"x").status_code == 403
    short = await store.address(location, "a.mp4", "video/mp4", 1)
    assert short is not None
    await until(lambda: httpx.get(short).status_code == 403)


async def test_an_address_leads_to_where_clients_reach_the_store(home: Home) -> None:
    if not home.is_s3 or home.options.endpoint is None:
        return
    public = home.options.endpoint.replace("127.0.0.1", "localhost")
    options = replace(home.options, public_endpoint=public)
    store = Home(home.url, options).open()
    address = await store.address(await written(store, b"a film"), "a.mp4", "video/mp4", 600)
    assert address is not None
    assert address.startswith(f"{public}/")
    assert httpx.get(address).content == b"a film"
    elsewhere = address.replace(public, home.options.endpoint)
    assert home.options.endpoint == public or httpx.get(elsewhere).status_code == 403


async def test_a_store_is_asked_whether_it_can_be_written(store: BlobStore) -> None:
    await store.ping()


async def test_a_bucket_that_is_not_there_is_away_and_not_empty(own: Home) -> None:
    store = Home("s3://no-such-bucket/x", own.options).open()
    for asking in (store.ping(), store.stat(SEGMENT), store.names(FOLDER), content_of(store, SEGMENT)):
        with pytest.raises(StoreUnavailable):
            await asking


async def test_who_may_not_is_told_so(own: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(StoreUnavailable, match="SignatureDoesNotMatch"):
        await own.open().ping()


async def test_a_server_that_goes_away_is_said_to_be_away_and_heals(own: Home, server: S3Server) -> None:
    store = own.open()
    location, writer = await written(store, b"kept"), store.writer()
    server.stop()
    try:
        async with asyncio.timeout(GENEROUS_S):
            for asking in (store.ping(), store.stat(location), store.put(SEGMENT, b"x")):
                with pytest.raises(StoreUnavailable):
                    await asking
            with pytest.raises(StoreUnavailable):
                await content_of(store, location)
            with pytest.raises(StoreUnavailable):
                await writer.write(LARGE)
            await writer.abort()
    finally:
        server.start()
    assert await content_of(store, location) == b"kept"
    assert await content_of(store, await written(store, LARGE)) == LARGE


async def test_a_server_that_says_nothing_is_given_up(own: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        options = S3Options(endpoint=endpoint, connect_s=0.5, answer_s=0.2)
        async with asyncio.timeout(GENEROUS_S):
            with pytest.raises(StoreUnavailable):
                await Home("s3://blobs/x", options).open().stat(SEGMENT)


async def listed(store: BlobStore, area: str) -> dict[str, int]:
    return {each.location: each.size_bytes async for each in store.listing(area)}


async def test_all_of_an_area_is_listed_and_nothing_else(home: Home, store: BlobStore) -> None:
    film, copy = await written(store, b"a film"), await written(store, b"another", area="straight")
    assert await store.put(SEGMENT, b"a segment")
    begun = store.writer()
    await begun.write(b"not there yet")
    assert await listed(store, "raw") == {film: 6}
    assert await listed(store, "straight") == {copy: 7}
    assert await listed(store, "renditions") == {SEGMENT: 9}
    assert await listed(store, "images") == {}
    await begun.abort()
    first = film.removeprefix("raw/")[0]
    assert await listed(store, f"raw/{first}") == {film: 6}
    other = next(each for each in "0123456789abcdef" if each != first)
    assert await listed(store, f"raw/{other}") == {}
    for area in ("tmp", "unfinished", "..", "", "raw/", "raw/aa", "raw/g", "raw/a/b"):
        with pytest.raises(BlobMissing):
            await listed(store, area)


async def test_many_are_listed_in_pieces(store: BlobStore) -> None:
    wanted = {f"{FOLDER}/{number:06d}.m4s" for number in range(1_010)}
    going = asyncio.Semaphore(16)

    async def put(location: str) -> None:
        async with going:
            await store.put(location, b"x")

    await asyncio.gather(*(put(location) for location in wanted))
    assert set(await listed(store, "renditions")) == wanted


async def test_what_is_there_since_before_then_can_be_discarded(store: BlobStore) -> None:
    location = await written(store, b"a film")
    found = [each async for each in store.listing("raw")]
    since = found[0].since
    assert not await store.discard(location, since)
    assert not await store.discard(location, since - timedelta(hours=1))
    assert await content_of(store, location) == b"a film"
    assert await store.discard(location, since + timedelta(seconds=2))
    assert not await is_there(store, location)
    assert not await store.discard(location, since + timedelta(seconds=2))
    with pytest.raises(BlobMissing):
        await store.discard("../../etc/passwd", since)


async def test_bytes_that_come_again_count_as_there_since_then(home: Home, store: BlobStore) -> None:
    if home.is_s3:
        pytest.skip("there, what is minutes old counts as new")
    first = await written(store, b"a film")
    before = (await anext(store.listing("raw"))).since
    deadline = time.monotonic() + GENEROUS_S
    while (await anext(store.listing("raw"))).since == before and time.monotonic() < deadline:
        assert await written(home.open("w-2"), b"a film") == first
    assert not await store.discard(first, before + timedelta(microseconds=1))
    assert await content_of(store, first) == b"a film"
