"""A long file is brought to the disk while it is written; what the disk says against it is heard."""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
import threading
from pathlib import Path

import pytest

from connectors import file_writer
from connectors.blobs import FileStore
from connectors.ports import StoreFull, StoreReadOnly, StoreUnavailable, content_of

ELSEWHERE = Path("/dev/shm")
PIECE = b"x" * (1 << 20)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileStore:
    monkeypatch.setattr(file_writer, "_SYNC_BYTES", len(PIECE))
    return FileStore(tmp_path, "gateway-1")


class Disk:
    """The system's own, which counts how often it is asked, and may refuse once, after so many times."""

    def __init__(self, refusal: OSError | None = None, spares: int = 0) -> None:
        self.fsync, self.refusal, self.spares, self.asked = os.fsync, refusal, spares, 0
        self.turns = threading.Event()
        self.turns.set()

    def __call__(self, handle: int) -> None:
        self.asked += 1
        self.turns.wait(20)
        if self.refusal is not None and self.asked > self.spares:
            refusal, self.refusal = self.refusal, None
            raise refusal
        self.fsync(handle)


async def test_a_long_file_is_synced_on_the_way(store: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk()
    monkeypatch.setattr(os, "fsync", disk)
    writer = store.writer()
    await writer.write(PIECE)
    await writer.write(PIECE)
    assert store.syncing is not None
    await store.syncing
    assert disk.asked == 1
    blob = await writer.commit("raw")
    assert await content_of(store, blob.location) == PIECE * 2


REFUSED = [(errno.ENOSPC, StoreFull), (errno.EROFS, StoreReadOnly), (errno.EIO, StoreUnavailable)]


@pytest.mark.parametrize(("number", "error"), REFUSED)
async def test_a_disk_that_refused_once_on_the_way_has_refused_the_file(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    monkeypatch.setattr(os, "fsync", Disk(OSError(number, "no")))
    writer = store.writer()
    await writer.write(PIECE)
    with pytest.raises(error):
        await writer.commit("raw")
    await writer.abort()
    assert [path for path in (store._root).rglob("*") if path.is_file()] == []


@pytest.mark.skipif(not ELSEWHERE.is_dir(), reason="there is no other file system here")
@pytest.mark.parametrize(("number", "error"), REFUSED)
async def test_what_cannot_be_brought_over_from_another_disk_leaves_nothing(
    store: FileStore, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    with tempfile.NamedTemporaryFile(dir=ELSEWHERE) as made:
        made.write(PIECE)
        monkeypatch.setattr(os, "fsync", Disk(OSError(number, "no"), spares=1))
        with pytest.raises(error):
            await store.adopt(Path(made.name), "raw")
        assert Path(made.name).exists()
    assert [path for path in store._root.rglob("*") if path.is_file()] == []


async def test_one_file_at_a_time_is_synced_on_the_way(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk()
    monkeypatch.setattr(os, "fsync", disk)
    disk.turns.clear()
    first, second = store.writer(), store.writer()
    await first.write(PIECE)
    await second.write(PIECE)
    await first.write(PIECE)
    syncing = store.syncing
    assert syncing is not None
    await second.write(PIECE)
    assert store.syncing is syncing
    asyncio.get_running_loop().call_later(0.1, disk.turns.set)
    await first.abort()
    assert disk.turns.is_set(), "what is being synced is not closed"
    await second.commit("raw")
