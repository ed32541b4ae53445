"""A gateway that has too much to do says so at once, and goes on when it has less."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
from prometheus_client import CollectorRegistry, Counter
from starlette.types import Receive, Scope, Send

from gateway.shedding import Load, Shed
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import until, world


class Slow:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.under_way += 1
        if scope["path"] != "/health":
            await self.go_on.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})


def shedding(app: Slow, memory: list[int], at_s: list[float]) -> tuple[httpx.AsyncClient, CollectorRegistry]:
    """Room for two requests, one live connection and a hundred bytes."""
    registry = CollectorRegistry()
    load = Load(
        most_requests=2,
        most_live=1,
        most_bytes=100,
        turned_away=Counter("away", "", ("why",), registry=registry),
        used_bytes=lambda: memory[0],
        monotonic=lambda: at_s[0],
    )
    transport = httpx.ASGITransport(Shed(app, load, frozenset({"/live"})))
    return httpx.AsyncClient(transport=transport, base_url="http://sluice"), registry


async def test_more_requests_than_there_is_room_for_are_turned_away() -> None:
    app = Slow()
    client, registry = shedding(app, [0], [0.0])
    async with client:
        first = [asyncio.create_task(client.get(f"/{n}")) for n in range(2)]
        live = asyncio.create_task(client.get("/live"))
        await until(lambda: app.under_way == 3)
        refused = await client.get("/3")
        assert_problem(refused, 503, "overloaded")
        assert refused.headers["Retry-After"] == "1"
        assert (await client.get("/live")).status_code == 503
        assert (await client.get("/health")).status_code == 204
        app.go_on.set()
        assert [answer.status_code for answer in await asyncio.gather(*first, live)] == [204] * 3
        assert (await client.get("/3")).status_code == 204, "there is room again"
    away = {why: registry.get_sample_value("away_total", {"why": why}) for why in ("requests", "live")}
    assert away == {"requests": 1, "live": 1}


async def test_nothing_more_is_begun_while_memory_is_short() -> None:
    app, memory, at_s = Slow(), [50], [0.0]
    app.go_on.set()
    client, _ = shedding(app, memory, at_s)
    async with client:
        assert (await client.get("/")).status_code == 204
        memory[0], at_s[0] = 101, 1.0
        assert (await client.get("/")).status_code == 503
        memory[0], at_s[0] = 99, 2.0
        assert (await client.get("/")).status_code == 204


async def test_the_gateway_is_told_how_much_it_may_do(tmp_path: Path) -> None:
    async with world(tmp_path, max_memory_bytes=1) as w:
        assert_problem(await w.client.get("/api/v1/media"), 503, "overloaded")
        assert (await w.client.get("/health")).status_code == 200
        assert w.metric("sluice_requests_turned_away_total", why="memory") == 1
