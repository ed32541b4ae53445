"""What a 2 GiB upload adds to the resident memory of the gateway and of a worker."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from tests.bench.figures import Figure, figure
from tests.client import Client

_BYTES = 2 << 30
_ALLOWED_MIB = 64
_CHUNK = bytes(1 << 20)


def run() -> Iterator[Figure]:
    """A figure for each process; the baseline is its size before the upload."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        before, most = measure(Path(name))
    for child, peak in most.items():
        holds = peak - before[child] <= _ALLOWED_MIB
        goal = f"at most {_ALLOWED_MIB} MiB more"
        yield figure(f"memory {child}", peak, before[child], "MiB", goal, holds, 1)


def measure(home: Path) -> tuple[dict[str, float], dict[str, float]]:
    """The sizes before a large upload, and the greatest ones during it."""
    with Stack.start(Home(home), Options(port=8790)) as stack:
        assert stack.url is not None
        client = Client(stack.url, stack.token)
        upload(client, 1 << 20)
        before = {child: resident(stack, child) for child in ("gateway-1", "worker-1")}
        most = dict(before)
        done = threading.Event()
        watching = threading.Thread(target=lambda: watch(stack, most, done))
        watching.start()
        upload(client, _BYTES)
        done.set()
        watching.join()
    return before, most


def upload(client: Client, size: int) -> None:
    """Uploads zeros, and waits until the worker has read them all and turned them down."""

    def body() -> Iterator[bytes]:
        for _ in range(size // len(_CHUNK)):
            yield _CHUNK

    with client.http as http:
        http.timeout = 600
        answer = http.post("/api/v1/media", params={"name": "large.bin"}, content=body())
    assert answer.status_code == 202, answer.text
    client.until_media(answer.json()["media"]["id"], "rejected")


def resident(stack: Stack, child: str) -> float:
    """A child's resident memory in MiB."""
    pid = stack.children[child].pid
    assert pid is not None
    return float(psutil.Process(pid).memory_info().rss) / (1 << 20)


def watch(stack: Stack, most: dict[str, float], done: threading.Event) -> None:
    """Keeps the greatest size that was seen."""
    while not done.wait(0.1):
        for child in most:
            most[child] = max(most[child], resident(stack, child))
