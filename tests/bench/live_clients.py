"""Many who follow events, in one process that costs little: it counts, and times the messages of a few.

`python -m tests.bench.live_clients URL CLIENTS MESSAGES WITHIN_S [HEADER]`. Says `following` once all do, and
at the end how many messages were lost and, in milliseconds, what all but the slowest hundredth stayed under.
"""

from __future__ import annotations

import re
import selectors
import socket
import sys
import time
from datetime import datetime
from urllib.parse import urlsplit

import orjson

TOPIC = "media.changed"

_MARK = b"event: " + TOPIC.encode()
_AT = re.compile(rb'"occurred_at":"([^"]+)"')
_TIMED = 50
_READ = 1 << 20


class Follower:
    """One client."""

    def __init__(self, url: str, header: str | None, *, timed: bool) -> None:
        parts = urlsplit(url)
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=60)
        more = f"{header}\r\n" if header else ""
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{more}\r\n".encode())
        said = b""
        while b": following" not in said:
            said += self.socket.recv(_READ)
            if not said.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"a client was answered: {said.decode(errors='replace')}")
        self.socket.setblocking(False)
        self.count = 0
        self.took_ms: list[float] = []
        self._timed = timed
        self._rest = b""

    def read(self) -> None:
        """Takes what has come."""
        came = self.socket.recv(_READ)
        if not came:
            raise SystemExit(f"a client was let go: {self._rest[-200:].decode(errors='replace')}")
        now = time.time()
        said = self._rest + came
        if self._timed:
            whole, mark, rest = said.rpartition(b"\r\n\r\n")
            self._rest = rest if mark else said
            found = [datetime.fromisoformat(at.decode()).timestamp() for at in _AT.findall(whole)]
            self.took_ms += [1000 * (now - at) for at in found]
            self.count += len(found)
        else:
            self.count += said.count(_MARK)
            # Less than a mark may be cut in two.
            self._rest = said[-(len(_MARK) - 1) :]


def main() -> None:
    """Connects, follows, and says what came."""
    url, clients, messages, within_s = sys.argv[1], *map(int, sys.argv[2:5])
    header = sys.argv[5] if len(sys.argv) > 5 else None
    followers = [Follower(url, header, timed=n % (clients // _TIMED) == 0) for n in range(clients)]
    selector = selectors.DefaultSelector()
    for follower in followers:
        selector.register(follower.socket, selectors.EVENT_READ, follower)
    print("following", flush=True)
    deadline = time.monotonic() + within_s
    left = clients
    while left and time.monotonic() < deadline:
        for key, _ in selector.select(timeout=1):
            before = key.data.count
            key.data.read()
            left -= before < messages <= key.data.count
    took = sorted(ms for follower in followers for ms in follower.took_ms)
    told = {
        "lost": sum(max(0, messages - follower.count) for follower in followers),
        "p50_ms": took[len(took) // 2],
        "p99_ms": took[int(0.99 * len(took))],
    }
    print(orjson.dumps(told).decode())


if __name__ == "__main__":
    main()
