"""The one consume path: every event that any stage handles comes through here.

Faust acknowledges in a `finally`, so that an exception or a SIGTERM would lose the event. Here nothing is
acknowledged before the handler is through, its writes are durable and the broker has what it gave back.
Delivery is at least once: handlers are idempotent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import structlog

from connectors.ports import Clock, Delivery, Position, Publisher, Transient
from schemas import events
from schemas.codec import Codec, RecordTooLarge, Undecodable
from schemas.events import Event, Meta

log = structlog.get_logger()

Settle = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Handled:
    """What a handler wants published, and what it does once the broker has it."""

    events: Sequence[Event] = ()
    settle: Sequence[Settle] = ()


Handle = Callable[[Sequence[Delivery]], Awaitable[Handled]]


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A record that went to the dead letters; without an event where it could not even be decoded."""

    position: Position
    event: Event | None
    reason: str


async def _nothing_more(_given_up: GivenUp) -> Handled:
    return Handled()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A consumer group: its name is the group's, whatever process hosts it."""

    name: str
    topics: tuple[str, ...]
    handle: Handle
    batch: int = 1
    """How many events of one partition `handle` is given at most."""
    gathers_s: Mapping[str, float] = field(default_factory=dict)
    """For topics of which nobody awaits a single event: how long to gather a batch."""
    leads: bool = False
    """Whether one of this stage's processes is elected leader."""
    gave_up: Callable[[GivenUp], Awaitable[Handled]] = _nothing_more
    """What to do for a record that went to the dead letters: a request ends its job."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """A record as it came, before anyone has looked into it."""

    position: Position
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    ack: Callable[[], None]
    """Never redelivered after this."""
    current: Callable[[], bool]
    """False when the partition went to another process meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a transient error is met with another try, and how long between tries."""

    first_s: float = 0.1
    longest_s: float = 5.0
    give_up: timedelta = timedelta(minutes=10)


class CannotFinish(RuntimeError):
    """A handler met a transient error for too long: the process must end, for Faust redelivers to another."""


class Observer(Protocol):
    """Hears what the consume path does; for metrics."""

    def handled(self, stage: str, count: int, seconds: float) -> None:
        """A batch is through."""
        ...

    def retried(self, stage: str) -> None:
        """A transient error is met with another try."""
        ...

    def dead_lettered(self, stage: str, topic: str) -> None:
        """A record was given up."""
        ...


@dataclass(slots=True)
class Lane:
    """One partition's records, handled in order, a batch at a time."""

    stage: Stage
    codec: Codec
    publisher: Publisher
    clock: Clock
    observer: Observer
    patience: Patience = field(default_factory=Patience)
    queue: asyncio.Queue[RawRecord] = field(default_factory=lambda: asyncio.Queue(maxsize=2000))
    done: int = 0
    """Records acknowledged since the start."""
    busy: bool = False
    """There is something in hand or waiting."""
    retrying: bool = False
    """A transient error is being waited out: the watchdog lets it be."""

    async def run(self) -> None:
        """Handles records until cancelled; a batch in hand is finished first. Raises CannotFinish."""
        while True:
            records = [await self.queue.get()]
            if gathers_s := self.stage.gathers_s.get(records[0].position.topic):
                await asyncio.sleep(gathers_s)
            while len(records) < self.stage.batch and not self.queue.empty():
                records.append(self.queue.get_nowait())
            self.busy = True
            handling = asyncio.ensure_future(self.consume([r for r in records if r.current()]))
            try:
                await asyncio.shield(handling)
            except asyncio.CancelledError:
                await handling
                raise
            self.busy = not self.queue.empty()

    async def consume(self, records: Sequence[RawRecord]) -> None:
        """Takes records through to their acknowledgement. Raises CannotFinish."""
        deliveries: list[Delivery] = []
        for record in records:
            try:
                event = self.codec.decode(record.position.topic, record.value)
            except Undecodable as error:
                await self._give_up(record, None, error, attempts=1)
            else:
                deliveries.append(Delivery(event, record.position))
        if deliveries:
            await self._handle_all(records, deliveries)
        for record in records:
            record.ack()
        self.done += len(records)

    async def _handle_all(self, records: Sequence[RawRecord], deliveries: Sequence[Delivery]) -> None:
        started = asyncio.get_running_loop().time()
        try:
            await self._until_done(lambda: self._handle(deliveries))
        except CannotFinish:
            raise
        except Exception as error:
            if len(deliveries) == 1:
                await self._bury(records, deliveries[0], error)
            else:  # find the one that fails: the rest must not suffer for it
                for delivery in deliveries:
                    await self._handle_all(records, [delivery])
            return
        self.observer.handled(self.stage.name, len(deliveries), asyncio.get_running_loop().time() - started)

    async def _handle(self, deliveries: Sequence[Delivery]) -> None:
        await self._finish(await self.stage.handle(deliveries))

    async def _finish(self, handled: Handled) -> None:
        if handled.events:
            await self.publisher.publish(handled.events)
        for settle in handled.settle:
            await settle()

    async def _bury(self, records: Sequence[RawRecord], delivery: Delivery, error: Exception) -> None:
        record = next(r for r in records if r.position == delivery.position)
        await self._give_up(record, delivery.event, error, attempts=1)

    async def _give_up(
        self, record: RawRecord, event: Event | None, error: Exception, *, attempts: int
    ) -> None:
        letter = dead_letter(self.stage.name, record, event, error, attempts, self.clock)
        log.error(
            "record goes to the dead letters",
            stage=self.stage.name,
            topic=letter.topic,
            partition=letter.partition,
            offset=letter.offset,
            reason=letter.reason,
            exc_info=None if isinstance(error, Undecodable) else error,
        )
        await self._until_done(lambda: self._finish(Handled([letter])))
        self.observer.dead_lettered(self.stage.name, letter.topic)
        given_up = GivenUp(record.position, event, letter.reason)
        await self._until_done(lambda: self._close_up(given_up))

    async def _close_up(self, given_up: GivenUp) -> None:
        await self._finish(await self.stage.gave_up(given_up))

    async def _until_done(self, step: Callable[[], Awaitable[None]]) -> None:
        """Repeats a step while its errors are transient."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self.patience.give_up.total_seconds()
        pause = self.patience.first_s
        while True:
            try:
                await step()
            except Transient as error:
                if loop.time() > give_up_at:
                    raise CannotFinish(f"{self.stage.name} waited too long: {error}") from error
                log.warning("transient error, trying again", stage=self.stage.name, error=str(error))
                self.observer.retried(self.stage.name)
                self.retrying = True
                await asyncio.sleep(pause)
                pause = min(2 * pause, self.patience.longest_s)
            else:
                self.retrying = False
                return


def dead_letter(
    stage: str, record: RawRecord, event: Event | None, error: Exception, attempts: int, clock: Clock
) -> events.DeadLetter:
    """The letter that keeps a record whole, with the reason."""
    actor = f"service:{stage}"
    place = (record.position.topic, record.position.partition, record.position.offset)
    first = Meta.first(actor, clock.now())
    meta = event.meta.then(actor, clock.now(), "dead", stage, *place) if event else first
    return events.DeadLetter(
        meta=meta,
        stage=stage,
        code=_code(error),
        reason=str(error) or repr(error),
        attempts=attempts,
        topic=record.position.topic,
        partition=record.position.partition,
        offset=record.position.offset,
        key=record.key,
        value=record.value,
        headers=[events.Header(name=name, value=value) for name, value in record.headers],
    )


def _code(error: Exception) -> str:
    if isinstance(error, Undecodable):
        return "undecodable"
    if isinstance(error, RecordTooLarge):
        return "too_large"
    return type(error).__name__
