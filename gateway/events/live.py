"""The hub between Kafka and live clients: one tail in, a bounded outbox for each client out.

A slow client first loses progress that newer progress replaces; over the bound it is told so and let go.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from connectors.ports import Clock, Tail
from gateway.auth.principal import Principal
from gateway.events.backlog import Backlog
from gateway.events.messages import Filter, Message, message_of
from gateway.metrics import Metrics
from schemas.events import Event, ServiceBeat

TOO_SLOW = "too slow: more waited for this client than is kept; read the state again and reconnect"
MISSED = "what came since is not known any more; read the state again"
SHUT_OUT = "you are signed out, or may not follow this any more"
STOPPING = "the gateway is stopping; reconnect"


class Outbox:
    """What waits for one client."""

    def __init__(self, bound: int, wanted: Filter | None, principal: Principal) -> None:
        self.principal = principal
        """Who follows."""
        self.wanted = wanted
        """What the client wants; nothing yet where None."""
        self.missed = False
        """Whether something came while the client was away that is not known any more."""
        self.closed_because: str | None = None
        """Why nothing more will come; None while more may."""
        self._bound = bound
        self._waiting: OrderedDict[str, Message] = OrderedDict()
        self._stirred = asyncio.Event()

    def offer(self, message: Message) -> str:
        """Puts a message up. Says what became of it: queued, replaced (an older one went) or dropped."""
        if self.closed_because is not None:
            return "dropped"
        replaced = self._waiting.pop(message.slot, None)
        if len(self._waiting) >= self._bound:
            self.drop(TOO_SLOW)
            return "dropped"
        self._waiting[message.slot] = message
        self._stirred.set()
        return "replaced" if replaced else "queued"

    def close(self, reason: str) -> None:
        """Lets the client go once it has what waits."""
        self.closed_because = self.closed_because or reason
        self._stirred.set()

    def drop(self, reason: str) -> None:
        """Lets the client go at once: what waits is not for it any more."""
        self._waiting.clear()
        self.close(reason)

    async def messages(self) -> AsyncIterator[Message]:
        """What waits and what comes; ends when the outbox is closed and empty."""
        while True:
            while self._waiting:
                yield self._waiting.popitem(last=False)[1]
            if self.closed_because is not None:
                return
            self._stirred.clear()
            await self._stirred.wait()


class Hub:
    """All live clients of one process."""

    def __init__(
        self, tail: Tail, clock: Clock, metrics: Metrics, bound: int, *listeners: Callable[[Event], None]
    ) -> None:
        self._tail = tail
        self._clock = clock
        self._metrics = metrics
        self._bound = bound
        self._listeners = listeners
        self._backlog = Backlog()
        self._states: dict[str, str] = {}
        self._outboxes: set[Outbox] = set()
        self._closed = False

    async def run(self) -> None:
        """Reads the tail for as long as the process lives."""
        async for delivery in self._tail.deliveries():
            if not self._is_news(delivery.event):
                continue
            age = self._clock.now() - delivery.event.meta.occurred_at
            for listener in self._listeners:
                listener(delivery.event)
            self._metrics.live_delay_seconds.observe(max(0.0, age.total_seconds()))
            self._fan_out(message_of(delivery))

    def _is_news(self, event: Event) -> bool:
        """Of beats, only those are that say something else than the last one of that process."""
        if not isinstance(event, ServiceBeat):
            return True
        before, self._states[event.instance] = self._states.get(event.instance), event.state
        return before != event.state

    def _fan_out(self, message: Message) -> None:
        self._backlog.add(message)
        for outbox in self._outboxes:
            if outbox.wanted is not None and outbox.wanted.wants(message):
                self._metrics.live_messages.labels(outbox.offer(message)).inc()

    def resume(self, outbox: Outbox, after: str) -> None:
        """Puts up what a client wants of what came since a message; it is told where that is not known."""
        since, wanted = self._backlog.since(after), outbox.wanted
        missed = [each for each in since or () if wanted is not None and wanted.wants(each)]
        outbox.missed = since is None or len(missed) > self._bound
        for message in () if outbox.missed else missed:
            outbox.offer(message)

    @contextmanager
    def client(
        self, transport: str, wanted: Filter | None, principal: Principal, after: str | None = None
    ) -> Iterator[Outbox]:
        """A client's outbox, for as long as it is connected; with what it missed after that message."""
        outbox = Outbox(self._bound, wanted, principal)
        if after is not None:
            self.resume(outbox, after)
        if self._closed:
            outbox.close(STOPPING)
        self._outboxes.add(outbox)
        gauge = self._metrics.live_clients.labels(transport)
        try:
            with gauge.track_inprogress():
                yield outbox
        finally:
            self._outboxes.discard(outbox)

    def let_go(self, unless: Callable[[Principal], bool]) -> None:
        """Lets those go who may not follow any more."""
        for outbox in self._outboxes:
            if outbox.closed_because is None and not unless(outbox.principal):
                outbox.drop(SHUT_OUT)

    def close(self) -> None:
        """Lets all clients go, and those that come later."""
        self._closed = True
        for outbox in self._outboxes:
            outbox.close(STOPPING)
