"""What those are told who want the same: kept once for all of them, and each knows how far it has come.

So an event costs the hub the same for one client as for a thousand, and what many take is put together once.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Container, Iterable
from dataclasses import dataclass
from functools import cached_property

from gateway.events.messages import Filter, Message

_MOST_AT_ONCE = 256
"""Of messages in one write: so much at most waits for a slow client outside of what is kept here."""


def latest(messages: Iterable[Message]) -> list[Message]:
    """Of each slot the latest, in the order in which they came."""
    kept: dict[str, Message] = {}
    for message in messages:
        kept.pop(message.slot, None)
        kept[message.slot] = message
    return list(kept.values())


@dataclass(frozen=True)
class Batch:
    """Some messages, one after the other."""

    messages: tuple[Message, ...]
    number: int
    """That of the last one."""

    @cached_property
    def abouts(self) -> dict[str, Message]:
        """All that they are about, each with one of them."""
        return {message.about: message for message in self.messages}

    def without(self, abouts: Container[str]) -> Batch:
        """Those that are about something else."""
        return Batch(tuple(each for each in self.messages if each.about not in abouts), self.number)

    @cached_property
    def as_sse(self) -> bytes:
        """What a stream of server-sent events says."""
        return b"".join([message.as_sse for message in self.messages])


class Lane:
    """The messages of one filter: of each slot the latest, and of all so many as may wait for a client."""

    def __init__(self, wanted: Filter, bound: int) -> None:
        self.wanted = wanted
        self.followers = 0
        self.number = 0
        """That of the latest message."""
        self._bound = bound
        self._lost = 0
        """Up to this one, messages may be gone that no newer one has taken the place of."""
        self._kept: OrderedDict[str, tuple[int, Message]] = OrderedDict()
        self._batches: dict[int, Batch | None] = {}
        self.idle: set[asyncio.Event] = set()
        """To be set once, when there is something new."""

    def put(self, message: Message) -> None:
        """Adds the latest, and stirs those who wait for it."""
        self.number += 1
        self._kept.pop(message.slot, None)
        if len(self._kept) >= self._bound:
            self._lost = self._kept.popitem(last=False)[1][0]
        self._kept[message.slot] = (self.number, message)
        self._batches.clear()
        for stirred in self.idle:
            stirred.set()
        self.idle.clear()

    def after(self, number: int) -> Batch | None:
        """What came after a message, perhaps nothing. None where some of it is gone."""
        if number not in self._batches:
            self._batches[number] = self._after(number)
        return self._batches[number]

    def _after(self, number: int) -> Batch | None:
        if number < self._lost:
            return None
        found: list[tuple[int, Message]] = []
        for each in reversed(self._kept.values()):
            if each[0] <= number:
                break
            found.append(each)
        taken = found[: -_MOST_AT_ONCE - 1 : -1]
        return Batch(tuple(message for _, message in taken), taken[-1][0] if taken else number)
