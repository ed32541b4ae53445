"""The last messages that went out, for clients that come back and want what they missed."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from gateway.events.messages import Message

_MOST = 10_000
_MOST_BYTES = 16 * 1024 * 1024
_OVERLAP_S = 5.0
"""Replicas hear the log's partitions in different orders: so much before a message is told again, so that
nothing is missed that another replica told later.
"""


class Backlog:
    """Bounded in number and bytes; the oldest go first."""

    def __init__(
        self,
        most: int = _MOST,
        most_bytes: int = _MOST_BYTES,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._monotonic = monotonic
        self._kept: OrderedDict[str, tuple[float, Message]] = OrderedDict()
        self._bytes = 0

    def add(self, message: Message) -> None:
        """Keeps one more."""
        self._kept[message.id] = (self._monotonic(), message)
        self._bytes += len(message.data)
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._bytes -= len(oldest.data)

    def since(self, id: str) -> list[Message] | None:
        """What came after a message, and some of what came just before; None where that is not known here."""
        if id not in self._kept:
            return None
        start = self._kept[id][0] - _OVERLAP_S
        return [message for at, message in self._kept.values() if at >= start and message.id != id]
