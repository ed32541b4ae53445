"""Uploads whose bytes go straight into the store: in parts, by addresses, and a medium in the end."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.ports import StoreUnavailable
from gateway.direct_uploads import parts
from gateway.uploads.upkeep import Upkeep
from schemas.events import MediaUploaded, TranscodeRequested
from tests.direct import FakeDirect
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import header_of, person
from tests.unit.gateway.tus import PIECE, SPOKEN

PATH = "/api/v1/uploads/direct"
MIB = 1 << 20
DATA = bytes(range(256)) * 4 * 1024 * 20 + b"the rest"
"""A little over 20 MiB: two parts."""


@asynccontextmanager
async def direct(folder: Path, **more: Any) -> AsyncIterator[tuple[World, FakeDirect]]:
    """A gateway in front of a store that clients reach."""
    async with world(folder, direct=FakeDirect, **{"complete_wait_s": 20, **more}) as w:
        assert isinstance(w.services.direct, FakeDirect)
        yield w, w.services.direct


async def begun(w: World, size: int = len(DATA), **more: Any) -> dict[str, Any]:
    answer = await w.client.post(PATH, json={"name": "Отпуск.mp4", "size_bytes": size, **more})
    assert answer.status_code == 201, answer.text
    said: dict[str, Any] = answer.json()
    assert answer.headers["location"] == said["links"]["self"]
    return said


def put(store: FakeDirect, said: dict[str, Any], data: bytes = DATA) -> list[dict[str, Any]]:
    """All parts, and what the store answers of each."""
    etags = []
    for part in said["parts"]:
        at = (part["number"] - 1) * said["part_bytes"]
        answer = store.put(part["url"], data[at : at + part["size_bytes"]])
        assert answer.status_code == 200
        etags.append({"number": part["number"], "etag": answer.headers["etag"]})
    return etags


async def completed(w: World, said: dict[str, Any], **body: Any) -> httpx.Response:
    return await w.client.post(said["links"]["complete"], json=body)


async def test_parts_that_are_put_into_the_store_become_a_medium(tmp_path: Path) -> None:
    async with direct(tmp_path) as (w, store):
        said = await begun(w, content_type="video/mp4; a=b", profile="web")
        assert (said["state"], said["part_bytes"], said["part_count"]) == ("uploading", 16 * MIB, 2)
        etags = put(store, said)
        answer = await completed(w, said, parts=etags)
        assert answer.status_code == 200
        done = answer.json()
        media = done["accepted"]["media"]
        assert done["state"] == "accepted"
        assert (media["name"], media["size_bytes"]) == ("Отпуск.mp4", len(DATA))
        assert media["sha256"] == hashlib.sha256(DATA).hexdigest()
        assert media["content_type"] == "video/mp4"
        uploaded, ordered = w.publisher.events
        assert isinstance(uploaded, MediaUploaded)
        assert isinstance(ordered, TranscodeRequested)
        assert w.files() == [uploaded.location]
        assert store.begun == {}, "nothing is left of the parts"
        again = (await completed(w, said)).json()
        assert (again["accepted"], len(w.publisher.events)) == (done["accepted"], 2)


async def test_what_has_arrived_is_told_and_gone_on_with(tmp_path: Path) -> None:
    async with direct(tmp_path) as (w, store):
        said = await begun(w)
        store.put(said["parts"][0]["url"], DATA[: 16 * MIB])
        now = (await w.client.get(said["links"]["self"])).json()
        assert [part["has_arrived"] for part in now["parts"]] == [True, False]
        missing = assert_problem(await completed(w, said), 409, "parts-missing")
        assert missing["missing"] == [2]
        store.begun[said["id"]].parts[2] = b"another length"
        assert assert_problem(await completed(w, said), 409, "parts-missing")["missing"] == [2]
        store.put(now["parts"][1]["url"], DATA[16 * MIB :])
        assert (await completed(w, said)).json()["state"] == "accepted"


async def test_parts_that_are_others_are_refused(tmp_path: Path) -> None:
    async with direct(tmp_path) as (w, store):
        said = await begun(w)
        etags = put(store, said)
        etags[1]["etag"] = "another"
        answer = await completed(w, said, parts=etags)
        assert assert_problem(answer, 409, "parts-differ")["differ"] == [2]
        assert w.publisher.events == []


async def test_addresses_come_in_pages(tmp_path: Path) -> None:
    async with direct(tmp_path) as (w, _):
        said = await begun(w, 250 * 16 * MIB)
        assert (len(said["parts"]), said["next"]) == (100, 101)
        last = (await w.client.get(said["links"]["self"], params={"first": 201})).json()
        assert (last["parts"][0]["number"], len(last["parts"]), last["next"]) == (201, 50, None)
        beyond = (await w.client.get(said["links"]["self"], params={"first": 251})).json()
        assert (beyond["parts"], beyond["next"]) == ([], None)


async def test_where_clients_do_not_reach_the_store_it_says_what_else_to_do(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.post(PATH, json={"name": "a", "size_bytes": 1})
        assert "tus" in assert_problem(answer, 409, "no-direct-uploads")["detail"]


async def test_what_is_given_up_is_gone(tmp_path: Path) -> None:
    async with direct(tmp_path) as (w, store):
        for headers in ({}, SPOKEN):
            said = await begun(w)
            put(store, said)
            at = said["links"]["self"] if not headers else f"/api/v1/uploads/{said['id']}"
            assert (await w.client.delete(at, headers=headers)).status_code == 204
            assert store.begun == {}
            assert_problem(await w.client.get(said["links"]["self"]), 404, "upload-not-found")


async def test_it_is_its_owner_s_alone(tmp_path: Path) -> None:
    async with direct(tmp_path) as (w, _):
        said = await begun(w)
        stranger = await header_of(w, await person(w, role="editor"))
        for verb, path in (("GET", "self"), ("DELETE", "self"), ("POST", "complete")):
            answer = await w.client.request(verb, said["links"][path], headers=stranger)
            assert_problem(answer, 404, "upload-not-found")


async def test_bytes_of_it_are_not_taken_by_the_gateway(tmp_path: Path) -> None:
    async with direct(tmp_path) as (w, _):
        said = await begun(w)
        headers = {**PIECE, "Upload-Offset": "0"}
        answer = await w.client.patch(f"/api/v1/uploads/{said['id']}", headers=headers, content=b"x")
        assert_problem(answer, 409, "direct-upload")
        tus = await w.client.post(
            "/api/v1/uploads", headers={**SPOKEN, "Upload-Length": "9", "Upload-Metadata": "filename YQ=="}
        )
        id = tus.headers["location"].rpartition("/")[2]
        assert_problem(await w.client.get(f"{PATH}/{id}"), 404, "upload-not-found")


async def test_room_is_held_for_it_and_freed(tmp_path: Path) -> None:
    async with direct(tmp_path, limit_storage=30 * MIB) as (w, store):
        headers = await header_of(w, await person(w, role="editor"))
        w.client.headers.update(headers)
        said = await begun(w)
        refused = await w.client.post(PATH, json={"name": "a", "size_bytes": 20 * MIB})
        assert_problem(refused, 413, "over-quota")
        assert list(store.begun) == [said["id"]]
        await w.client.delete(said["links"]["self"])
        assert (await begun(w))["state"] == "uploading"


@pytest.mark.parametrize(
    ("settings", "status", "code"),
    [
        ({"max_upload_bytes": 1000}, 413, "too-large"),
        ({"max_unfinished_uploads": 1}, 429, "too-many-uploads"),
    ],
)
async def test_the_limits_of_uploads_hold(
    tmp_path: Path, settings: dict[str, int], status: int, code: str
) -> None:
    async with direct(tmp_path, **settings) as (w, _):
        await w.client.post(PATH, json={"name": "a", "size_bytes": 1000})
        answer = await w.client.post(PATH, json={"name": "a", "size_bytes": 1001})
        assert_problem(answer, status, code)


async def test_its_bytes_are_spent(tmp_path: Path) -> None:
    async with direct(tmp_path, limit_upload_bytes="1000/1d") as (w, store):
        w.client.headers.update(await header_of(w, await person(w, role="editor")))
        await begun(w, 600)
        assert_problem(await w.client.post(PATH, json={"name": "a", "size_bytes": 600}), 429, "over-budget")
        assert len(store.begun) == 1


async def test_what_takes_long_goes_on_without_its_sender(tmp_path: Path) -> None:
    async with direct(tmp_path, complete_wait_s=0) as (w, store):
        said = await begun(w)
        put(store, said)
        w.publisher.gate = asyncio.Event()
        answer = await completed(w, said)
        assert (answer.status_code, answer.json()["state"]) == (200, "verifying")
        w.publisher.gate.set()
        async with asyncio.timeout(20):
            while (await w.client.get(said["links"]["self"])).json()["state"] != "accepted":
                await asyncio.sleep(0.01)


async def test_what_a_crash_left_whole_is_finished_by_any_gateway(tmp_path: Path) -> None:
    async with direct(tmp_path) as (w, store):
        said = await begun(w)
        put(store, said)
        store.away = StoreUnavailable("the store is away")
        assert (await completed(w, said)).json()["state"] == "verifying"
        store.away = None
        await Upkeep(w.services).once()
        assert (await w.client.get(said["links"]["self"])).json()["state"] == "accepted"
        assert (await w.client.get(f"/api/v1/uploads/{said['id']}")).json()["state"] == "accepted"


async def test_what_the_store_has_lost_is_said_and_not_tried_for_ever(tmp_path: Path) -> None:
    async with direct(tmp_path) as (w, store):
        said = await begun(w)
        put(store, said)
        store.away = StoreUnavailable("the store is away")
        await completed(w, said)
        store.begun.clear()
        for _ in range(2):
            await Upkeep(w.services).once()
        assert_problem(await w.client.get(said["links"]["self"]), 410, "upload-expired")
        assert await w.services.uploads.left_whole() == []


@pytest.mark.parametrize("size", [1, 16 * MIB, 16 * MIB + 1, 64 << 30, 5 << 40])
def test_any_size_is_so_many_parts_as_the_store_takes(size: int) -> None:
    part = parts.part_bytes(size)
    wanted = parts.sizes(size, part)
    assert sum(wanted.values()) == size
    assert len(wanted) == parts.count(size, part) <= 10_000
    assert {each for number, each in wanted.items() if number < len(wanted)} <= {part}
    assert 0 < wanted[len(wanted)] <= part
