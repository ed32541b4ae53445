"""Files that are written by several processes, one after another: what was closed is there."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.blobs import FileStore
from connectors.ports import BlobHeld, BlobMissing, ResumedWriter

ID, OTHER = "0198c9a2-6b1c-7d20-8e4f-2a3b4c5d6e7f", "0198c9a2-6b1c-7d20-8e4f-2a3b4c5d6e80"
FIRST, LAST = os.urandom(2_500_000), os.urandom(300)


async def written(store: FileStore, content: bytes, at: int | None = None) -> None:
    writer = await store.resume(ID, at)
    await writer.write(content)
    await writer.close()


async def finished(writer: ResumedWriter) -> tuple[str, int]:
    blob = await writer.commit("raw")
    await writer.abort()
    return blob.sha256, blob.size_bytes


def whole() -> tuple[str, int]:
    return hashlib.sha256(FIRST + LAST).hexdigest(), len(FIRST) + len(LAST)


async def test_it_goes_on_where_it_ended_in_another_process_too(tmp_path: Path) -> None:
    for last_store in (FileStore(tmp_path, "one"), FileStore(tmp_path, "two")):
        store = FileStore(tmp_path, "one")
        await written(store, FIRST)
        assert await store.resumable(ID) == len(FIRST)
        again = FileStore(tmp_path, "one")
        assert await again.resumable(ID) == len(FIRST), "a start removes only what can't be gone on with"
        await written(last_store, LAST)
        writer = await store.resume(ID)
        assert writer.size_bytes == len(FIRST) + len(LAST)
        assert await finished(writer) == whole()
        assert await store.resumable(ID) == 0


async def test_one_process_goes_on_with_the_hash_that_it_has(tmp_path: Path) -> None:
    store = FileStore(tmp_path, "one")
    await written(store, FIRST)
    opened = store.unfinished.open(ID, None)
    assert opened.digest is not None
    assert opened.digest.hexdigest() == hashlib.sha256(FIRST).hexdigest()
    store.unfinished.close(opened, opened.digest)
    await written(FileStore(tmp_path, "two"), b"", at=10)
    await written(FileStore(tmp_path, "two"), FIRST[10:])
    opened = store.unfinished.open(ID, None)
    assert opened.digest is None, "another process wrote in between, though the size is the same"
    store.unfinished.close(opened, None)


async def test_what_is_beyond_is_forgotten(tmp_path: Path) -> None:
    store = FileStore(tmp_path, "one")
    await written(store, FIRST + b"not this")
    writer = await store.resume(ID, len(FIRST))
    assert writer.size_bytes == len(FIRST)
    await writer.write(LAST)
    assert await finished(writer) == whole()


async def test_it_stays_until_it_is_ended_though_it_is_a_blob_already(tmp_path: Path) -> None:
    store = FileStore(tmp_path, "one")
    await written(store, FIRST)
    writer = await store.resume(ID)
    first = await writer.commit("raw")
    await writer.close()
    assert await store.resumable(ID) == len(FIRST)
    writer = await store.resume(ID)
    assert await writer.commit("raw") == first
    await writer.abort()
    await writer.close()
    assert (tmp_path / first.location).read_bytes() == FIRST
    assert await store.resumable(ID) == 0


async def test_only_one_has_it(tmp_path: Path) -> None:
    one, two = FileStore(tmp_path, "one"), FileStore(tmp_path, "two")
    writer = await one.resume(ID)
    for store in (one, two):
        with pytest.raises(BlobHeld):
            await store.resume(ID)
    other = await two.resume(OTHER)
    await other.abort()
    await writer.close()
    await (await two.resume(ID)).abort()


async def test_what_was_written_is_durable_before_its_size_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, synced = FileStore(tmp_path, "one"), list[int]()
    fsync = os.fsync

    def noted(handle: int) -> None:
        synced.append(os.fstat(handle).st_size)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    writer = await store.resume(ID)
    await writer.write(FIRST)
    await writer.close()
    assert synced[-1] == len(FIRST)
    synced.clear()
    assert await store.resumable(ID) == synced[-1] == len(FIRST)


async def test_one_that_nobody_goes_on_with_is_removed(tmp_path: Path) -> None:
    store = FileStore(tmp_path, "one")
    await store.forget_unused(timedelta(hours=1))
    await written(store, FIRST)
    await store.forget_unused(timedelta(hours=1))
    assert await store.resumable(ID) == len(FIRST)
    path, long_ago = tmp_path / "unfinished" / ID, time.time() - 7200
    os.utime(path, (long_ago, long_ago))
    await written(store, b"")
    await store.forget_unused(timedelta(hours=1))
    assert await store.resumable(ID) == len(FIRST), "to go on with it is to use it"
    os.utime(path, (long_ago, long_ago))
    await store.forget_unused(timedelta(hours=1))
    assert await store.resumable(ID) == 0


@pytest.mark.parametrize("id", ["", "..", "../tmp/x", "/etc/passwd", ID.upper(), f"{ID}\n", f"{ID}/x"])
async def test_what_is_no_id_reaches_no_file(tmp_path: Path, id: str) -> None:
    store = FileStore(tmp_path, "one")
    for asked in (store.resume, store.resumable):
        with pytest.raises(BlobMissing):
            await asked(id)
