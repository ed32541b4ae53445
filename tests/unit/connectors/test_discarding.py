"""The same bytes come again while a cleanup takes them for old: they are there afterwards."""

from __future__ import annotations

import asyncio
import fcntl
import os
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from connectors import discarding
from connectors.blobs import FileStore
from connectors.ports import is_there

TURNS = 60
ID = "0198c9a2-8f31-7a55-8b1c-0a9b8c7d6e5f"


async def committed(store: FileStore) -> str:
    writer = store.writer()
    await writer.write(b"a film")
    return (await writer.commit("raw")).location


async def test_whoever_commits_finds_its_bytes_afterwards(tmp_path: Path) -> None:
    gateway, cleaner = FileStore(tmp_path, "gateway"), FileStore(tmp_path, "worker")
    for number in range(TURNS):
        location = await committed(gateway)
        since = (await anext(cleaner.listing("raw"))).since
        while time.time() < since.timestamp() + 0.02:  # change times come in steps
            await asyncio.sleep(0.001)
        before = since + timedelta(microseconds=1)

        async def discarded_a_little_later() -> None:
            await asyncio.sleep(number % 6 / 2000)  # noqa: B023 - it runs in this turn
            await cleaner.discard(location, before)  # noqa: B023

        await asyncio.gather(committed(gateway), discarded_a_little_later())
        assert await is_there(gateway, location)


def a_film(folder: Path) -> Path:
    path = folder / "film"
    path.write_bytes(b"a film")
    return path


def since_of(path: Path) -> datetime:
    return discarding._since(path.stat())


def test_what_someone_has_just_found_stays(tmp_path: Path) -> None:
    path = a_film(tmp_path)
    since, deadline = since_of(path), time.monotonic() + 20
    while since_of(path) == since and time.monotonic() < deadline:
        assert discarding.found(tmp_path, path, 6)
    assert not discarding.discard(tmp_path, path, since + timedelta(microseconds=1))
    assert path.read_bytes() == b"a film"


def test_what_nobody_has_found_since_goes_once(tmp_path: Path) -> None:
    path = a_film(tmp_path)
    later = since_of(path) + timedelta(hours=1)
    assert discarding.discard(tmp_path, path, later)
    assert not discarding.discard(tmp_path, path, later)


@pytest.mark.parametrize(("mine", "other"), [("EX", "found"), ("EX", "replace"), ("SH", "discard")])
async def test_who_finds_a_file_and_who_discards_it_wait_for_each_other(
    tmp_path: Path, mine: str, other: str
) -> None:
    path = a_film(tmp_path)
    new = tmp_path / "new"
    new.write_bytes(b"a film")
    steps: dict[str, Callable[[], object]] = {
        "found": partial(discarding.found, tmp_path, path, 6),
        "replace": partial(discarding.replace, tmp_path, new, path),
        "discard": partial(discarding.discard, tmp_path, path, since_of(path) + timedelta(hours=1)),
    }
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX if mine == "EX" else fcntl.LOCK_SH)
    going = asyncio.create_task(asyncio.to_thread(steps[other]))
    done, _ = await asyncio.wait([going], timeout=0.2)
    os.close(handle)
    await going
    assert not done


async def test_two_find_the_same_at_once(tmp_path: Path) -> None:
    path = a_film(tmp_path)
    handle = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    assert await asyncio.to_thread(discarding.found, tmp_path, path, 6)
    os.close(handle)


async def test_an_unfinished_upload_that_is_still_held_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Its bytes are in place under their name already, and the file is the same one."""
    store = FileStore(tmp_path, "gateway")
    upload = await store.resume(ID)
    await upload.write(b"a film")
    first = await upload.commit("raw")
    assert await upload.commit("raw") == first
    assert await committed(FileStore(tmp_path, "gateway-2")) == first.location
    await upload.abort()


def test_who_finds_a_file_leaves_what_others_go_by_as_it_is(tmp_path: Path) -> None:
    """Who reads a source goes by its number, size and time of writing to see that it is still the same."""
    path = a_film(tmp_path)
    path.chmod(0o640)
    before = path.stat()
    assert discarding.found(tmp_path, path, 6)
    after = path.stat()
    same = ("st_ino", "st_size", "st_mtime_ns", "st_atime_ns", "st_mode")
    assert [getattr(after, each) for each in same] == [getattr(before, each) for each in same]


@pytest.mark.parametrize("size", [5, 7])
def test_a_file_of_another_size_is_not_found(tmp_path: Path, size: int) -> None:
    path = a_film(tmp_path)
    assert not discarding.found(tmp_path, path, size)
    assert not discarding.found(tmp_path, tmp_path / "none", size)
