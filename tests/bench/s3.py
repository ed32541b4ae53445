"""Bytes a second of a blob of a GiB into and out of a bucket, against boto3's own transfer of as many bytes
to the same server; and what writing and reading it add to the resident memory.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from connectors.blobs import open_store
from connectors.ports import BlobStore
from tests.bench.figures import Figure, alternating, figure
from tests.s3_server import BUCKET, PASSWORD, USER, S3Server, options, s3_server

_RUNS = 3
_MIB = 1 << 20
_SIZE = 1 << 30
_LEAST = 0.8
_ALLOWED_MIB = 64
_PIECE = random.Random(1).randbytes(_MIB)
_SERIAL = itertools.count(1)


def run() -> Iterator[Figure]:
    """A figure for each way, and one for the memory."""
    os.environ |= {"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": PASSWORD}
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name, s3_server(Path(name)) as server:
        bench = _Bench(server)
        bench.warm_up()
        before, most = bench.memory()
        goal = f"at least {_LEAST} times"
        for what, ours, theirs in (
            ("write", bench.write, bench.upload),
            ("read", bench.read, bench.download),
        ):
            rate, baseline = alternating(_RUNS, lambda: _rate(ours), lambda: _rate(theirs))  # noqa: B023
            yield figure(f"s3 {what}", rate, baseline, "MiB/s", goal, rate >= _LEAST * baseline, _RUNS)
        goal = f"at most {_ALLOWED_MIB} MiB more"
        yield figure("s3 memory", most, before, "MiB", goal, most - before <= _ALLOWED_MIB, 1)


class _Bench:
    def __init__(self, server: S3Server) -> None:
        self._client = server.client()
        self._loop = asyncio.new_event_loop()
        self._store: BlobStore = open_store(server.url("bench"), "bench", options(server))
        self._kept: list[str] = []
        self._resident = 0

    def write(self) -> None:
        """Other bytes each time: the same ones would be kept once."""
        self._loop.run_until_complete(self._write(_SIZE))

    def upload(self) -> None:
        self._client.upload_fileobj(_Source(_SIZE), BUCKET, "theirs")

    def read(self) -> None:
        self._loop.run_until_complete(self._read(self._kept[0]))

    def download(self) -> None:
        self._client.download_fileobj(BUCKET, "theirs", _Nowhere())

    def warm_up(self) -> None:
        """Connections, threads and the server's own code."""
        self._loop.run_until_complete(self._write(64 * _MIB))
        self._loop.run_until_complete(self._read(self._kept[0]))

    def memory(self) -> tuple[float, float]:
        """MiB before, and at most during, a write and a read."""
        self._resident, before = 0, psutil.Process().memory_info().rss
        self.write()
        self.read()
        return before / _MIB, self._resident / _MIB

    async def _write(self, size: int) -> None:
        serial, writer = next(_SERIAL).to_bytes(4), self._store.writer()
        for _ in range(size // _MIB):
            await writer.write(serial + _PIECE[4:])
            self._look()
        for old in self._kept:
            await self._store.remove(old)
        self._kept = [(await writer.commit("raw")).location]

    async def _read(self, location: str) -> None:
        async for _ in self._store.read(location):
            self._look()

    def _look(self) -> None:
        self._resident = max(self._resident, psutil.Process().memory_info().rss)


class _Source:
    """A file of so many bytes that is nowhere."""

    def __init__(self, size: int) -> None:
        self._left = size

    def read(self, size: int = -1) -> bytes:
        wanted = min(self._left, size if size >= 0 else self._left)
        self._left -= wanted
        return (_PIECE * (wanted // _MIB + 1))[:wanted]


class _Nowhere:
    """A file that forgets what is written."""

    def write(self, content: Any) -> int:
        return len(content)


def _rate(step: Callable[[], None]) -> float:
    began = time.monotonic()
    step()
    return _SIZE / _MIB / (time.monotonic() - began)
