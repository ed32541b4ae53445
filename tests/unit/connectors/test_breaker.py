"""A breaker lets calls through, keeps them back, tries with one, and lets them through again."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.blobs import FileStore
from connectors.breaker import Breaker
from connectors.guarded import GuardedDatabase, GuardedStore
from connectors.ports import BlobMissing, DatabaseUnavailable, StoreUnavailable
from tests.fakes import MemoryDatabase


@dataclass
class Scene:
    """A database that may be away, behind a breaker whose time is told by hand."""

    inner: MemoryDatabase = field(default_factory=MemoryDatabase)
    at_s: float = 0.0
    said: list[str] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        self.breaker = Breaker(
            "mongodb",
            DatabaseUnavailable,
            tell=lambda _, state: self.said.append(state),
            monotonic=lambda: self.at_s,
        )

    async def ask(self) -> None:
        self.asked += 1
        await self.inner.get("things", "one")

    async def fail(self, times: int = 1) -> None:
        self.inner.away = True
        for _ in range(times):
            with pytest.raises(DatabaseUnavailable):
                await self.breaker.run(self.ask)


async def test_failures_in_a_row_keep_the_next_ones_from_asking() -> None:
    scene = Scene()
    await scene.fail(times=10)
    assert (scene.asked, scene.said) == (3, ["closed", "open"])


async def test_an_answer_in_between_starts_the_count_again() -> None:
    scene = Scene()
    for _ in range(4):
        await scene.fail(times=2)
        scene.inner.away = False
        await scene.breaker.run(scene.ask)
    assert scene.said == ["closed"]


async def test_after_the_pause_one_call_finds_out_for_all() -> None:
    scene = Scene()
    await scene.fail(times=3)
    scene.at_s, scene.inner.away = 0.6, False
    answered, go_on = 0, asyncio.Event()

    async def slow() -> None:
        nonlocal answered
        await go_on.wait()
        answered += 1

    trial = asyncio.create_task(scene.breaker.run(slow))
    await asyncio.sleep(0)
    with pytest.raises(DatabaseUnavailable):
        await scene.breaker.run(scene.ask)
    go_on.set()
    await trial
    await scene.breaker.run(scene.ask)
    assert (answered, scene.said) == (1, ["closed", "open", "half-open", "closed"])


async def test_a_trial_that_fails_makes_the_pause_longer_up_to_two_seconds() -> None:
    scene, asked = Scene(), []
    await scene.fail(times=3)
    for tenth in range(100):
        before, scene.at_s = scene.asked, tenth / 10
        await scene.fail()
        if scene.asked > before:
            asked.append(scene.at_s)
    assert asked == [0.5, 1.5, 3.5, 5.5, 7.5, 9.5]


async def test_a_trial_that_is_cancelled_leaves_it_to_another() -> None:
    scene = Scene()
    await scene.fail(times=3)
    scene.at_s = 0.6
    trial = asyncio.create_task(scene.breaker.run(asyncio.Event().wait))
    await asyncio.sleep(0)
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    scene.at_s, scene.inner.away = 10, False
    await scene.breaker.run(scene.ask)
    assert scene.said[-1] == "closed"


async def test_an_error_that_is_an_answer_does_not_count(tmp_path: Path) -> None:
    breaker = Breaker("blobs", StoreUnavailable)
    store = GuardedStore(FileStore(tmp_path / "blobs", "test"), breaker)
    for _ in range(10):
        with pytest.raises(BlobMissing):
            await store.stat("raw/aa/" + "a" * 64)
    assert breaker.state == "closed"


async def test_a_store_that_is_gone_is_away_and_not_empty(tmp_path: Path) -> None:
    store = GuardedStore(FileStore(tmp_path / "blobs", "test"), Breaker("blobs", StoreUnavailable))
    writer = store.writer()
    await writer.write(b"kept")
    blob = await writer.commit("raw")
    (tmp_path / "blobs").rename(tmp_path / "elsewhere")
    for _ in range(4):
        with pytest.raises(StoreUnavailable):
            await store.stat(blob.location)
    with pytest.raises(StoreUnavailable):
        await store.writer().commit("raw")
    with pytest.raises(StoreUnavailable):
        await store.ping()


async def test_every_question_to_the_database_goes_through_the_breaker() -> None:
    inner = MemoryDatabase()
    guarded = GuardedDatabase(inner, Breaker("mongodb", DatabaseUnavailable))
    inner.away = True
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            await guarded.get("things", "one")
    inner.away = False
    with pytest.raises(DatabaseUnavailable):
        await guarded.change("things", "one", {}, {})
    with pytest.raises(DatabaseUnavailable):
        await guarded.ping()
