"""Live events over a WebSocket: what a client may say, and what it hears."""

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

from gateway.auth.principal import ADMIN, Principal
from gateway.events.socket import converse
from tests.unit.gateway.fakes import AUTHORIZED, served, until, world
from tests.unit.gateway.history import (
    progressed,
    requested,
    task_changed,
)
from tests.unit.gateway.trail import written


@asynccontextmanager
async def socket(port: int, **headers: str) -> AsyncIterator[ClientConnection]:
    url = f"ws://127.0.0.1:{port}/api/v1/ws"
    async with connect(url, additional_headers=headers or AUTHORIZED, open_timeout=20) as connection:
        yield connection


async def hear(connection: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(20):
        said: dict[str, Any] = orjson.loads(await connection.recv())
        return said


async def ask(connection: ClientConnection, said: Any) -> dict[str, Any]:
    await connection.send(orjson.dumps(said).decode())
    return await hear(connection)


async def test_events_are_followed_over_a_websocket_once_asked_for(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, socket(port) as ws:
        w.live.put(requested("j1"))
        await w.live.queue.join()
        assert (await ask(ws, {"subscribe": {"job_id": "j1"}}))["type"] == "subscribed"
        w.live.put(requested("j2"), progressed(5))
        found = await hear(ws)
        assert (found["type"], found["topic"]) == ("event", "transcode.progress")
        assert (found["id"], found["data"]["frames_done"]) == ("transcode.progress/0/2", 5)
        assert (await ask(ws, {"subscribe": {"job_id": "j2"}}))["to"]["job_id"] == "j2"
        w.live.put(progressed(6), requested("j2"))
        assert (await hear(ws))["data"]["job_id"] == "j2"


async def test_who_comes_back_over_a_websocket_gets_what_came_meanwhile(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        w.live.put(requested("j1"), progressed(1))
        await w.live.queue.join()
        again = {"subscribe": {"job_id": "j1"}, "after": "transcode.requested/0/0"}
        async with socket(port) as ws:
            await ws.send(orjson.dumps(again).decode())
            said = [await hear(ws) for _ in range(2)]
            assert {each["type"] for each in said} == {"subscribed", "event"}
        async with socket(port) as ws:
            await ws.send(orjson.dumps({**again, "after": "nowhere"}).decode())
            assert [(await hear(ws))["type"] for _ in range(2)] == ["subscribed", "missed"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        [],
        7,
        {"subscribe": {"owner": "x"}},
        {"subscribe": {"topic": ["session.changed"]}},
        {"subscribe": {"job_id": "x" * 5000}},
    ],
)
async def test_what_makes_no_sense_over_a_websocket_is_answered(tmp_path: Path, said: Any) -> None:
    async with world(tmp_path) as w, served(w.app) as port, socket(port) as ws:
        answer = await ask(ws, said)
        assert answer["type"] == "error"
        assert answer["reason"]
        assert (await ask(ws, {"subscribe": {}}))["type"] == "subscribed"


async def test_a_websocket_needs_the_token(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        for headers in ({"X": "none"}, {"Authorization": "Bearer wrong"}):
            with pytest.raises(InvalidStatus) as refused:
                async with socket(port, **headers):
                    pass
            assert refused.value.response.status_code == 401
        told = await written(w)
        assert {(record.action, record.outcome, record.route) for record in told} == {
            ("events.followed", "refused", "/api/v1/ws")
        }


async def test_a_websocket_says_that_it_lives_and_why_it_ends(tmp_path: Path) -> None:
    async with world(tmp_path, live_heartbeat_s=0.05) as w, served(w.app) as port, socket(port) as ws:
        assert (await hear(ws))["type"] == "heartbeat"
        w.services.hub.close()
        while (found := await hear(ws))["type"] == "heartbeat":
            pass
        assert (found["type"], "stopping" in found["reason"]) == ("closed", True)
        with pytest.raises(ConnectionClosed):
            await hear(ws)


async def test_a_websocket_that_closes_is_forgotten(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        async with socket(port):
            await until(lambda: w.metric("sluice_live_clients", transport="websocket") == 1)
        await until(lambda: w.metric("sluice_live_clients", transport="websocket") == 0)


async def test_who_asks_and_asks_and_takes_nothing_is_let_go(tmp_path: Path) -> None:
    """The line is made of memory here: a real one takes megabytes before it is full."""
    under_way, at_once = 0, set()

    async def receive() -> Any:
        return {"type": "websocket.receive", "text": '{"subscribe": {}}'}

    async def send(message: Any) -> None:
        nonlocal under_way
        if message["type"] == "websocket.accept":
            return
        under_way += 1
        at_once.add(under_way)
        try:
            await asyncio.Event().wait()
        finally:
            under_way -= 1

    async with world(tmp_path, live_send_timeout_s=0.2, live_heartbeat_s=0.01) as w:
        scope = {"type": "websocket", "app": w.app, "state": {"request_id": "r"}, "headers": []}
        websocket = WebSocket(scope, receive, send)
        websocket.client_state = WebSocketState.CONNECTED
        await websocket.accept()
        async with asyncio.timeout(20):
            await converse(websocket, w.services, Principal(ADMIN))
        assert at_once == {1}, "one message at a time is sent"
        assert w.metric("sluice_live_clients", transport="websocket") == 0


async def test_a_websocket_over_the_bound_is_told_so(tmp_path: Path) -> None:
    async with world(tmp_path, live_queue=3) as w, served(w.app) as port, socket(port) as ws:
        await ask(ws, {"subscribe": {}})
        w.live.put(*[task_changed() for _ in range(200)])
        while (found := await hear(ws))["type"] == "event":
            pass
        assert (found["type"], "too slow" in found["reason"]) == ("closed", True)
        assert w.metric("sluice_live_messages_total", outcome="dropped") >= 1
