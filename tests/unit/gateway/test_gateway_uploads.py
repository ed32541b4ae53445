"""Uploads as they really come: through the real server, in pieces, too slowly, too large, or only half."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.unit.gateway.fakes import AUTHORIZED, World, served, until, world
from tests.unit.gateway.wire import raw

MIB = 1024 * 1024


def nothing_is_left(w: World) -> bool:
    return (w.files(), w.publisher.events) == ([], []) and w.metric("sluice_uploads_in_flight") == 0


async def test_a_chunked_upload_is_taken_in(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, raw(port) as c:
        await c.post("Transfer-Encoding: chunked")
        for _ in range(5):
            await c.chunk(b"x" * 1000)
        await c.send(b"0\r\n\r\n")
        status, said = await c.answer()
        assert status == 202
        assert said["media"]["size_bytes"] == 5000  # type: ignore[index]


async def test_a_name_may_be_sent_as_it_is_typed(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, raw(port) as c:
        head = "POST /api/v1/media?name=Клип%20🎬.mp4 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        await c.send(f"{head}Authorization: {AUTHORIZED['Authorization']}\r\n\r\nx".encode())
        _, said = await c.answer()
        assert said["media"]["name"] == "Клип 🎬.mp4"  # type: ignore[index]


async def test_a_large_upload_arrives_whole_and_comes_back_whole(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096 * 40
    async with world(tmp_path) as w, served(w.app) as port:
        url = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(headers=AUTHORIZED, base_url=url, timeout=60) as client:
            answer = await client.post("/api/v1/media?name=a.bin", content=data)
            path = answer.json()["media"]["links"]["content"]
            assert (await client.get(path)).content == data
            part = await client.get(path, headers={"Range": "bytes=1000000-2000000"})
            assert part.content == data[1000000:2000001]


@pytest.mark.parametrize("how", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("is_form", [False, True])
async def test_a_client_that_goes_half_way_leaves_nothing(tmp_path: Path, how: str, is_form: bool) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        async with raw(port) as c:
            kind = ["Content-Type: multipart/form-data; boundary=XX"] if is_form else []
            await c.post(how, *kind)
            start = (
                b'--XX\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\n' if is_form else b""
            )
            data = start + b"x" * 300_000
            await (c.chunk(data) if "chunked" in how else c.send(data))
            await until(lambda: w.metric("sluice_upload_bytes_total") > 200_000)
        await until(lambda: w.metric("sluice_uploads_total", outcome="cut-off") == 1)
        assert nothing_is_left(w)


async def test_a_client_that_stalls_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, upload_stall_s=0.2) as w, served(w.app) as port, raw(port) as c:
        await c.post("Content-Length: 1000000")
        await c.send(b"x" * 300_000)
        status, said = await c.answer()
        assert (status, said["code"]) == (408, "stalled")
        assert nothing_is_left(w)


async def test_a_client_that_is_slow_but_goes_on_is_waited_for(tmp_path: Path) -> None:
    async with world(tmp_path, upload_stall_s=2) as w, served(w.app) as port, raw(port) as c:
        await c.post("Content-Length: 10")
        for n in range(10):
            await c.send(b"x")
            await until(lambda n=n: w.metric("sluice_upload_bytes_total") == n + 1)
        assert (await c.answer())[0] == 202


async def test_a_json_body_that_stalls_is_given_up(tmp_path: Path) -> None:
    async with world(tmp_path, upload_stall_s=0.2) as w, served(w.app) as port, raw(port) as c:
        said_first = ["POST /api/v1/jobs HTTP/1.1", "Host: x", "Content-Type: application/json"]
        said_first += ["Content-Length: 100", f"Authorization: {AUTHORIZED['Authorization']}", "", "{"]
        await c.send("\r\n".join(said_first).encode())
        status, said = await c.answer()
        assert (status, said["code"]) == (408, "request-timeout")


async def test_an_upload_that_says_that_it_is_too_large_is_refused_before_it_comes(tmp_path: Path) -> None:
    async with world(tmp_path, max_upload_bytes=10_000) as w, served(w.app) as port, raw(port) as c:
        await c.post(f"Content-Length: {10 * MIB}")
        status, said = await c.answer()
        assert (status, said["code"], said["max_bytes"]) == (413, "too-large", 10_000)
        assert w.metric("sluice_upload_bytes_total") == 0
        assert nothing_is_left(w)


async def test_an_upload_that_turns_out_too_large_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, max_upload_bytes=10_000) as w, served(w.app) as port, raw(port) as c:
        await c.post("Transfer-Encoding: chunked")
        await c.chunk(b"x" * 20_000)
        status, said = await c.answer()
        assert (status, said["code"]) == (413, "too-large")
        assert nothing_is_left(w)


@pytest.mark.parametrize(("extra", "status"), [(0, 202), (1, 413)])
async def test_the_limit_is_exact(tmp_path: Path, extra: int, status: int) -> None:
    async with world(tmp_path, max_upload_bytes=10_000) as w, served(w.app) as port, raw(port) as c:
        await c.post(f"Content-Length: {10_000 + extra}")
        await c.send(b"x" * (10_000 + extra))
        assert (await c.answer())[0] == status


@pytest.mark.parametrize(("token", "status"), [(AUTHORIZED, 413), ({}, 401)])
async def test_a_client_that_is_refused_while_it_sends_still_hears_why(
    tmp_path: Path, token: dict[str, str], status: int
) -> None:
    """Some read the answer only when they have sent everything."""
    async with world(tmp_path, max_upload_bytes=100_000) as w, served(w.app) as port:

        async def body() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield b"x" * 50_000

        async with httpx.AsyncClient(headers=token, timeout=20) as client:
            answer = await client.post(f"http://127.0.0.1:{port}/api/v1/media?name=a", content=body())
        assert answer.status_code == status
        assert nothing_is_left(w)


async def test_without_a_token_a_body_is_not_read(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, raw(port) as c:
        await c.send(b"POST /api/v1/media?name=a HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\n\r\n")
        assert (await c.answer())[0] == 401
        assert w.metric("sluice_upload_bytes_total") == 0


async def test_a_stop_lets_an_upload_end(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, raw(port) as c:
        await c.post("Content-Length: 2000")
        await c.send(b"x" * 1000)
        await until(lambda: w.metric("sluice_upload_bytes_total") == 1000)
        drained = asyncio.create_task(w.services.in_flight.drain(20))
        await until(lambda: w.services.in_flight.stopping)
        await c.send(b"x" * 1000)
        assert (await c.answer())[0] == 202
        await drained


async def test_a_stop_does_not_wait_for_ever(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, raw(port) as c:
        await c.post("Content-Length: 2000000")
        await c.send(b"x" * 1_500_000)
        await until(lambda: w.metric("sluice_upload_bytes_total") == 1_500_000)
        async with asyncio.timeout(20):
            await w.services.in_flight.drain(0.1)
        status, said = await c.answer()
        assert (status, said["code"]) == (503, "unavailable")
        assert nothing_is_left(w)
