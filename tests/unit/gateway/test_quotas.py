"""How much of the store each may fill: held before and as bytes come, over all replicas, and freed again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.ports import Blob, Document
from gateway.claims import Claims
from gateway.limits.own import OwnLimits
from gateway.quotas.amounts import amount, written
from gateway.quotas.freeing import Freeing
from gateway.quotas.kept import COLLECTION
from gateway.quotas.quotas import OverQuota, Quotas
from gateway.quotas.upkeep import Recounting
from tests import samples
from tests.fakes import MemoryDatabase
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.history import probed, rejected, uploaded
from tests.unit.gateway.people import Person, header_of, person
from tests.unit.gateway.tus import PIECE, SPOKEN, metadata

MIB = 1024**2
BLOB = Blob("raw/ab/x", 400, "ab" * 32)
HOUR = timedelta(hours=1)


@asynccontextmanager
async def owning(folder: Path, quota: int = 1000, **more: Any) -> AsyncIterator[tuple[World, Owner]]:
    """Someone who may keep so much."""
    async with world(folder, limit_storage=quota, **more) as w:
        who = await person(w, role="editor")
        yield w, Owner(w, who, await header_of(w, who))


class Owner:
    """Someone who uploads."""

    def __init__(self, w: World, who: Person, headers: dict[str, str]) -> None:
        self.w, self.id, self.headers = w, who.id, headers

    async def sends(self, data: Any, **query: str) -> httpx.Response:
        params = {"name": "clip.mp4", **query}
        return await self.w.client.post("/api/v1/media", params=params, content=data, headers=self.headers)

    async def begins(self, length: int | None) -> httpx.Response:
        """A resumable upload."""
        how_long = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
        said = {**SPOKEN, **how_long, "Upload-Metadata": metadata(filename="clip.mp4"), **self.headers}
        return await self.w.client.post("/api/v1/uploads", headers=said)

    async def goes_on(self, at: str, offset: int, data: bytes) -> httpx.Response:
        said = {**PIECE, "Upload-Offset": str(offset), **self.headers}
        return await self.w.client.patch(at, headers=said, content=data)

    async def used(self) -> int:
        standing = await self.w.services.quotas.standing(self.id)
        assert standing is not None
        return standing.used

    async def left(self) -> int | None:
        answer = await self.w.client.get("/api/v1/limits", headers=self.headers)
        left: int | None = answer.json()["limits"]["storage"]["left"]
        return left


class Interleaved(MemoryDatabase):
    """One between whose answers others get theirs."""

    async def get(self, collection: str, id: str) -> Document | None:
        found = await super().get(collection, id)
        await asyncio.sleep(0)
        return found


async def in_pieces(data: bytes, size: int = 100) -> AsyncIterator[bytes]:
    """A body whose length its sender does not say."""
    for at in range(0, len(data), size):
        yield data[at : at + size]


def refused(answer: httpx.Response, left: int) -> None:
    said = assert_problem(answer, 413, "over-quota")
    assert said["left_bytes"] == left
    assert str(left) in said["detail"]


async def test_what_is_said_to_be_too_much_is_refused_before_it_comes(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        assert (await owner.sends(b"a" * 600)).status_code == 202
        refused(await owner.sends(b"b" * 401), 400)
        assert await owner.left() == 400
        assert (await owner.sends(b"b" * 400)).status_code == 202
        assert await owner.left() == 0
        assert len(w.files()) == 2


@pytest.mark.parametrize("form", [False, True])
async def test_what_turns_out_to_be_too_much_is_cut_off_and_leaves_nothing(
    tmp_path: Path, form: bool
) -> None:
    async with owning(tmp_path) as (w, owner):
        data: Any = in_pieces(b"a" * 1001)
        headers = dict(owner.headers)
        if form:
            body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n%s\r\n--x--\r\n'
            data = in_pieces(body % (b"a" * 1001))
            headers["Content-Type"] = "multipart/form-data; boundary=x"
        answer = await w.client.post("/api/v1/media", params={"name": "a"}, content=data, headers=headers)
        refused(answer, 1000)
        assert (w.files(), await owner.left()) == ([], 1000)


async def test_a_length_that_nobody_told_is_let_in_as_far_as_there_is_room(tmp_path: Path) -> None:
    async with owning(tmp_path) as (_, owner):
        assert (await owner.sends(in_pieces(b"a" * 1000))).status_code == 202
        assert await owner.left() == 0


async def test_the_same_bytes_take_room_once_for_each_who_has_them(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        first = await owner.sends(b"a" * 400)
        second = await owner.sends(b"a" * 400)
        assert await owner.left() == 600
        other = await person(w, "bob", role="editor")
        bob = Owner(w, other, await header_of(w, other))
        await bob.sends(b"a" * 400)
        assert await bob.left() == 600
        for answer, left in ((first, 600), (second, 1000)):
            path = answer.json()["media"]["links"]["self"]
            assert (await w.client.delete(path, headers=owner.headers)).status_code == 202
            assert await owner.left() == left
        assert await bob.left() == 600


async def test_each_version_takes_room_until_it_is_deleted(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        media = (await owner.sends(b"a" * 400)).json()["media"]
        await w.happened(probed(media["id"]))

        async def replaced(data: bytes) -> httpx.Response:
            return await w.client.put(media["links"]["content"], content=data, headers=owner.headers)

        first, second = [(await replaced(each)).json()["version"] for each in (b"b" * 300, b"c" * 200)]
        assert await owner.left() == 100
        refused(await replaced(b"d" * 101), 100)
        path = f"{media['links']['self']}/versions/{first}"
        assert (await w.client.delete(path, headers=owner.headers)).status_code == 202
        assert await owner.left() == 400
        w.clock.move(minutes=5)
        await w.services.quotas.recount(owner.id)
        assert await owner.used() == 600
        owner.headers = await header_of(w, Person(owner.id, "ada"))
        await w.happened(probed(f"{media['id']}~{second}"))
        path = f"{media['links']['self']}/versions/0"
        assert (await w.client.delete(path, headers=owner.headers)).status_code == 202
        assert await owner.used() == 200
        await w.services.quotas.recount(owner.id)
        assert await owner.used() == 200
        assert (await w.client.delete(media["links"]["self"], headers=owner.headers)).status_code == 202
        assert await owner.used() == 0


async def test_a_resumable_upload_holds_its_room_from_the_start(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        at = (await owner.begins(700)).headers["location"]
        assert await owner.left() == 300
        refused(await owner.begins(301), 300)
        refused(await owner.sends(b"b" * 301), 300)
        assert (await owner.goes_on(at, 0, b"a" * 350)).status_code == 204
        assert (await owner.goes_on(at, 350, b"a" * 350)).status_code == 204
        assert await owner.left() == 300
        assert (await w.client.get("/api/v1/uploads", headers=owner.headers)).json()["items"] == []


async def test_an_upload_whose_length_is_not_said_grows_into_its_room(tmp_path: Path) -> None:
    async with owning(tmp_path) as (_, owner):
        at = (await owner.begins(None)).headers["location"]
        assert await owner.left() == 1000
        assert (await owner.goes_on(at, 0, b"a" * 600)).status_code == 204
        assert await owner.left() == 400
        refused(await owner.goes_on(at, 600, b"a" * 401), 1000)


async def test_what_is_given_up_is_free_again(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        at = (await owner.begins(700)).headers["location"]
        ended = await w.client.delete(at, headers={**SPOKEN, **owner.headers})
        assert (ended.status_code, await owner.left()) == (204, 1000)
        w.publisher.away = True
        assert (await owner.sends(b"a" * 10)).status_code == 503
        w.publisher.away = False
        assert await owner.left() == 1000


async def test_what_died_in_between_holds_nothing_for_ever(tmp_path: Path) -> None:
    async with owning(tmp_path, upload_lasts_s=3600) as (w, owner):
        await owner.begins(700)
        await w.services.quotas.hold(owner.id, "a request that is killed", 200, timedelta(minutes=10))
        assert await owner.left() == 100
        w.clock.move(minutes=11)
        owner.headers = await header_of(w, Person(owner.id, "ada"))
        assert await owner.left() == 300
        w.clock.move(minutes=50)
        owner.headers = await header_of(w, Person(owner.id, "ada"))
        assert await owner.left() == 1000


async def test_what_was_missed_is_counted_before_anyone_is_refused(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        answer = await owner.sends(b"a" * 900)
        await w.happened(rejected(answer.json()["media"]["id"]))
        assert await owner.left() == 100
        w.clock.move(seconds=61)
        assert (await owner.sends(b"b" * 900)).status_code == 202
        assert await owner.left() == 100


async def test_everyone_is_counted_anew_now_and_then(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        await owner.sends(b"a" * 300)
        w.clock.move(minutes=2)
        await w.database.change(COLLECTION, owner.id, {}, {"counted": 999, "holds": []})
        quotas = w.services.quotas
        recounting = Recounting(quotas, Claims(w.database))
        await recounting.once()
        assert await owner.used() == 999
        w.clock.move(minutes=60)
        await recounting.once()
        assert await owner.used() == 300


async def test_what_is_lost_is_counted_again(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        await owner.sends(b"a" * 300)
        await w.database.drop(COLLECTION)
        assert await owner.left() == 700


async def test_while_the_read_models_lag_nothing_is_forgotten_or_counted_twice(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        w.publisher.lagging = True
        await owner.sends(b"a" * 300)
        quotas = w.services.quotas
        await quotas.recount(owner.id)
        assert await owner.left() == 700
        w.publisher.lagging = False
        await w.happened(*w.publisher.events)
        await quotas.recount(owner.id)
        assert await owner.left() == 700
        w.clock.move(minutes=5)
        assert await owner.used() == 300


async def test_replicas_never_hold_more_than_there_is_room_for_together(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        database, own = Interleaved(), OwnLimits()
        replicas = [Quotas(database, w.services.read_models, own, 1000) for _ in range(3)]

        async def tries(n: int) -> bool:
            try:
                await replicas[n % 3].hold(owner.id, f"upload {n}", 100, HOUR)
            except OverQuota:
                return False
            return True

        assert sum(await asyncio.gather(*(tries(n) for n in range(30)))) == 10


async def test_what_processors_take_away_is_room_at_once(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        freeing = Freeing(w.services.quotas)
        for name in ("refused", "old", "mine"):
            await w.happened(uploaded(name, owner_id=owner.id, size_bytes=300, sha256=name * 4))
        assert await owner.left() == 100
        gone = samples.deleted("old", meta=replace(samples.meta(), actor="service:care"))
        refused = replace(rejected("refused"), meta=replace(samples.meta(), actor="service:ingest"))
        for event in (gone, refused, samples.deleted("mine", meta=replace(samples.meta(), actor="user:a"))):
            freeing.hear(event)
        await freeing.once()
        assert await owner.left() == 100
        await w.happened(gone)
        await freeing.once()
        assert await owner.left() == 400
        await w.happened(refused)
        await freeing.once()
        assert await owner.left() == 700


async def test_what_lies_in_an_operators_folder_is_nobodys_to_pay_for(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        for id, location in (("m1", "roots/ab/m1/films/a.mkv"), ("m2", "raw/ab/abc")):
            await w.happened(uploaded(id, owner_id=owner.id, location=location, size_bytes=300))
        await w.services.quotas.recount(owner.id)
        assert await owner.left() == 700


async def test_that_an_upload_is_a_medium_may_be_said_twice(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        quotas = w.services.quotas
        await quotas.hold(owner.id, "u1", 400, HOUR)
        for _ in range(2):
            await quotas.became(owner.id, "u1", BLOB, "m1")
            assert await owner.left() == 600


async def test_an_account_has_a_quota_of_its_own(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        path = f"/api/v1/users/{owner.id}/limits"
        answer = await w.client.put(path, json={"storage": "2048MiB"})
        assert answer.json()["limits"] == {"storage": "2GiB"}
        shown = (await w.client.get(path)).json()["limits"]["storage"]
        assert shown == {"limit": "2GiB", "left": 2 * 1024**3, "resets_in_s": None}
        await w.client.put(path, json={"storage": "off"})
        assert await owner.left() is None
        await w.client.put(path, json={})
        assert await owner.left() == 1000
        for bad in ("much", ""):
            assert_problem(await w.client.put(path, json={"storage": bad}), 422, "bad-budget")


async def test_while_the_database_is_away_uploads_are_let_in(tmp_path: Path) -> None:
    async with owning(tmp_path) as (w, owner):
        w.database.away = True
        assert (await owner.sends(b"a" * 600)).status_code == 202


async def test_without_a_quota_nothing_is_written_down(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        who = await person(w, role="editor")
        owner = Owner(w, who, await header_of(w, who))
        assert (await owner.sends(b"a" * 600)).status_code == 202
        assert (await owner.left(), w.database.collections[COLLECTION]) == (None, {})


@pytest.mark.parametrize(
    ("text", "size_bytes"), [("50GiB", 50 * 1024**3), ("1000", 1000), ("512KiB", 512 * 1024), ("off", None)]
)
def test_an_amount_is_read_as_it_is_written(text: str, size_bytes: int | None) -> None:
    assert amount(text) == size_bytes
    assert amount(written(size_bytes)) == size_bytes


@pytest.mark.parametrize("text", ["", "0", "-1", "5GB", "1/1d", "1.5GiB", "GiB"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        amount(text)
