"""A connection on which a test says exactly what it wants to, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson

from tests.unit.gateway.fakes import AUTHORIZED

MIB = 1024 * 1024


class Raw:
    """A connection on which a test says exactly what it wants to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def post(self, *headers: str, query: str = "?name=clip.mp4") -> None:
        """Sends the head of an upload."""
        head = [f"POST /api/v1/media{query} HTTP/1.1", "Host: x", *headers]
        head.append(f"Authorization: {AUTHORIZED['Authorization']}")
        await self.send(("\r\n".join(head) + "\r\n\r\n").encode())

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def chunk(self, data: bytes) -> None:
        await self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    async def answer(self) -> tuple[int, dict[str, object]]:
        """The status and the body."""
        async with asyncio.timeout(20):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.partition("content-length: ")[2].partition("\r")[0])
            return int(head.split()[1]), orjson.loads(await self._reader.readexactly(size))


@asynccontextmanager
async def raw(port: int) -> AsyncIterator[Raw]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Raw(reader, writer)
    finally:
        writer.close()
