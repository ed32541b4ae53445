"""Bytes a second of a file that is played as it is, against nginx sending it from a folder: by 1, 8 and 64
clients, whole and in ranges, from the gateway alone and through the front proxy.
"""

from __future__ import annotations

import random
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from tests.bench.figures import Figure, figure
from tests.client import Client
from tests.clips import clip
from tests.front import front

_RUNS = 3
_FOR_S = 3.0
_SIZE = 1 << 30
_RANGE = 4 << 20
_CLIENTS = (1, 8, 64)
_BUFFER = 1 << 20
_MIB = 2**20
_FRONT_GOAL = 0.9
_ALONE_GOALS = {"whole": 0.5, "ranges": 0.25}


def run() -> Iterator[Figure]:
    """A figure for each way, kind of request and number of clients."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
        folder = Path(name)
        film = _large(folder)
        options = Options(
            port=8790, gateways=2, child_env={"gateway-2": {"SLUICE_ACCEL_REDIRECT": "/_blobs/"}}
        )
        with Stack.start(Home(folder / "home"), options) as stack:
            alone, behind = stack.endpoints.urls
            address = _played(Client(alone, stack.token), film)
            (folder / "files").mkdir()
            shutil.move(film, folder / "files" / "film")
            with front(folder, [urlsplit(behind).netloc], stack.home.blobs) as (proxy, plain):
                ours = {"alone": alone + address, "behind the proxy": proxy + address}
                for way, url in ours.items():
                    for kind, clients in product(_ALONE_GOALS, _CLIENTS):
                        yield _compared(way, kind, clients, url, f"{plain}/film")


def _compared(way: str, kind: str, clients: int, ours: str, nginx: str) -> Figure:
    pairs = [(_rate(nginx, kind, clients), _rate(ours, kind, clients)) for _ in range(_RUNS)]
    baseline, rate = (median(side) / _MIB for side in zip(*pairs, strict=True))
    least = _FRONT_GOAL if kind == "whole" and way != "alone" else _ALONE_GOALS[kind]
    name = f"direct {way}, {kind}, {clients} clients"
    return figure(name, rate, baseline, "MiB/s", f"at least {least} times", rate >= least * baseline, _RUNS)


def _large(folder: Path) -> Path:
    """A film of a GiB: a short one with a box after it that says nothing."""
    film = clip(folder / "film.mp4", seconds=2)
    with film.open("ab") as file:
        left = _SIZE - file.tell()
        file.write(left.to_bytes(4) + b"free")
        file.write(random.Random(1).randbytes(_MIB) * (left // _MIB))
        file.truncate(_SIZE)
    return film


def _played(client: Client, film: Path) -> str:
    """The path at which the film is played as it is."""
    media_id = client.upload(film)["media"]["id"]
    client.until_media(media_id, "ready")
    answer = client.post(f"/api/v1/media/{media_id}/playback", {"method": "direct"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["url"])


def _rate(url: str, kind: str, clients: int) -> float:
    """Bytes a second that all clients get together."""
    counts, together = [0] * clients, threading.Barrier(clients + 1)
    threads = [
        threading.Thread(target=_take, args=(url, kind, together, counts, number))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    together.wait()
    began = time.monotonic()
    for thread in threads:
        thread.join()
    assert all(counts), "a client got nothing"
    return sum(counts) / (time.monotonic() - began)


def _take(url: str, kind: str, together: threading.Barrier, counts: list[int], number: int) -> None:
    """Asks again and again on one connection for a while, beginning with all others."""
    where, chance = urlsplit(url), random.Random(number)
    buffer = bytearray(_BUFFER)
    with socket.create_connection((where.hostname or "", where.port or 80), timeout=60) as line:
        together.wait()
        until = time.monotonic() + _FOR_S
        while time.monotonic() < until:
            first = chance.randrange(_SIZE - _RANGE)
            some = f"Range: bytes={first}-{first + _RANGE - 1}\r\n" if kind == "ranges" else ""
            line.sendall(f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\n{some}\r\n".encode())
            wanted = _RANGE if kind == "ranges" else _SIZE
            counts[number] += _body(line, buffer, wanted, lambda: time.monotonic() < until)


def _body(line: socket.socket, buffer: bytearray, wanted: int, goes_on: Callable[[], bool]) -> int:
    """Takes an answer's body, as far as there is time for it."""
    head = b""
    while b"\r\n\r\n" not in head:
        piece = line.recv(4096)
        assert piece, "the server closed the connection"
        head += piece
    status, rest = head.split(b" ", 2)[1], head.partition(b"\r\n\r\n")[2]
    assert status in (b"200", b"206"), head
    got = len(rest)
    while got < wanted and (not got or goes_on()):
        size = line.recv_into(buffer, min(_BUFFER, wanted - got))
        assert size, "the server closed the connection"
        got += size
    return got
