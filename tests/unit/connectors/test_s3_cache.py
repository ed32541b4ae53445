"""Files of blobs for tools: fetched once, never half, and gone when others need the room."""

from __future__ import annotations

import asyncio
import errno
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.ports import StoreFull, StoreUnavailable
from connectors.s3.cache import Cache


@dataclass
class Source:
    """Writes as many bytes as a blob has, and counts how often it is asked."""

    size: int = 10
    error: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    asked: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, target: Path) -> None:
        self.asked += 1
        target.write_bytes(b"half")
        self.begun.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        target.write_bytes(bytes(self.size))


def ready(**more: object) -> Source:
    source = Source(**more)  # type: ignore[arg-type]
    source.gate.set()
    return source


async def used(cache: Cache, name: str, source: Source) -> Path:
    async with cache.holding(name, source.size, source) as path:
        assert path.read_bytes() == bytes(source.size)
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.suffix != ".gone"}


async def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache, sources = Cache(tmp_path / "c", 30), {name: ready() for name in "abcd"}
    for name in "abcad":
        await used(cache, name, sources[name])
    assert names(tmp_path / "c") == {"a", "c", "d"}
    await used(cache, "b", sources["b"])
    assert {name: source.asked for name, source in sources.items()} == {"a": 1, "b": 2, "c": 1, "d": 1}


async def test_what_is_in_use_stays_however_little_room_there_is(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", 15)
    async with AsyncExitStack() as held:
        paths = [await held.enter_async_context(cache.holding(name, 10, ready())) for name in "abc"]
        await used(cache, "d", ready())
        assert all(path.exists() for path in paths)
    assert names(tmp_path / "c") == {"a"}


async def test_one_that_is_too_large_is_there_as_long_as_it_is_used(tmp_path: Path) -> None:
    path = await used(Cache(tmp_path / "c", 5), "a", ready())
    assert not path.exists()


async def test_all_who_want_one_at_a_time_share_one_fetch(tmp_path: Path) -> None:
    cache, source = Cache(tmp_path / "c", 100), Source()
    users = [asyncio.create_task(used(cache, "a", source)) for _ in range(5)]
    await source.begun.wait()
    assert not (tmp_path / "c" / "a").exists()
    source.gate.set()
    assert {path.name for path in await asyncio.gather(*users)} == {"a"}
    assert source.asked == 1


async def test_one_who_goes_takes_nothing_from_the_others(tmp_path: Path) -> None:
    cache, source = Cache(tmp_path / "c", 100), Source()
    first, second = (asyncio.create_task(used(cache, "a", source)) for _ in range(2))
    await source.begun.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    source.gate.set()
    await second
    assert source.asked == 1


async def test_a_fetch_that_failed_is_tried_anew_and_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c", 100)
    with pytest.raises(StoreUnavailable):
        await used(cache, "a", ready(error=StoreUnavailable("away")))
    assert names(tmp_path / "c") <= {"a.part"}
    await used(cache, "a", ready())
    assert names(tmp_path / "c") == {"a"}


@pytest.mark.parametrize(("number", "said"), [(errno.ENOSPC, StoreFull), (errno.EIO, StoreUnavailable)])
async def test_a_disk_that_refuses_is_said_so(tmp_path: Path, number: int, said: type[Exception]) -> None:
    with pytest.raises(said):
        await used(Cache(tmp_path / "c", 100), "a", ready(error=OSError(number, "no")))
    assert names(tmp_path / "c") == set()


async def test_what_an_earlier_process_left_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "a").write_bytes(b"older")
    (tmp_path / "c" / "b.part").write_bytes(b"half")
    await used(Cache(tmp_path / "c", 100), "a", ready())
    assert names(tmp_path / "c") == {"a"}
