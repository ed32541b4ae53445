"""Which local ports a stack listens on: found free, kept for the next start, or refused with a name."""

from __future__ import annotations

import random
import socket
from pathlib import Path

import orjson
import psutil

from deploy.local.failures import Exit, Failure

HOST = "127.0.0.1"

_RANGE = range(20000, 30000)
"""Below the ports that systems give to outgoing connections: a client that tries again and again while a
server restarts could otherwise be given the server's own port, and keep it."""

_NEXT_ONES = 50


def is_free(port: int) -> bool:
    """Whether nothing listens on the port and it can be bound."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((HOST, port)) == 0:
            return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def pick(taken: set[int]) -> int:
    """A free port that is not in `taken`."""
    candidates = random.sample(_RANGE, 200)  # chance keeps two stacks that start at once apart
    for port in candidates:
        if port not in taken and is_free(port):
            return port
    raise Failure(f"found no free port between {_RANGE.start} and {_RANGE.stop}: too many listeners?")


def remembered(file: Path, names: list[str]) -> dict[str, int]:
    """A port for each name: those of the last time where they are free, others where not; remembered."""
    known = _read(file)
    chosen: dict[str, int] = {}
    for name in names:
        last = known.get(name)
        good = last is not None and last not in chosen.values() and is_free(last)
        chosen[name] = last if last is not None and good else pick(set(chosen.values()))
    file.write_bytes(orjson.dumps({**known, **chosen}))
    return chosen


def _read(file: Path) -> dict[str, int]:
    try:
        body = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return {name: port for name, port in body.items() if isinstance(port, int)}


def public(first: int, count: int, *, explicit: bool) -> list[int]:
    """The gateways' ports: `first` and the next free ones.

    Raises Failure where `first` is busy and was asked for by name.
    """
    if explicit and not is_free(first):
        raise Failure(
            f"port {first} is in use{_by_whom(first)}: stop that, or choose another port with --port.",
            Exit.CONFLICT,
        )
    found = [port for port in range(first, min(first + _NEXT_ONES, 65536)) if is_free(port)][:count]
    if len(found) < count:
        raise Failure(
            f"found no {count} free ports from {first} on: choose another with --port.", Exit.CONFLICT
        )
    return found


def _by_whom(port: int) -> str:
    """The listener's name, where the system lets us see it."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens and connection.pid:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, PermissionError):
        pass
    return ""
