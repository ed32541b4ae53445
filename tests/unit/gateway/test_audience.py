"""Live events go to those who may see what they are about, for as long as they may."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus

from gateway.auth.cookies import ACCESS
from gateway.events import live
from gateway.events.messages import Filter
from tests.unit.gateway.checks import anonymous, assert_problem
from tests.unit.gateway.fakes import AUTHORIZED, World, served, until, world
from tests.unit.gateway.history import processed, progressed, requested, uploaded
from tests.unit.gateway.people import Person, bearing, header_of, person, signed_in

SUBSCRIBE = '{"subscribe": {}}'


@asynccontextmanager
async def followed(w: World, port: int, **more: Any) -> AsyncIterator[ClientConnection]:
    """A client that follows everything that it may."""
    ticket = more.pop("ticket", None)
    query = f"?ticket={ticket}" if ticket else ""
    async with connect(f"ws://127.0.0.1:{port}/api/v1/ws{query}", **more) as socket:
        await socket.send(SUBSCRIBE)
        assert orjson.loads(await socket.recv())["type"] == "subscribed"
        yield socket


async def heard(socket: ClientConnection, count: int) -> list[tuple[str, str]]:
    """The topics and media of so many events."""
    async with asyncio.timeout(20):
        said = [orjson.loads(await socket.recv()) for _ in range(count)]
    return [(each["topic"], each["data"].get("media_id")) for each in said]


async def tells(w: World, *events: Any) -> None:
    """As if these happened: the views have them, and the live clients hear of them."""
    await w.happened(*events)
    w.live.put(*events)


async def test_everyone_hears_of_what_they_may_see(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        ada, bob = await person(w, "ada"), await person(w, "bob")
        hers, his = await header_of(w, ada), await header_of(w, bob)
        async with (
            followed(w, port, additional_headers=hers) as a,
            followed(w, port, additional_headers=his) as b,
        ):
            await tells(w, uploaded("m1", owner_id=ada.id), uploaded("m2", owner_id=bob.id))
            await tells(w, requested("j1", media_id="m1"), requested("j2", media_id="m2"))
            await tells(w, progressed(3, job_id="j1", media_id="m1"), processed(job_id="j2", media_id="m2"))
            assert {media for _, media in await heard(a, 3)} == {"m1"}
            assert {media for _, media in await heard(b, 3)} == {"m2"}


async def test_an_administrator_hears_of_everything(tmp_path: Path) -> None:
    async with (
        world(tmp_path) as w,
        served(w.app) as port,
        followed(w, port, additional_headers=AUTHORIZED) as admin,
    ):
        await tells(w, uploaded("m1", owner_id="x"), uploaded("m2", owner_id="y"))
        assert [media for _, media in await heard(admin, 2)] == ["m1", "m2"]


@pytest.mark.parametrize("how", ["signed out", "disabled", "new role", "key withdrawn"])
async def test_who_is_shut_out_hears_nothing_more(tmp_path: Path, how: str) -> None:
    async with world(tmp_path) as w, served(w.app) as port, anonymous(w) as client:
        ada = await person(w, "ada")
        headers = bearing((await signed_in(w, ada))["access_token"])
        body = {"name": "k", "scopes": ["events:read"]}
        key = (await client.post("/api/v1/keys", json=body, headers=headers)).json()
        sent = bearing(key["key"]) if how == "key withdrawn" else headers
        async with followed(w, port, additional_headers=sent) as socket:
            match how:
                case "signed out":
                    await client.post("/api/v1/auth/logout", headers=headers)
                case "disabled":
                    await w.client.patch(f"/api/v1/users/{ada.id}", json={"state": "disabled"})
                case "new role":
                    await w.client.patch(f"/api/v1/users/{ada.id}", json={"role": "editor"})
                case _:
                    await client.delete(f"/api/v1/keys/{key['id']}", headers=headers)
            async with asyncio.timeout(20):
                said = orjson.loads(await socket.recv())
            assert said["type"] == "closed"
            assert "signed out" in said["reason"]


async def test_a_ticket_opens_one_connection(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, anonymous(w) as client:
        headers = await header_of(w, await person(w, "ada"))
        ticket = (await client.post("/api/v1/auth/tickets", headers=headers)).json()["ticket"]
        async with followed(w, port, ticket=ticket):
            pass
        for wrong in (ticket, ticket + "x", "x"):
            with pytest.raises(InvalidStatus) as refused:
                async with followed(w, port, ticket=wrong):
                    pass
            assert refused.value.response.status_code == 401
        late = (await client.post("/api/v1/auth/tickets", headers=headers)).json()["ticket"]
        w.clock.move(seconds=31)
        answer = await client.get("/api/v1/events", params={"ticket": late})
        assert_problem(answer, 401, "unauthorized")


async def test_a_ticket_ends_with_the_key_that_it_was_made_by(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, anonymous(w) as client:
        headers = await header_of(w, await person(w, "ada"))
        body = {"name": "k", "scopes": ["events:read"]}
        key = (await client.post("/api/v1/keys", json=body, headers=headers)).json()
        made = [await client.post("/api/v1/auth/tickets", headers=bearing(key["key"])) for _ in range(2)]
        first, second = (answer.json()["ticket"] for answer in made)
        async with followed(w, port, ticket=first) as socket:
            await client.delete(f"/api/v1/keys/{key['id']}", headers=headers)
            async with asyncio.timeout(20):
                assert orjson.loads(await socket.recv())["type"] == "closed"
        answer = await client.get("/api/v1/events", params={"ticket": second})
        assert_problem(answer, 401, "unauthorized")


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("null", 403), (None, 403), ("own", 101)]
)
async def test_a_page_of_another_site_opens_no_socket(
    tmp_path: Path, origin: str | None, status: int
) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        tokens = await signed_in(w, await person(w, "ada"))
        headers = {"Cookie": f"{ACCESS}={tokens['access_token']}"}
        if origin is not None:
            headers["Origin"] = f"http://127.0.0.1:{port}" if origin == "own" else origin
        if status == 101:
            async with followed(w, port, additional_headers=headers):
                return
        with pytest.raises(InvalidStatus) as refused:
            async with followed(w, port, additional_headers=headers):
                pass
        assert refused.value.response.status_code == status


async def test_access_that_is_taken_back_ends_what_is_heard(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded("m1", owner_id="someone"))
        bob = await person(w, "bob")
        principal = await w.services.authenticator.principal(
            (await signed_in(w, Person(bob.id, "bob")))["access_token"]
        )
        await w.client.put("/api/v1/media/m1/access", json={"access": {f"user:{bob.id}": "view"}})
        with w.services.hub.client("sse", Filter(), principal) as outbox:
            following = w.services.audience.messages(outbox)
            w.live.put(progressed(3, job_id="j1", media_id="m1"))
            assert (await anext(following)).media_id == "m1"
            w.clock.move(seconds=1)
            await w.client.put("/api/v1/media/m1/access", json={"access": {}})
            w.services.audience._documents.clear()
            w.live.put(progressed(3, job_id="j1", media_id="m1"), uploaded("m9", owner_id=bob.id))
            await until(lambda: w.live.queue.empty())
            assert (await anext(following)).media_id == "m9"


async def test_a_key_that_has_ended_ends_what_is_heard_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_SWEEP_S", 0.01)
    async with world(tmp_path) as w:
        headers = await header_of(w, await person(w, "ada"))
        body = {"name": "k", "scopes": ["events:read"], "days": 1}
        key = (await w.client.post("/api/v1/keys", json=body, headers=headers)).json()["key"]
        principal = await w.services.authenticator.principal(key)
        with w.services.hub.client("sse", Filter(), principal) as outbox:
            w.clock.move(seconds=86_000)
            await asyncio.sleep(0.1)
            assert outbox.closed_because is None
            w.clock.move(seconds=1000)
            await until(lambda: outbox.is_dropped)
            assert outbox.closed_because == live.SHUT_OUT


async def test_a_session_that_has_ended_by_its_age_ends_what_is_heard_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "_SWEEP_S", 0.01)
    async with world(tmp_path, session_unused_days=2.0) as w:
        token = (await signed_in(w, await person(w, "ada")))["access_token"]
        principal = await w.services.authenticator.principal(token)
        with w.services.hub.client("sse", Filter(), principal) as outbox:
            w.clock.move(seconds=2 * 86_400 - 1)
            assert w.services.authenticator.still_good(principal)
            w.clock.move(seconds=1)
            await until(lambda: outbox.is_dropped)
            assert outbox.closed_because == live.SHUT_OUT
