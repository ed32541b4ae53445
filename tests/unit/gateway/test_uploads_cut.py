"""Uploads that are cut, fought over or left: nothing is lost that was told, and nothing is made twice."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.ports import BlobHeld, DatabaseUnavailable, FromNow
from gateway.uploads import kept
from gateway.uploads.upkeep import Upkeep
from tests.fakes import MemoryDatabase
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, served, until, world
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.tus import SPOKEN, begun, checksum, created, offset, sent
from tests.unit.gateway.wire import raw

DATA = os.urandom(3_000_000)
SIZE = len(DATA)
DIGEST = hashlib.sha256(DATA).hexdigest()


class Forgetful(MemoryDatabase):
    """Loses, once, what an upload has become."""

    def __init__(self) -> None:
        super().__init__()
        self.loses = True

    async def change(self, collection: str, id: str, where: Mapping[str, Any], to: Mapping[str, Any]) -> bool:
        if self.loses and "accepted" in to:
            self.loses = False
            raise DatabaseUnavailable("it is away for a moment")
        return await super().change(collection, id, where, to)


@asynccontextmanager
async def two_replicas(folder: Path, **said: Any) -> AsyncIterator[tuple[World, World]]:
    """Two gateways over one database and one folder."""
    database = MemoryDatabase()
    async with (
        world(folder, database=database, **said) as one,
        world(folder, database=database, instance="gateway-2", **said) as other,
    ):
        yield one, other


def published(w: World, *kinds: str) -> list[Any]:
    return [each for each in w.publisher.events if type(each).__name__ in kinds]


async def waiting(*pieces: bytes, until: asyncio.Event) -> AsyncIterator[bytes]:
    """A body whose end is held back."""
    for piece in pieces:
        yield piece
    await until.wait()


async def test_every_replica_goes_on_with_it(tmp_path: Path) -> None:
    async with two_replicas(tmp_path) as (one, other):
        at = await begun(one, SIZE)
        for n, start in enumerate(range(0, SIZE, 1_000_000)):
            w = (one, other)[n % 2]
            assert await offset(w, at) == start
            answer = await sent(w, at, start, DATA[start : start + 1_000_000])
        assert answer.headers["sluice-media"]
        (medium,) = published(one, "MediaUploaded") + published(other, "MediaUploaded")
        assert medium.sha256 == DIGEST


async def test_of_two_at_once_one_goes_on(tmp_path: Path) -> None:
    async with two_replicas(tmp_path) as (one, other):
        at, end = await begun(one, SIZE), asyncio.Event()
        first = asyncio.create_task(sent(one, at, 0, waiting(DATA[:10], until=end)))
        await until(lambda: one.metric("sluice_upload_bytes_total") == 10)
        for w in (one, other):
            refused = await sent(w, at, 0, DATA)
            assert_problem(refused, 423, "upload-locked")
            assert refused.headers["retry-after"] == "1"
            assert (await w.client.delete(at, headers=SPOKEN)).status_code == 423
        end.set()
        assert (await first).headers["upload-offset"] == "10"
        assert (await sent(other, at, 10, DATA[10:])).headers["sluice-media"]


async def test_who_slept_past_its_lease_is_kept_out_by_the_file_itself(tmp_path: Path) -> None:
    async with two_replicas(tmp_path) as (one, other):
        at, end = await begun(one, SIZE), asyncio.Event()
        first = asyncio.create_task(sent(one, at, 0, waiting(DATA[:10], until=end)))
        await until(lambda: one.metric("sluice_upload_bytes_total") == 10)
        id = at.rpartition("/")[2]
        await one.database.change(
            kept.COLLECTION, id, {}, {"hold": None, "held_until": await one.database.now()}
        )
        assert_problem(await sent(other, at, 0, DATA), 423, "upload-locked")
        with pytest.raises(BlobHeld):
            await other.services.store.resume(id)
        end.set()
        await first
        assert (await sent(other, at, 10, DATA[10:])).headers["sluice-media"]


async def test_who_lost_it_writes_nothing_down_any_more(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at, end = await begun(w, 10), asyncio.Event()
        first = asyncio.create_task(sent(w, at, 0, waiting(DATA[:10], until=end)))
        await until(lambda: w.metric("sluice_upload_bytes_total") == 10)
        id = at.rpartition("/")[2]
        await w.database.change(
            kept.COLLECTION, id, {}, {"hold": "another", "held_until": await w.database.now()}
        )
        end.set()
        assert_problem(await first, 423, "upload-locked")
        assert w.publisher.events == []
        assert await offset(w, at) == 10
        assert len(published(w, "MediaUploaded")) == 1


async def test_a_process_takes_back_what_it_held_before_it_died(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        await sent(w, at, 0, DATA[:10])
        held = {"hold": "x", "held_until": FromNow(w.services.uploads._lasts)}
        id = at.rpartition("/")[2]
        await w.database.change(kept.COLLECTION, id, {}, {**held, "held_by": ["gateway-7", "a"]})
        assert_problem(await sent(w, at, 10, DATA[10:]), 423, "upload-locked")
        await w.database.change(kept.COLLECTION, id, {}, {"held_by": [w.services.settings.instance, "a"]})
        assert (await sent(w, at, 10, DATA[10:])).headers["sluice-media"]


@pytest.mark.parametrize("says_checksum", [False, True])
async def test_a_cut_keeps_what_came_unless_it_cant_be_held_against_its_checksum(
    tmp_path: Path, says_checksum: bool
) -> None:
    more = f"Upload-Checksum: {checksum(DATA)}\r\n" if says_checksum else ""
    async with world(tmp_path) as w, served(w.app) as port, raw(port) as c:
        at = await begun(w, SIZE)
        await c.send(head_of_piece(at, SIZE, more) + DATA[:2_000_000])
        await until(lambda: w.metric("sluice_upload_bytes_total") == 2_000_000)
        c.writer.close()
        await until(lambda: w.metric("sluice_http_requests_in_flight") == 0)
        came = 0 if says_checksum else 2_000_000
        assert await offset(w, at) == came
        assert (await sent(w, at, came, DATA[came:])).headers["sluice-media"]
        assert published(w, "MediaUploaded")[0].sha256 == DIGEST


async def test_what_is_kept_of_a_cut_piece_is_spent(tmp_path: Path) -> None:
    async with world(tmp_path, limit_upload_bytes="8KiB/1m") as w:
        ed = await header_of(w, await person(w, "ed", role="editor"))
        at = (await created(w, SIZE, headers=ed)).headers["location"]
        cut = await sent(w, at, 0, cut_off(DATA[:5000]), Content_Length="6000", **ed)
        assert_problem(cut, 400, "cut-off")
        assert_problem(await sent(w, at, 5000, DATA[5000:10000], **ed), 429, "over-budget")


async def test_a_client_that_stalls_keeps_what_came(tmp_path: Path) -> None:
    async with world(tmp_path, upload_stall_s=0.2) as w, served(w.app) as port, raw(port) as c:
        at = await begun(w, SIZE)
        await c.send(head_of_piece(at, SIZE) + DATA[:1000])
        status, said = await c.answer()
        assert (status, said["code"]) == (408, "stalled")
        assert "is kept" in str(said["detail"])
        assert await offset(w, at) == 1000


async def test_a_stop_keeps_what_came(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, raw(port) as c:
        at = await begun(w, SIZE)
        await c.send(head_of_piece(at, SIZE) + DATA[:1_500_000])
        await until(lambda: w.metric("sluice_upload_bytes_total") == 1_500_000)
        await w.services.in_flight.drain(0.1)
        assert (await c.answer())[0] == 503
        assert await offset(w, at) == 1_500_000


def head_of_piece(at: str, size: int, more: str = "") -> bytes:
    """A PATCH without its body."""
    return (
        f"PATCH {at} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer the-token\r\nTus-Resumable: 1.0.0\r\n"
        f"Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: {size}\r\n"
        f"{more}\r\n"
    ).encode()


async def test_bytes_that_a_crash_left_unchecked_dont_count(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        await sent(w, at, 0, DATA[:100])
        id = at.rpartition("/")[2]
        await w.database.change(kept.COLLECTION, id, {}, {"sure_to": 100})
        with (tmp_path / "unfinished" / id).open("ab") as file:
            file.write(b"not what was sent")
        assert await offset(w, at) == 100
        assert (await sent(w, at, 100, DATA[100:])).headers["sluice-media"]
        assert published(w, "MediaUploaded")[0].sha256 == DIGEST


async def test_what_becomes_a_medium_twice_is_one(tmp_path: Path) -> None:
    database = Forgetful()
    async with world(tmp_path, database=database) as w:
        at = await begun(w, SIZE, profile="web")
        assert_problem(await sent(w, at, 0, DATA), 503, "unavailable")
        assert not database.loses
        told = await w.client.head(at, headers=SPOKEN)
        assert told.headers["upload-offset"] == str(SIZE)
        again = await sent(w, at, SIZE, b"")
        assert again.headers["sluice-media"] == told.headers["sluice-media"]
        assert len({each.media_id for each in published(w, "MediaUploaded")}) == 1
        assert len({each.job_id for each in published(w, "TranscodeRequested")}) == 1
        assert len((await w.client.get("/api/v1/media")).json()["items"]) == 1
        assert len((await w.client.get("/api/v1/jobs")).json()["items"]) == 1
        assert len(w.files()) == 1


async def test_what_is_repeated_after_the_end_is_answered_again(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        first = await sent(w, at, 0, DATA)
        assert_problem(await sent(w, at, 0, DATA), 409, "wrong-offset")
        again = await sent(w, at, SIZE, b"")
        for name in ("sluice-media", "sluice-token", "upload-offset"):
            assert again.headers[name] == first.headers[name]
        assert len(published(w, "MediaUploaded")) == 1


async def test_what_is_whole_becomes_a_medium_though_nobody_comes_back(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        w.audited.away = True
        assert_problem(await sent(w, at, 0, DATA), 503, "unavailable")
        assert published(w, "MediaUploaded") == []
        w.audited.away = False
        await Upkeep(w.services).once()
        (medium,) = published(w, "MediaUploaded")
        assert (medium.sha256, medium.owner_id) == (DIGEST, "admin")
        await Upkeep(w.services).once()
        assert len(published(w, "MediaUploaded")) == 1
        assert (await w.client.get(at)).json()["accepted"]["media"]["id"] == medium.media_id


async def test_one_that_was_left_goes_with_its_bytes(tmp_path: Path) -> None:
    async with world(tmp_path, upload_lasts_s=3600) as w:
        left, used = await begun(w, SIZE), await begun(w, SIZE)
        for at in (left, used):
            await sent(w, at, 0, DATA[:10])
            long_ago = time.time() - 3 * 3600
            os.utime(tmp_path / "unfinished" / at.rpartition("/")[2], (long_ago, long_ago))
        w.clock.move(minutes=45)
        await sent(w, used, 10, DATA[10:20])
        w.clock.move(minutes=30)
        assert_problem(await w.client.get(left), 410, "upload-expired")
        assert (await w.client.head(left, headers=SPOKEN)).status_code == 410
        assert_problem(await sent(w, left, 10, DATA[10:]), 410, "upload-expired")
        await Upkeep(w.services).once()
        assert w.files() == [f"unfinished/{used.rpartition('/')[2]}"]
        assert (await sent(w, used, 20, DATA[20:])).headers["sluice-media"]


async def test_bytes_outlive_a_restart_and_only_those_of_uploads(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        at = await begun(w, SIZE)
        await sent(w, at, 0, DATA[:10])
        half_written = w.services.store.writer()
        await half_written.write(DATA)
        async with world(tmp_path, database=w.database) as again:
            assert len(again.files()) == 1
            assert (await sent(again, at, 10, DATA[10:])).headers["sluice-media"]
            assert published(again, "MediaUploaded")[0].sha256 == DIGEST


CUTS = st.lists(
    st.tuples(st.integers(1, 2000), st.sampled_from(["whole", "cut", "wrong", "elsewhere", "other replica"])),
    max_size=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=CUTS, says_checksum=st.booleans(), size=st.integers(1, 9000))
async def test_whatever_happens_on_the_way_the_same_bytes_arrive(
    tmp_path_factory: pytest.TempPathFactory,
    cuts: list[tuple[int, str]],
    says_checksum: bool,
    size: int,
) -> None:
    data = DATA[:size]
    async with two_replicas(tmp_path_factory.mktemp("blobs")) as (one, other):
        at, w = await begun(one, size), one
        for length, how in [*cuts, (size, "whole")]:
            start = await offset(w, at)
            if start == size:
                break
            w = other if how == "other replica" else one
            await send_somehow(w, at, start, data[start : start + length], how, says_checksum)
        assert await offset(one, at) == size
        (medium,) = published(one, "MediaUploaded") + published(other, "MediaUploaded")
        assert medium.sha256 == hashlib.sha256(data).hexdigest()
        assert len(one.files()) == 1


async def send_somehow(w: World, at: str, start: int, piece: bytes, how: str, says_checksum: bool) -> None:
    """Sends a piece as it may happen to be sent; what does not arrive as a whole is no step back."""
    more = {"Upload_Checksum": checksum(piece)} if says_checksum else {}
    match how:
        case "cut":
            half, promised = len(piece) // 2, {"Content_Length": str(len(piece))}
            answer = await sent(w, at, start, cut_off(piece[:half]), **more, **promised)
            assert_problem(answer, 400, "cut-off")
            assert await offset(w, at) == start + (0 if says_checksum else half)
        case "wrong":
            answer = await sent(w, at, start, piece[::-1] + b"?", Upload_Checksum=checksum(piece))
            assert answer.status_code in (413, 460)
            assert await offset(w, at) == start
        case "elsewhere":
            assert (await sent(w, at, start + 1, piece, **more)).status_code == 409
            assert await offset(w, at) == start
        case _:
            answer = await sent(w, at, start, piece, **more)
            assert answer.headers["upload-offset"] == str(start + len(piece))


async def cut_off(piece: bytes) -> AsyncIterator[bytes]:
    """A body that ends too soon."""
    yield piece
