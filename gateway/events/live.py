"""The hub between Kafka and live clients: one tail in, and out what each wants.

A slow client first loses progress that newer progress replaces; over the bound it is told so and let go.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager

from connectors.ports import Clock, Tail
from gateway.auth.principal import Principal
from gateway.events.backlog import Backlog
from gateway.events.lanes import Batch, Lane, latest
from gateway.events.messages import Filter, Message, message_of
from gateway.metrics import Metrics
from schemas.events import Event, ServiceBeat

TOO_SLOW = "too slow: more waited for this client than is kept; read the state again and reconnect"
MISSED = "what came since is not known any more; read the state again"
SHUT_OUT = "you are signed out, or may not follow this any more"
STOPPING = "the gateway is stopping; reconnect"

_NOTHING = Batch((), 0)
_SWEEP_S = 10.0
_PACE_S = 0.0001
"""What a write may cost, and some to spare: so much for each client there is."""
_LONGEST_PACE_S = 0.5


class Outbox:
    """What waits for one client: what it missed, and what its lane has that it has not had."""

    def __init__(
        self,
        bound: int,
        principal: Principal,
        tell: Callable[[str, int], None],
        pace_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self.principal = principal
        """Who follows."""
        self.missed = False
        """Whether something came while the client was away that is not known any more."""
        self.closed_because: str | None = None
        """Why nothing more will come; None while more may."""
        self.is_dropped = False
        """Whether what waits, or is just being looked at, is not for the client any more."""
        self.verdicts: dict[str, tuple[float, bool]] = {}
        """Of media, until when it is known whether the client may know of them."""
        self._bound = bound
        self._tell = tell
        self._pace_s = pace_s
        self._earlier: list[Message] = []
        self._lane: Lane | None = None
        self._at = 0
        self._stirred = asyncio.Event()

    def follow(self, lane: Lane | None) -> Lane | None:
        """From now on what this lane has; what waits of another is still told. Returns the other."""
        before = self._lane
        if before is not None:
            before.idle.discard(self._stirred)
            while not self.is_dropped and (batch := self._take(before)).messages:
                self.tell_again(batch.messages)
        self._lane, self._at = lane, lane.number if lane else 0
        self._stirred.set()
        return before

    def tell_again(self, missed: Iterable[Message]) -> None:
        """Puts up what the client missed; over the bound it is let go."""
        self._earlier = latest((*self._earlier, *missed))
        if len(self._earlier) > self._bound:
            self._tell("dropped", len(self._earlier))
            self.drop(TOO_SLOW)
        self._stirred.set()

    def close(self, reason: str) -> None:
        """Lets the client go once it has what waits."""
        self.closed_because = self.closed_because or reason
        self._stirred.set()

    def drop(self, reason: str) -> None:
        """Lets the client go at once: what waits is not for it any more."""
        self.is_dropped = True
        self._earlier.clear()
        self.close(reason)

    async def messages(self) -> AsyncIterator[Message]:
        """What waits and what comes; ends when the outbox is closed and empty, or dropped."""
        async for batch in self._batches():
            for message in batch.messages:
                if self.is_dropped:
                    return
                yield message

    async def batches(self) -> AsyncIterator[Batch]:
        """The same, by as much as waits; what comes right after that waits for what comes soon after it."""
        async for batch in self._batches():
            yield batch
            await asyncio.sleep(self._pace_s())

    async def _batches(self) -> AsyncIterator[Batch]:
        while not self.is_dropped:
            batch = self._next()
            if batch.messages:
                yield batch
            elif self.closed_because is not None:
                return
            else:
                await self._stir()

    def _next(self) -> Batch:
        if self._earlier:
            earlier, self._earlier = tuple(self._earlier), []
            return Batch(earlier, self._at)
        return self._take(self._lane) if self._lane else _NOTHING

    def _take(self, lane: Lane) -> Batch:
        batch = lane.after(self._at)
        if batch is None:
            self._tell("dropped", lane.number - self._at)
            self.drop(TOO_SLOW)
            return _NOTHING
        if batch.messages:
            self._tell("sent", len(batch.messages))
            if replaced := batch.number - self._at - len(batch.messages):
                self._tell("replaced", replaced)
        self._at = batch.number
        return batch

    async def _stir(self) -> None:
        self._stirred.clear()
        if self._lane is not None:
            self._lane.idle.add(self._stirred)
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
        self._lanes: dict[Filter, Lane] = {}
        self._told = {each: metrics.live_messages.labels(each) for each in ("sent", "replaced", "dropped")}
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
        for wanted, lane in self._lanes.items():
            if wanted.wants(message):
                lane.put(message)

    def _tell(self, outcome: str, number: int) -> None:
        self._told[outcome].inc(number)

    def _pace_s(self) -> float:
        """How long a client waits at least from one write to the next: the more there are, the longer."""
        return min(_LONGEST_PACE_S, len(self._outboxes) * _PACE_S)

    def follow(self, outbox: Outbox, wanted: Filter | None) -> None:
        """From now on the client is told what it wants; nothing where None."""
        lane = None
        if wanted is not None:
            lane = self._lanes.setdefault(wanted, Lane(wanted, self._bound))
            lane.followers += 1
        before = outbox.follow(lane)
        if before is not None:
            before.followers -= 1
            if not before.followers:
                del self._lanes[before.wanted]

    def resume(self, outbox: Outbox, wanted: Filter, after: str) -> None:
        """Puts up what a client wants of what came since a message; it is told where that is not known."""
        since = self._backlog.since(after)
        missed = latest(each for each in since or () if wanted.wants(each))
        outbox.missed = since is None or len(missed) > self._bound
        outbox.tell_again(() if outbox.missed else missed)

    @contextmanager
    def client(
        self, transport: str, wanted: Filter | None, principal: Principal, after: str | None = None
    ) -> Iterator[Outbox]:
        """A client's outbox, for as long as it is connected; with what it missed after that message."""
        outbox = Outbox(self._bound, principal, self._tell, self._pace_s)
        if after is not None and wanted is not None:
            self.resume(outbox, wanted, after)
        self.follow(outbox, wanted)
        if self._closed:
            outbox.close(STOPPING)
        self._outboxes.add(outbox)
        gauge = self._metrics.live_clients.labels(transport)
        try:
            with gauge.track_inprogress():
                yield outbox
        finally:
            self._outboxes.discard(outbox)
            outbox.is_dropped = True  # nobody is told what still waits
            self.follow(outbox, None)

    def let_go(self, unless: Callable[[Principal], bool]) -> None:
        """Lets those go who may not follow any more."""
        for outbox in self._outboxes:
            if outbox.closed_because is None and not unless(outbox.principal):
                outbox.drop(SHUT_OUT)

    async def sweep(self, unless: Callable[[Principal], bool]) -> None:
        """Does so every while: a key ends by itself, and no event tells of it."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            self.let_go(unless)

    def close(self) -> None:
        """Lets all clients go, and those that come later."""
        self._closed = True
        for outbox in self._outboxes:
            self.follow(outbox, None)
            outbox.close(STOPPING)
