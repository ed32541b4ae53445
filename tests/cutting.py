"""A way to the gateways that is cut now and then, wherever a request happens to be."""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.client import until

_PIECE = 1 << 16
_RESET = struct.pack("ii", 1, 0)

Cut = Callable[[int, int], None]
"""Told, before it happens, which cut this is, and to which gateway the connection goes."""


@dataclass
class Cutting:
    """Passes connections on to one gateway after the other, and cuts at these numbers of bytes sent."""

    gateways: Sequence[str]
    cuts: list[int]
    tell: Cut
    made: int = 0
    _connections: int = 0
    _sent: int = 0
    _step: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, listening: socket.socket) -> None:
        """Until the socket is closed."""
        with suppress(OSError):
            while True:
                near, _ = listening.accept()
                threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        with self._step:
            number = self._connections % len(self.gateways)
            self._connections += 1
        with near, until(lambda: _connected(self.gateways[number]), "a gateway to answer") as far:
            back = threading.Thread(target=_copy, args=(far, near), daemon=True)
            back.start()
            with suppress(OSError):
                while piece := near.recv(_PIECE):
                    if self._is_cut(len(piece), number):
                        far.sendall(piece[: len(piece) // 2])
                        _reset(far)
                        _reset(near)
                        return
                    far.sendall(piece)
            back.join()

    def _is_cut(self, size: int, number: int) -> bool:
        with self._step:
            self._sent += size
            if self.made == len(self.cuts) or self._sent < self.cuts[self.made]:
                return False
            self.made += 1
            self.tell(self.made, number)
            return True


@contextmanager
def cutting(gateways: Sequence[str], size: int, cuts: int, tell: Cut) -> Iterator[tuple[str, Cutting]]:
    """The address of such a way, on which a file of that size is cut so many times."""
    where = sorted(random.Random(size).sample(range(1, size), cuts))
    made = Cutting(gateways, where, tell)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=made.serve, args=(listening,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", made
        listening.shutdown(socket.SHUT_RDWR)


def _connected(gateway: str) -> socket.socket | None:
    to = urlsplit(gateway)
    try:
        return socket.create_connection((to.hostname or "", to.port or 80))
    except OSError:
        return None


def _copy(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_PIECE):
            to.sendall(piece)
        to.shutdown(socket.SHUT_WR)


def _reset(line: socket.socket) -> None:
    """Ends a connection the way that a broken line does, though another thread may be reading from it."""
    with suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        line.shutdown(socket.SHUT_RDWR)
    line.close()
