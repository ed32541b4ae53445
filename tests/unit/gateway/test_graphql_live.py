"""Subscriptions go through the same hub and for the same audience as the other live events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi import WebSocket
from starlette.websockets import WebSocketState
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from connectors.ports import Delivery
from gateway.auth.cookies import ACCESS
from gateway.auth.principal import ADMIN, Principal
from gateway.graphql.socket import converse
from tests.unit.gateway.asking import PATH, given
from tests.unit.gateway.checks import anonymous
from tests.unit.gateway.fakes import AUTHORIZED, World, served, until, world
from tests.unit.gateway.history import processed, progressed, requested, task_changed, uploaded
from tests.unit.gateway.people import bearing, header_of, person, signed_in

EVENTS = "subscription { events { topic id data } }"
PROGRESS = 'subscription { jobProgress(id: "j1") { state progress { framesDone } } }'
_PROTOCOL = Subprotocol("graphql-transport-ws")
NOTHING: dict[str, str] = {}


@asynccontextmanager
async def line(
    port: int, headers: dict[str, str] = AUTHORIZED, query: str = "", greet: bool = True, **more: Any
) -> AsyncIterator[ClientConnection]:
    """A connection that has been acknowledged."""
    said: dict[str, Any] = {"subprotocols": [_PROTOCOL], **more}
    url = f"ws://127.0.0.1:{port}{PATH}{query}"
    async with connect(url, additional_headers=headers, open_timeout=20, **said) as socket:
        if greet:
            await say(socket, type="connection_init")
            assert (await hear(socket))["type"] == "connection_ack"
        yield socket


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(orjson.dumps(message).decode())


async def subscribe(socket: ClientConnection, document: str, id: str = "1", **variables: Any) -> None:
    await say(socket, type="subscribe", id=id, payload={"query": document, "variables": variables})


async def hear(socket: ClientConnection) -> dict[str, Any]:
    """The next message that is no ping."""
    async with asyncio.timeout(20):
        while True:
            said: dict[str, Any] = orjson.loads(await socket.recv())
            if said["type"] != "ping":
                return said


async def next_of(socket: ClientConnection) -> Any:
    said = await hear(socket)
    assert said["type"] == "next", said
    return said["payload"]


async def end(socket: ClientConnection) -> tuple[int, str]:
    """How a connection is closed that is told no more events."""
    with pytest.raises(ConnectionClosed) as closed:
        await _no_event(socket)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


async def _no_event(socket: ClientConnection) -> None:
    while True:
        assert (await hear(socket)).get("payload", {}).get("data") is None


def followers(w: World) -> float:
    return w.metric("sluice_live_clients", transport="graphql-subscription")


async def tells(w: World, *events: Any) -> None:
    """As if these happened: the views have them, and the live clients hear of them."""
    for event, position in zip(events, await w.publisher.publish(events), strict=True):
        w.live.queue.put_nowait(Delivery(event, position))


async def test_everyone_follows_what_they_may_see(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        ada, bob = await person(w, "ada"), await person(w, "bob")
        async with line(port, await header_of(w, ada)) as a, line(port, await header_of(w, bob)) as b:
            for socket in (a, b):
                await subscribe(socket, EVENTS)
            await until(lambda: followers(w) == 2)
            await tells(w, uploaded("m1", owner_id=ada.id), uploaded("m2", owner_id=bob.id))
            await tells(w, requested("j1", media_id="m1"), requested("j2", media_id="m2"))
            for socket, medium in ((a, "m1"), (b, "m2")):
                heard = [(await next_of(socket))["data"]["events"] for _ in range(2)]
                assert [each["topic"] for each in heard] == ["media.uploaded", "transcode.requested"]
                assert {each["data"]["media_id"] for each in heard} == {medium}


async def test_events_are_chosen_by_topic_and_job(tmp_path: Path) -> None:
    document = "subscription ($t: [String!], $j: ID) { events(topics: $t, jobId: $j) { topic data } }"
    async with world(tmp_path) as w, served(w.app) as port, line(port) as socket:
        await subscribe(socket, document, t=["transcode.progress"], j="j1")
        await until(lambda: followers(w) == 1)
        w.live.put(requested("j1"), progressed(1, job_id="j2"), progressed(7))
        event = (await next_of(socket))["data"]["events"]
        assert (event["topic"], event["data"]["frames_done"]) == ("transcode.progress", 7)
        await say(socket, type="complete", id="1")
        await until(lambda: followers(w) == 0)
        await subscribe(socket, document, t=["session.changed"])
        (error,) = (await next_of(socket))["errors"]
        assert error["extensions"]["code"] == "unknown-topic"
        assert (await hear(socket))["type"] == "complete"


async def test_a_job_is_followed_until_it_has_ended(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, line(port) as socket:
        await w.happened(uploaded(), requested())
        await subscribe(socket, PROGRESS)
        assert (await next_of(socket))["data"]["jobProgress"] == {"state": "PENDING", "progress": None}
        await tells(w, progressed(40))
        assert (await next_of(socket))["data"]["jobProgress"]["progress"] == {"framesDone": 40}
        await tells(w, processed())
        assert (await next_of(socket))["data"]["jobProgress"]["state"] == "COMPLETED"
        assert (await hear(socket)) == {"id": "1", "type": "complete"}
        await subscribe(socket, PROGRESS)
        assert (await next_of(socket))["data"]["jobProgress"]["state"] == "COMPLETED"
        assert (await hear(socket))["type"] == "complete"


async def test_the_end_of_a_job_is_told_though_the_views_come_later(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, line(port) as socket:
        await w.happened(uploaded(), requested())
        await subscribe(socket, PROGRESS)
        await next_of(socket)
        w.publisher.lagging = True
        (position,) = positions = await w.publisher.publish([processed()])
        w.live.queue.put_nowait(Delivery(processed(), position))
        await w.live.queue.join()
        await w.publisher.show([processed()], positions)
        assert (await next_of(socket))["data"]["jobProgress"]["state"] == "COMPLETED"


async def test_a_job_of_anothers_is_followed_by_nobody_else(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        await w.happened(uploaded(), requested())
        bob = await person(w, "bob")
        key = {"name": "k", "scopes": ["events:read"]}
        async with anonymous(w) as client:
            his = await header_of(w, bob)
            made = (await client.post("/api/v1/keys", json=key, headers=his)).json()["key"]
        for headers, code in ((his, "job-not-found"), (bearing(made), "not-allowed")):
            async with line(port, headers) as socket:
                await subscribe(socket, PROGRESS)
                (error,) = (await next_of(socket))["errors"]
                assert error["extensions"]["code"] == code
        assert followers(w) == 0


@pytest.mark.parametrize("how", ["signed out", "disabled", "new role", "key withdrawn"])
async def test_who_is_shut_out_hears_nothing_more(tmp_path: Path, how: str) -> None:
    async with world(tmp_path) as w, served(w.app) as port, anonymous(w) as client:
        ada = await person(w, "ada")
        headers = bearing((await signed_in(w, ada))["access_token"])
        body = {"name": "k", "scopes": ["events:read"]}
        key = (await client.post("/api/v1/keys", json=body, headers=headers)).json()
        sent = bearing(key["key"]) if how == "key withdrawn" else headers
        async with line(port, sent) as socket:
            await subscribe(socket, EVENTS)
            await until(lambda: followers(w) == 1)
            match how:
                case "signed out":
                    await client.post("/api/v1/auth/logout", headers=headers)
                case "disabled":
                    await w.client.patch(f"/api/v1/users/{ada.id}", json={"state": "disabled"})
                case "new role":
                    await w.client.patch(f"/api/v1/users/{ada.id}", json={"role": "editor"})
                case _:
                    await client.delete(f"/api/v1/keys/{key['id']}", headers=headers)
            code, reason = await end(socket)
            assert (code, "signed out" in reason) == (4403, True)
        await until(lambda: followers(w) == 0)


async def test_who_opens_a_line_shows_who_they_are(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, anonymous(w) as client:
        tokens = await signed_in(w, await person(w, "ada"))
        cookie = {"Cookie": f"{ACCESS}={tokens['access_token']}"}
        own, evil = {"Origin": f"http://127.0.0.1:{port}"}, {"Origin": "https://evil.example"}
        ticket = (await client.post("/api/v1/auth/tickets", headers=bearing(tokens["access_token"]))).json()[
            "ticket"
        ]
        async with line(port, NOTHING, f"?ticket={ticket}"), line(port, {**cookie, **own}):
            pass
        for headers, query, status in (
            (NOTHING, "", 401),
            (bearing("wrong"), "", 401),
            (NOTHING, f"?ticket={ticket}", 401),
            (cookie, "", 403),
            ({**cookie, **evil}, "", 403),
        ):
            with pytest.raises(InvalidStatus) as refused:
                async with line(port, headers, query):
                    pass
            assert refused.value.response.status_code == status
        with pytest.raises(InvalidStatus) as refused:
            async with line(port, subprotocols=None):
                pass
        assert refused.value.response.status_code == 400


@pytest.mark.parametrize("document", ["{ me { id } }", 'mutation { deleteMedia(id: "m1") { token } }'])
async def test_nothing_but_subscriptions_goes_over_a_line(tmp_path: Path, document: str) -> None:
    async with world(tmp_path) as w, served(w.app) as port, line(port) as socket:
        await w.happened(uploaded())
        await subscribe(socket, document)
        said = await hear(socket)
        assert said["type"] == "error"
        assert said["payload"][0]["extensions"]["code"] == "bad-document"
        assert len(w.publisher.events) == 1


async def test_a_subscription_has_limits_too(tmp_path: Path) -> None:
    deep = 'subscription { jobProgress(id: "j1") { media { jobs { media { id } } } } }'
    long = EVENTS.replace("topic", "topic " * 100)
    small: dict[str, Any] = {"graphql_depth": 4, "graphql_tokens": 100}
    async with world(tmp_path, **small) as w, served(w.app) as port, line(port) as socket:
        for document in (deep, long):
            await subscribe(socket, document)
            said = await hear(socket)
            assert said["type"] == "error"
            assert said["payload"][0]["extensions"]["code"] == "too-complex"


async def test_a_line_has_so_many_subscriptions(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, line(port) as socket:
        for number in range(21):
            await subscribe(socket, EVENTS, id=f"s{number}")
        said = await hear(socket)
        assert (said["id"], said["type"]) == ("s20", "error")
        assert said["payload"][0]["message"] == "Subscription limit reached"
        await until(lambda: followers(w) == 20)


async def test_what_is_joined_is_as_it_is_when_a_job_has_changed(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, line(port) as socket:
        await w.happened(uploaded(), requested())
        await subscribe(socket, 'subscription { jobProgress(id: "j1") { media { name } } }')
        assert (await next_of(socket))["data"] == {"jobProgress": {"media": {"name": "clip.mp4"}}}
        await w.client.delete("/api/v1/media/m1")
        await tells(w, progressed(40))
        assert (await next_of(socket))["data"] == {"jobProgress": {"media": None}}


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "[]",
        "7",
        '{"type": "nothing"}',
        '{"type": "subscribe", "id": [], "payload": 7}',
        f'{{"type": "ping", "payload": {{"x": "{70_000 * "x"}"}}}}',
    ],
    ids=["text", "a list", "a number", "unknown", "wrong types", "too long"],
)
async def test_what_makes_no_sense_ends_the_line(tmp_path: Path, text: str) -> None:
    async with world(tmp_path) as w, served(w.app) as port, line(port) as socket:
        await socket.send(text)
        assert (await end(socket))[0] == 4400
        await until(lambda: w.metric("sluice_live_clients", transport="graphql") == 0)


async def test_who_is_too_slow_loses_the_subscription_and_not_the_line(tmp_path: Path) -> None:
    async with world(tmp_path, live_queue=3) as w, served(w.app) as port, line(port) as socket:
        await subscribe(socket, EVENTS)
        await until(lambda: followers(w) == 1)
        w.live.put(*[task_changed() for _ in range(200)])
        while "errors" not in (payload := await next_of(socket)):
            pass
        assert payload["errors"][0]["extensions"]["code"] == "closed"
        assert "too slow" in payload["errors"][0]["message"]
        assert (await hear(socket))["type"] == "complete"
        await subscribe(socket, PROGRESS)
        assert (await next_of(socket))["errors"][0]["extensions"]["code"] == "job-not-found"


async def test_a_line_says_that_it_lives_and_why_it_ends(tmp_path: Path) -> None:
    async with world(tmp_path, live_heartbeat_s=0.05) as w, served(w.app) as port, line(port) as socket:
        async with asyncio.timeout(20):
            assert orjson.loads(await socket.recv()) == {"type": "ping"}
        await say(socket, type="pong")
        w.services.hub.close()
        code, reason = await end(socket)
        assert (code, "stopping" in reason) == (1001, True)


async def test_each_subscription_is_a_request(tmp_path: Path) -> None:
    async with world(tmp_path, limit_requests="6/1h") as w, served(w.app) as port:
        headers = await header_of(w, await person(w))
        async with line(port, headers) as socket:
            for _ in range(5):
                await subscribe(socket, PROGRESS)
                assert (await next_of(socket))["errors"][0]["extensions"]["code"] == "job-not-found"
                await hear(socket)
            await subscribe(socket, PROGRESS)
            said = await hear(socket)
            assert said["payload"][0]["extensions"]["code"] == "over-budget"


async def test_lines_are_counted_with_the_live_and_documents_with_the_requests(tmp_path: Path) -> None:
    async with world(tmp_path, max_live=1, max_requests=1) as w, served(w.app) as port, line(port):
        with pytest.raises(InvalidStatus) as refused:
            async with line(port):
                pass
        assert refused.value.response.status_code == 503
        assert await given(w, "{ me { id } }") == {"me": {"id": "admin"}}


async def test_who_takes_nothing_is_let_go(tmp_path: Path) -> None:
    """The line is made of memory here: a real one takes megabytes before it is full."""
    messages = iter([{"type": "websocket.receive", "text": '{"type": "connection_init"}'}])

    async def receive() -> Any:
        return next(messages, None) or await asyncio.Event().wait()

    async def send(message: Any) -> None:
        if message["type"] != "websocket.accept":
            await asyncio.Event().wait()

    async with world(tmp_path, live_send_timeout_s=0.05) as w:
        scope = {"type": "websocket", "app": w.app, "state": {"request_id": "r"}, "headers": []}
        websocket = WebSocket(scope, receive, send)
        websocket.client_state = WebSocketState.CONNECTED
        await websocket.accept()
        async with asyncio.timeout(20):
            await converse(websocket, w.services, Principal(ADMIN))
        assert w.metric("sluice_live_clients", transport="graphql") == 0
