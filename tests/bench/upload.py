"""Bytes a second that a file of a GiB is taken in with, at once and by tus, against a plain application on
the same server that writes the same bytes to the same disk; and what that adds to the gateway's memory.
"""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

import httpx
import psutil

from deploy.local.stack import Stack
from tests.bench.bare import beside, quiet_stack
from tests.bench.bare_upload import FOLDER
from tests.bench.figures import Figure, figure

_RUNS = 5
_SIZE = 1 << 30
_BLOCK = 1 << 20
_MIB = 2**20
_GOAL = 0.7
_MEMORY_MIB = 64
_SPOKEN = {"Tus-Resumable": "1.0.0"}
_NAME = base64.b64encode(b"large.bin").decode()


def run() -> Iterator[Figure]:
    """A figure for each way, and one for the memory of both."""
    with quiet_stack() as stack:
        folder = stack.home.root / "bare"
        folder.mkdir()
        with beside(stack, "tests.bench.bare_upload", {FOLDER: str(folder)}) as bare:
            ways = {"plain": _plainly(stack), "tus": _by_tus(stack)}
            most, done = _watched(stack)
            for each in ways.values():
                each()
            before = _resident(stack)
            for name, way in ways.items():
                yield _compared(name, way, stack.home.blobs, lambda: _put(bare), folder)
            done.set()
    holds = most[0] - before <= _MEMORY_MIB
    yield figure("upload, memory", most[0], before, "MiB", f"at most {_MEMORY_MIB} MiB more", holds, 1)


def _compared(
    name: str, way: Callable[[], None], blobs: Path, bare: Callable[[], None], folder: Path
) -> Figure:
    pairs = [(_timed(folder, bare), _timed(blobs, way)) for _ in range(_RUNS)]
    baseline, ours = (median(side) for side in zip(*pairs, strict=True))
    goal = f"at least {_GOAL} times"
    return figure(f"upload {name}", ours, baseline, "MiB/s", goal, ours >= _GOAL * baseline, _RUNS)


def _plainly(stack: Stack) -> Callable[[], None]:
    def send() -> None:
        _send(_url(stack), "POST", "/api/v1/media?name=large.bin", stack.token, {}, 202)

    return send


def _by_tus(stack: Stack) -> Callable[[], None]:
    def send() -> None:
        said = {"Upload-Length": str(_SIZE), "Upload-Metadata": f"filename {_NAME}"}
        headers = {**_SPOKEN, **said, "Authorization": f"Bearer {stack.token}"}
        begun = httpx.post(f"{_url(stack)}/api/v1/uploads", headers=headers).raise_for_status()
        piece = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        _send(_url(stack), "PATCH", begun.headers["location"], stack.token, {**_SPOKEN, **piece}, 204)

    return send


def _put(bare: str) -> None:
    _send(bare, "POST", "/", "", {}, 202)


def _timed(folder: Path, send: Callable[[], None]) -> float:
    """MiB a second; what was kept is removed, so that each finds the disk as the other did."""
    began = time.monotonic()
    send()
    took = time.monotonic() - began
    for kept in folder.rglob("*"):
        if kept.is_file() and kept.stat().st_size == _SIZE:
            kept.unlink()
    os.sync()
    return _SIZE / _MIB / took


def _send(url: str, method: str, path: str, token: str, headers: dict[str, str], status: int) -> None:
    """Sends a file like no other as the body of one request."""
    where = urlsplit(url)
    said = {**headers, "Host": where.netloc, "Authorization": f"Bearer {token}", "Content-Length": str(_SIZE)}
    head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
    block = os.urandom(_BLOCK)
    with socket.create_connection((where.hostname or "", where.port or 80), timeout=120) as line:
        line.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        for _ in range(_SIZE // _BLOCK):
            line.sendall(block)
        answer = line.recv(4096)
    assert answer.split(b" ", 2)[1] == str(status).encode(), answer


def _url(stack: Stack) -> str:
    assert stack.url is not None
    return stack.url


def _resident(stack: Stack) -> float:
    """The gateway's resident memory in MiB."""
    pid = stack.children["gateway-1"].pid
    assert pid is not None
    return float(psutil.Process(pid).memory_info().rss) / _MIB


def _watched(stack: Stack) -> tuple[list[float], threading.Event]:
    """The greatest size of the gateway there was, kept up until the event."""
    most, done = [_resident(stack)], threading.Event()

    def watch() -> None:
        while not done.wait(0.1):
            most[0] = max(most[0], _resident(stack))

    threading.Thread(target=watch, daemon=True).start()
    return most, done
