"""The same bytes come again while a cleanup takes them for old: they are there afterwards."""

from __future__ import annotations

import asyncio
import fcntl
import time
from datetime import timedelta
from pathlib import Path

import pytest

from connectors import discarding
from connectors.blobs import FileStore
from connectors.ports import is_there

TURNS = 60


async def committed(store: FileStore) -> str:
    writer = store.writer()
    await writer.write(b"a film")
    return (await writer.commit("raw")).location


async def test_whoever_commits_finds_its_bytes_afterwards(tmp_path: Path) -> None:
    gateway, cleaner = FileStore(tmp_path, "gateway"), FileStore(tmp_path, "worker")
    went = 0
    for _ in range(TURNS):
        location = await committed(gateway)
        since = (await anext(cleaner.listing("raw"))).since
        while time.time() < since.timestamp() + 0.02:  # change times come in steps
            await asyncio.sleep(0.001)
        before = since + timedelta(microseconds=1)
        _, gone = await asyncio.gather(committed(gateway), cleaner.discard(location, before))
        assert await is_there(gateway, location)
        went += gone
    assert went < TURNS, "they never met"


def test_what_someone_has_just_found_stays(tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(b"a film")
    since = discarding._since(path.stat())
    deadline = time.monotonic() + 20
    while discarding._since(path.stat()) == since and time.monotonic() < deadline:
        assert discarding.found(path, 6)
    assert not discarding.discard(path, since + timedelta(microseconds=1))
    assert path.read_bytes() == b"a film"


async def test_who_comes_while_a_file_goes_does_not_find_it(tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(b"a film")
    with path.open("rb") as going:
        fcntl.flock(going, fcntl.LOCK_EX)
        looking = asyncio.create_task(asyncio.to_thread(discarding.found, path, 6))
        done, _ = await asyncio.wait([looking], timeout=0.2)
        assert not done
        path.unlink()
    assert not await looking


def test_what_someone_is_about_to_find_stays(tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(b"a film")
    later = discarding._since(path.stat()) + timedelta(hours=1)
    with path.open("rb") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)
        assert not discarding.discard(path, later)
    assert discarding.discard(path, later)
    assert not discarding.discard(path, later)


def test_who_finds_a_file_leaves_what_others_go_by_as_it_is(tmp_path: Path) -> None:
    """Who reads a source goes by its number, size and time of writing to see that it is still the same."""
    path = tmp_path / "film"
    path.write_bytes(b"a film")
    path.chmod(0o640)
    before = path.stat()
    assert discarding.found(path, 6)
    after = path.stat()
    same = ("st_ino", "st_size", "st_mtime_ns", "st_atime_ns", "st_mode")
    assert [getattr(after, each) for each in same] == [getattr(before, each) for each in same]


@pytest.mark.parametrize("size", [5, 7])
def test_a_file_of_another_size_is_not_found(tmp_path: Path, size: int) -> None:
    path = tmp_path / "film"
    path.write_bytes(b"a film")
    assert not discarding.found(path, size)
    assert not discarding.found(tmp_path / "none", size)
