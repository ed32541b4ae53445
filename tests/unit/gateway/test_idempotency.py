"""A command that is sent again with its key is done once, and answered as it was."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.ports import DatabaseUnavailable
from gateway.idempotency.answers import COLLECTION
from schemas.events import MediaUploaded, TranscodeRequested, UserChanged
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import World, world
from tests.unit.gateway.people import PASSWORD, bearing, header_of, person, signed_in

KEY = {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'}


NOTHING: dict[str, str] = {}


async def upload(w: World, content: bytes = b"bytes", more: dict[str, str] = NOTHING) -> httpx.Response:
    params = {"name": "a.mp4", "profile": "web"}
    return await w.client.post("/api/v1/media", params=params, content=content, headers={**KEY, **more})


def count(w: World, kind: type[Any]) -> int:
    return sum(isinstance(event, kind) for event in w.publisher.events)


async def test_a_command_sent_twice_is_done_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        first, second = await upload(w), await upload(w)
        assert (first.status_code, second.status_code) == (202, 202)
        assert second.content == first.content
        for name in ("Location", "Sluice-Token", "Content-Type"):
            assert second.headers[name] == first.headers[name]
        assert ("Idempotency-Replayed" in first.headers, second.headers["Idempotency-Replayed"]) == (
            False,
            "true",
        )
        assert second.headers["X-Request-ID"] != first.headers["X-Request-ID"]
        assert (count(w, MediaUploaded), count(w, TranscodeRequested)) == (1, 1)


async def test_without_a_key_or_with_another_it_is_done_again(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await upload(w)
        await upload(w, more={"Idempotency-Key": "another"})
        await w.client.post("/api/v1/media", params={"name": "a.mp4"}, content=b"bytes")
        assert count(w, MediaUploaded) == 3


async def test_a_key_belongs_to_who_sent_it_and_to_one_request(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ada, bea = [await header_of(w, await person(w, name, "editor")) for name in ("ada", "bea")]
        order = {"media_id": (await upload(w)).json()["media"]["id"], "profile": "phone"}
        assert (await upload(w, more=ada)).status_code == 202
        assert (await upload(w, more=bea)).status_code == 202
        assert count(w, MediaUploaded) == 3
        asked = await w.client.post("/api/v1/jobs", json=order, headers=KEY)
        assert asked.status_code == 202, "the same key at another address is another one"
        other = await w.client.post("/api/v1/jobs", json={**order, "profile": "web"}, headers=KEY)
        assert_problem(other, 422, "idempotency-key-reused")
        assert_problem(await upload(w, b"more bytes"), 422, "idempotency-key-reused")


async def test_what_failed_may_be_sent_again(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.publisher.away = True
        assert (await upload(w)).status_code == 503
        assert (await w.client.post("/api/v1/jobs", json={}, headers=KEY)).status_code == 422
        w.publisher.away = False
        assert (await upload(w)).status_code == 202
        assert count(w, MediaUploaded) == 1


async def test_two_at_once_are_done_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        answers = await asyncio.gather(*(upload(w) for _ in range(5)))
        assert count(w, MediaUploaded) == 1
        statuses = [answer.status_code for answer in answers]
        assert statuses.count(202) >= 1
        for answer in answers:
            if answer.status_code != 202:
                assert_problem(answer, 409, "under-way")
                assert answer.headers["Retry-After"] == "1"


async def test_after_a_crash_in_between_the_same_ids_are_given(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        first = (await upload(w)).json()
        (kept,) = w.database.collections[COLLECTION].values()
        kept["answer"] = None
        assert_problem(await upload(w), 409, "under-way")
        w.clock.move(minutes=3)
        again = await upload(w)
        assert again.status_code == 202
        assert [again.json()[what]["id"] for what in ("media", "job")] == [
            first[what]["id"] for what in ("media", "job")
        ]
        assert "Idempotency-Replayed" not in again.headers


async def test_a_key_is_good_for_commands_of_anyone_too_and_keeps_no_secret_in_clear(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        someone = await person(w)
        said = {"login": someone.login, "password": PASSWORD}
        first = await w.client.post("/api/v1/auth/login", json=said, headers=KEY)
        again = await w.client.post("/api/v1/auth/login", json=said, headers=KEY)
        assert again.json() == first.json()
        other = await w.client.post("/api/v1/auth/login", json={**said, "password": "x" * 9}, headers=KEY)
        assert_problem(other, 422, "idempotency-key-reused")
        kept = repr(w.database.collections[COLLECTION])
        assert first.json()["refresh_token"] not in kept
        assert PASSWORD not in kept


async def test_an_account_is_made_once(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        body = {"login": "ada", "password": PASSWORD}
        first = await w.client.post("/api/v1/users", json=body, headers=KEY)
        again = await w.client.post("/api/v1/users", json=body, headers=KEY)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json()["user"]["id"] == first.json()["user"]["id"]
        assert count(w, UserChanged) == 1


async def test_an_empty_answer_is_kept_too(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        me = bearing((await signed_in(w, await person(w)))["access_token"])
        first = await w.client.post("/api/v1/auth/logout", headers={**me, **KEY})
        again = await w.client.post("/api/v1/auth/logout", headers={**me, **KEY})
        assert (first.status_code, again.status_code) == (204, 204)


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "ä", '"'])
async def test_what_is_no_key_is_refused(tmp_path: Path, key: str) -> None:
    async with world(tmp_path) as w:
        headers = {"Idempotency-Key": key.encode()}
        answer = await w.client.post("/api/v1/jobs", json={}, headers=headers)  # type: ignore[arg-type]
        assert answer.status_code in (400, 422)
        if answer.status_code == 400:
            assert_problem(answer, 400, "bad-idempotency-key")
        assert w.database.collections[COLLECTION] == {}


async def test_without_the_database_a_key_cannot_be_honoured(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.database.away = True
        assert_problem(await upload(w), 503, "unavailable")
        assert w.publisher.events == []
        with pytest.raises(DatabaseUnavailable):
            await w.database.ping()
