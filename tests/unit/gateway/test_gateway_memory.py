"""An upload costs the same memory whatever its size."""

from __future__ import annotations

import resource
import tracemalloc
from pathlib import Path

from starlette.types import Message

from tests.unit.gateway.doubles import NullStore
from tests.unit.gateway.fakes import AUTHORIZED, served, world
from tests.unit.gateway.wire import raw

MIB = 1024 * 1024


async def test_an_upload_takes_the_same_memory_whatever_its_size(tmp_path: Path) -> None:
    """256 MiB through the application into a store that forgets; what is held meanwhile stays small."""
    pieces, piece = 1024, b"x" * (256 * 1024)
    sent = 0

    async def receive() -> Message:
        nonlocal sent
        sent += 1
        return {"type": "http.request", "body": bytes(piece), "more_body": sent < pieces}

    answers: list[Message] = []

    async def send(message: Message) -> None:
        answers.append(message)

    async with world(tmp_path, NullStore()) as w:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "path": "/api/v1/media",
            "raw_path": b"/api/v1/media",
            "root_path": "",
            "scheme": "http",
            "query_string": b"name=a.bin",
            "headers": [(b"authorization", AUTHORIZED["Authorization"].encode())],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        tracemalloc.start()
        try:
            await w.app(scope, receive, send)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert answers[0]["status"] == 202
    assert w.metric("sluice_upload_bytes_total") == pieces * len(piece)
    assert most < 16 * MIB


async def test_an_upload_through_the_server_takes_little_memory(tmp_path: Path) -> None:
    async with world(tmp_path, NullStore()) as w, served(w.app) as port, raw(port) as c:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await c.post(f"Content-Length: {512 * MIB}")
        for _ in range(512):
            await c.send(bytes(MIB))
        assert (await c.answer())[0] == 202
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown_kib < 64 * 1024
