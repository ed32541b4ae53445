"""Writes the trail: before what it tells of, where that changes something, and soon after everything else.

What Kafka may or may not have is sent again, as it is, until Kafka says that it has it: the same link twice
does no harm, another one in its place would.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from datetime import datetime, timedelta

import structlog
from prometheus_client import Counter

from connectors.ports import BrokerUnavailable, Clock, Publisher
from connectors.read_models import ReadModels
from connectors.sealing import Secret
from gateway.audit.addresses import Addresses
from gateway.audit.anchors import Anchors
from gateway.audit.chain import ANCHORED, CLOSED, OPENED, PURPOSE
from gateway.audit.entry import ALLOWED, Actor, Entry
from gateway.audit.scribe import Scribe
from gateway.audit.waiting import Waiting
from schemas.events import AuditRecorded, Head, new_id

log = structlog.get_logger()

_BATCH = 100
"""Making so many records takes some milliseconds, and nothing is answered meanwhile."""
_GATHER_S = 0.05
_LOOK_S = 1.0
_FAREWELL_S = 5.0
_ANCHOR_EVERY = timedelta(hours=1)
_ANCHOR_AGAIN = timedelta(minutes=1)
_ANCHOR_EVERY_RECORDS = 1000

Promise = asyncio.Future[bool]


class Trail:
    """One chain, for as long as the process lives."""

    def __init__(
        self,
        publisher: Publisher,
        scribe: Scribe,
        anchors: Anchors,
        waiting: Waiting,
        myself: Actor,
        clock: Clock,
    ) -> None:
        self._publisher = publisher
        self._scribe = scribe
        self._anchors = anchors
        self._waiting = waiting
        self._myself = myself
        self._clock = clock
        self._asked: deque[tuple[Entry, Promise]] = deque()
        self._sealed: list[AuditRecorded] = []
        self._promised: list[Promise] = []
        self._lock = asyncio.Lock()
        self._news = asyncio.Event()
        self._anchored_at: datetime | None = None
        self._anchored_number = 0
        self._closed = False

    def note(self, entry: Entry) -> None:
        """Has an entry written soon; never waits."""
        if not self._closed:
            self._waiting.put(entry)
            self._news.set()

    async def confirm(self, entry: Entry) -> None:
        """Returns once Kafka has the entry. Raises BrokerUnavailable: then nothing must be done."""
        if self._closed:
            raise BrokerUnavailable("the gateway stops: nothing is written any more")
        promise: Promise = asyncio.get_running_loop().create_future()
        self._asked.append((entry, promise))
        async with self._lock:  # whoever comes first writes for all that wait here
            while not promise.done():
                await self._step()
        if not promise.result():
            raise BrokerUnavailable("the audit log can't be written")

    async def flush(self) -> bool:
        """Writes all that waits; False where Kafka does not take it."""
        async with self._lock:
            while self._sealed or self._asked or len(self._waiting):
                if not await self._step():
                    return False
        return True

    async def run(self) -> None:
        """Writes what waits, and vouches for other chains from time to time, while the process lives."""
        async with self._lock:
            if self._scribe.head.number == 0:
                await self._open()
        while not self._closed:
            written = await self.flush()
            if written and self._anchor_is_due():
                await self._anchor()
            await asyncio.sleep(_GATHER_S if written else _LOOK_S)
            await self._wait()

    async def close(self) -> None:
        """Writes what is left and that the chain ends here, if Kafka takes it in time."""
        try:
            async with asyncio.timeout(_FAREWELL_S), self._lock:
                self._closed = True
                self._waiting.look(everything=True)
                self._waiting.put(self._of_mine(CLOSED))
                while self._sealed or self._asked or len(self._waiting):
                    if not await self._step():
                        raise BrokerUnavailable("Kafka does not take it")
        except (BrokerUnavailable, TimeoutError) as error:
            log.warning("the audit log's chain is not closed", error=repr(error))

    async def _wait(self) -> None:
        """Until something was put up; a number whose minute is over puts up itself, so not for long."""
        try:
            async with asyncio.timeout(_LOOK_S):
                await self._news.wait()
        except TimeoutError:
            self._waiting.look()
        self._news.clear()

    async def _step(self) -> bool:
        """Sends one batch: what is sealed already, else the next that waits. False where Kafka has it not."""
        if not self._sealed:
            await self._seal()
        try:
            await self._publisher.publish(self._sealed)
        except BrokerUnavailable as error:
            log.warning("the audit log waits for kafka", records=len(self._sealed), error=str(error))
            self._settle([*self._promised, *(promise for _, promise in self._asked)], kept=False)
            self._asked.clear()
            return False
        self._sealed = []
        self._settle(self._promised, kept=True)
        return True

    async def _seal(self) -> None:
        if self._scribe.head.number == 0:
            await self._open()
        while self._asked and len(self._sealed) < _BATCH:
            entry, promise = self._asked.popleft()
            self._promised.append(promise)
            self._sealed.append(self._scribe.write(entry))
        self._sealed += map(self._scribe.write, self._waiting.take(_BATCH - len(self._sealed)))

    async def _open(self) -> None:
        """Begins the chain. Where other chains can't be looked up now, it vouches for them a little later."""
        heads = await self._anchors.loose(self._scribe.head.chain)
        self._vouched(known=heads is not None)
        self._sealed.append(self._scribe.write(self._of_mine(OPENED, heads or ())))

    async def _anchor(self) -> None:
        heads = await self._anchors.loose(self._scribe.head.chain)
        self._vouched(known=heads is not None)
        if heads is not None:
            with contextlib.suppress(BrokerUnavailable):
                await self.confirm(self._of_mine(ANCHORED, heads))

    def _vouched(self, *, known: bool) -> None:
        wait = _ANCHOR_EVERY if known else _ANCHOR_AGAIN
        self._anchored_at = self._clock.now() + wait
        self._anchored_number = self._scribe.head.number + _ANCHOR_EVERY_RECORDS

    def _anchor_is_due(self) -> bool:
        if self._anchored_at is None:
            return False
        return self._clock.now() >= self._anchored_at or self._scribe.head.number >= self._anchored_number

    def _settle(self, promises: list[Promise], *, kept: bool) -> None:
        for promise in promises:
            if not promise.done():
                promise.set_result(kept)
        self._promised = []

    def _of_mine(self, action: str, heads: tuple[Head, ...] = ()) -> Entry:
        now = self._clock.now()
        return Entry(at=now, action=action, outcome=ALLOWED, actor=self._myself, heads=heads)


def new_trail(
    instance: str,
    secret: Secret,
    addresses: Addresses,
    publisher: Publisher,
    read_models: ReadModels,
    clock: Clock,
    lost: Counter,
) -> Trail:
    """A trail with a chain of its own, over these ports."""
    myself = Actor(f"service:{instance}", "itself")
    scribe = Scribe(f"{instance}/{new_id()}", secret.derive(PURPOSE), addresses)
    anchors = Anchors(read_models, secret.every(PURPOSE))
    return Trail(publisher, scribe, anchors, Waiting(clock, lost, myself), myself, clock)
