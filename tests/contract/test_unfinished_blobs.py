"""One suite for blobs that several processes write, one after another: files and a real S3 pass it."""

from __future__ import annotations

import hashlib
import random
import time
from datetime import timedelta

import psutil
import pytest

from connectors.ports import BlobHeld, BlobMissing, BlobStore, content_of
from connectors.s3.store import S3Store
from connectors.s3.turns import FROM, TAKEN, name
from tests.contract.blob_homes import Home
from tests.s3_server import BUCKET, S3Server

MIB = 1 << 20
ID, OTHER = "0198c9a2-6b1c-7d20-8e4f-2a3b4c5d6e7f", "0198c9a2-6b1c-7d20-8e4f-2a3b4c5d6e80"
DATA = random.Random(7).randbytes(21 * MIB)


async def written(store: BlobStore, content: bytes, at: int | None = None) -> int:
    """How much there is afterwards."""
    writer = await store.resume(ID, at)
    for start in range(0, len(content), MIB):
        await writer.write(content[start : start + MIB])
    await writer.close()
    await writer.close()
    return writer.size_bytes


async def finished(home: Home, store: BlobStore, content: bytes) -> None:
    """Makes a blob of what is there, which is to be that."""
    writer = await store.resume(ID)
    blob = await writer.commit("raw", ".mp4")
    assert (blob.size_bytes, blob.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    await writer.close()
    assert await store.resumable(ID) == len(content), "it stays until it is ended"
    writer = await store.resume(ID)
    assert await writer.commit("raw", ".mp4") == blob
    await writer.abort()
    await writer.abort()
    await writer.close()
    assert await content_of(store, blob.location) == content
    assert await store.resumable(ID) == 0
    assert home.kept() == {blob.location}


@pytest.mark.parametrize(
    "sizes",
    [[], [8 * MIB, 8 * MIB], [0, 3 * MIB, 10 * MIB, 5, 3 * MIB]],
    ids=["empty", "parts", "all sizes"],
)
async def test_another_process_goes_on_where_one_ended(home: Home, sizes: list[int]) -> None:
    end, stores = 0, [home.open("gateway-1"), home.open("gateway-2")]
    for number, size in enumerate(sizes):
        assert await written(stores[number % 2], DATA[end : end + size]) == end + size
        end += size
        assert await home.open("gateway-1").resumable(ID) == end
    await finished(home, home.open("gateway-3"), DATA[:end])


async def test_one_process_goes_on_with_the_hash_that_it_has(own: Home) -> None:
    store, other = own.open(), own.open("gateway-2")
    assert isinstance(store, S3Store)
    await written(store, DATA[:MIB])
    await written(store, DATA[MIB : 2 * MIB])
    turn = await store.unfinished.take(ID, None)
    assert turn.digest is not None
    assert turn.digest.hexdigest() == hashlib.sha256(DATA[: 2 * MIB]).hexdigest()
    store.unfinished.remember(turn, turn.start, turn.digest)
    await written(other, DATA[10 : 2 * MIB], at=10)
    assert (await store.unfinished.take(ID, None)).digest is None, (
        "another wrote, though the size is the same"
    )


async def test_what_is_beyond_is_forgotten(home: Home, store: BlobStore) -> None:
    await written(store, DATA[: 9 * MIB] + b"not this")
    assert await written(home.open("gateway-2"), b"nor this", at=9 * MIB - 1) == 9 * MIB + 7
    assert await written(store, b"", at=9 * MIB - 1) == 9 * MIB - 1
    assert await written(store, DATA[9 * MIB - 1 : 10 * MIB], at=20 * MIB) == 10 * MIB
    await finished(home, store, DATA[: 10 * MIB])


async def test_two_at_once_never_write_into_one_another(home: Home) -> None:
    one, two = home.open("gateway-1"), home.open("gateway-2")
    assert await written(one, DATA[: 2 * MIB]) == 2 * MIB
    first = await one.resume(ID)
    await first.write(b"x" * 20)
    if home.is_s3:
        second = await two.resume(ID)
        await second.write(DATA[2 * MIB : 3 * MIB])
        await second.close()
        await first.write(b"x" * (MIB - 20))
        assert first.size_bytes == second.size_bytes, "that it is as much is no proof"
        for end in (first.close, first.abort, lambda: first.commit("raw")):
            with pytest.raises(BlobHeld):
                await end()
    else:
        with pytest.raises(BlobHeld):
            await two.resume(ID)
        await first.abort()
        await written(two, DATA[: 3 * MIB])
    await (await one.resume(OTHER)).abort()
    await finished(home, one, DATA[: 3 * MIB])


async def test_who_wakes_after_its_blob_is_gone_leaves_nothing_that_counts(own: Home) -> None:
    one, two = own.open("gateway-1"), own.open("gateway-2")
    first = await one.resume(ID)
    await (await two.resume(ID)).abort()
    await first.write(b"x" * 20)
    with pytest.raises(BlobHeld):
        await first.close()
    assert await two.resumable(ID) == 0
    await written(two, DATA[:MIB])
    await finished(own, one, DATA[:MIB])


async def test_who_took_a_turn_and_fell_asleep_can_begin_it_no_more(own: Home, server: S3Server) -> None:
    store = own.open()
    await written(store, DATA[: 2 * MIB])
    folder, turn = f"{own.url.partition('/blobs/')[2]}/unfinished/{ID}", time.time_ns() // 1000

    def put(kind: str, number: int | None = None) -> None:
        server.client().put_object(Bucket=BUCKET, Key=f"{folder}/{name(turn, kind, number)}", Body=b"")

    put(TAKEN)
    assert await written(store, DATA[2 * MIB : 3 * MIB]) == 3 * MIB
    put(FROM, 10)
    assert await store.resumable(ID) == 3 * MIB
    await finished(own, store, DATA[: 3 * MIB])


async def test_one_that_nobody_goes_on_with_is_removed(home: Home, store: BlobStore) -> None:
    await written(store, DATA[: 9 * MIB])
    await home.open("gateway-2").forget_unused(timedelta(hours=1))
    assert await store.resumable(ID) == 9 * MIB
    await store.forget_unused(timedelta(seconds=-5))
    assert await store.resumable(ID) == 0
    assert home.kept() == set()


async def test_a_large_one_takes_little_memory(home: Home, store: BlobStore) -> None:
    process, sent = psutil.Process(), hashlib.sha256()
    await written(store, DATA)
    await written(store, b"", at=0)
    before, most = process.memory_info().rss, 0
    for _ in range(2):
        writer = await store.resume(ID)
        for number in range(48):
            sent.update(chunk := number.to_bytes(4) + DATA[4:MIB])
            await writer.write(chunk)
            most = max(most, process.memory_info().rss)
        await writer.close()
    writer = await home.open("gateway-2").resume(ID)
    assert (await writer.commit("raw")).sha256 == sent.hexdigest()
    await writer.abort()
    assert max(most, process.memory_info().rss) - before <= 64 * MIB


@pytest.mark.parametrize("id", ["", "..", "../tmp/x", "/etc/passwd", ID.upper(), f"{ID}\n", f"{ID}/x"])
async def test_what_is_no_id_reaches_nothing(home: Home, store: BlobStore, id: str) -> None:
    for asked in (store.resume, store.resumable):
        with pytest.raises(BlobMissing):
            await asked(id)
    assert home.kept() == set()
