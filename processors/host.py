"""Runs stages in this process: one Faust app for each, whatever the number, over the one consume path."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import faust
import structlog
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT, EventT, Message
from faust.types.auth import CredentialsT
from faust.types.transports import TransportT

from connectors.brokers import Brokers, KafkaSecurity
from connectors.ports import Clock, Position, Publisher
from processors.runtime import Lane, Observer, Patience, RawRecord, Stage
from schemas.codec import Codec

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSettings:
    """How stages take part in their consumer groups."""

    brokers: Brokers
    folder: Path
    """Where Faust may keep files; it makes a folder for each app, though our stages keep none."""
    session: timedelta = timedelta(seconds=10)
    """A process that is silent for this long loses its partitions, and the leadership."""
    stuck_after: timedelta = timedelta(seconds=60)
    """A partition with work waiting that does not move for this long ends the process."""
    stop_within: timedelta = timedelta(seconds=10)


class Stuck(RuntimeError):
    """A partition does not move though there is work for it: the process must end and start anew."""


@dataclass(slots=True)
class Host:
    """Faust apps for a set of stages."""

    settings: GroupSettings
    codec: Codec
    publisher: Publisher
    clock: Clock
    observer: Observer
    patience: Patience = field(default_factory=Patience)
    apps: list[HostedStage] = field(default_factory=list)

    async def start(self, stages: Sequence[Stage]) -> None:
        """Joins the groups of all the stages."""
        self.apps = [HostedStage(stage, self) for stage in stages]
        await asyncio.gather(*(hosted.start() for hosted in self.apps))

    async def failed(self) -> None:
        """Returns never; raises what ended a stage."""
        watches = [asyncio.create_task(hosted.failed()) for hosted in self.apps]
        try:
            await asyncio.gather(*watches)
        finally:
            for watch in watches:
                watch.cancel()

    async def stop(self) -> None:
        """Finishes what is being handled, commits and leaves the groups."""
        await asyncio.gather(*(hosted.stop() for hosted in self.apps))

    def leads(self, stage: str) -> bool:
        """Whether this process is the elected leader of that stage."""
        return any(hosted.leads() for hosted in self.apps if hosted.stage.name == stage)


class _Consumer(driver.Consumer):
    """Faust's, without its two ways to lose a record (docs/decisions/0004)."""

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """As Faust does before records flow again, and where nothing is committed yet too: there aiokafka
        leaves the position to where a fetch during the rebalance, whose records Faust drops, has moved it.
        """
        committed: Mapping[TP, int] = await super().seek_to_committed()
        if fresh := [tp for tp, offset in committed.items() if not offset]:
            await self._thread.seek_wait(await self._thread.earliest_offsets(*fresh))
        return committed

    def ack(self, message: Message) -> bool:
        """Does nothing: Faust acknowledges what it passes over in a rebalance."""
        return False

    def acknowledge(self, message: Message) -> None:
        """Never delivered again after this."""
        super().ack(message)


class _Transport(driver.Transport):
    Consumer = _Consumer


class _App(faust.App):
    def _new_transport(self) -> TransportT:
        return _Transport(self.conf.broker_consumer, self)


class HostedStage:
    """One stage's Faust app, with a lane for each of its partitions."""

    def __init__(self, stage: Stage, host: Host) -> None:
        self.stage = stage
        self._host = host
        self._lanes: dict[TP, Lane] = {}
        self._tasks: dict[TP, asyncio.Task[None]] = {}
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stopping = False
        self.app = self._make_app()

    async def start(self) -> None:
        """Joins the group."""
        self._host.settings.folder.mkdir(parents=True, exist_ok=True)
        self.app.finalize()
        await self.app.start()
        self._watchdog = asyncio.create_task(self._watch())

    async def failed(self) -> None:
        """Raises what ended this stage."""
        await asyncio.shield(self._failure)

    async def stop(self) -> None:
        """Lets each lane finish its batch, then leaves the group."""
        within_s = self._host.settings.stop_within.total_seconds()
        self._stopping = True
        self._watchdog.cancel()
        for task in self._tasks.values():
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=within_s)
        with contextlib.suppress(TimeoutError):  # see connectors.kafka.let_go
            async with asyncio.timeout(within_s):
                await self.app.stop()

    def leads(self) -> bool:
        """Whether this process holds the leader's partition of the group."""
        with contextlib.suppress(Exception):  # between assignments Faust has nothing to ask
            return self.stage.leads and bool(self.app.is_leader())
        return False

    def _make_app(self) -> AppT:
        session, brokers = self._host.settings.session.total_seconds(), self._host.settings.brokers
        app = _App(
            self.stage.name,
            broker=[f"kafka://{each}" for each in brokers.each()],
            broker_credentials=_credentials(brokers.security),
            store="memory://",
            datadir=str(self._host.settings.folder / self.stage.name),
            autodiscover=False,
            web_enabled=False,
            topic_disable_leader=not self.stage.leads,
            consumer_auto_offset_reset="earliest",
            broker_session_timeout=session,
            broker_heartbeat_interval=session / 5,
            broker_commit_interval=1.0,
            broker_max_poll_interval=600.0,
            stream_wait_empty=False,
            consumer_max_fetch_size=4 * 1024 * 1024,
        )
        topic = app.topic(*self.stage.topics, key_type=bytes, value_type=bytes, value_serializer="raw")
        app.agent(topic, name=f"{self.stage.name}-agent", concurrency=1)(self._pump)
        return app

    async def _pump(self, stream: Any) -> None:
        async for event in stream.noack().events():
            if self._stopping:
                await asyncio.Event().wait()
            tp = event.message.tp
            if tp not in self._lanes:
                self._open_lane(tp)
            await self._lanes[tp].queue.put(self._raw(event))

    def _open_lane(self, tp: TP) -> None:
        host = self._host
        lane = Lane(self.stage, host.codec, host.publisher, host.clock, host.observer, host.patience)
        task = asyncio.create_task(lane.run(), name=f"{self.stage.name}/{tp.topic}/{tp.partition}")
        task.add_done_callback(self._lane_ended)
        self._lanes[tp], self._tasks[tp] = lane, task

    def _lane_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fail(error)

    def _raw(self, event: EventT[bytes]) -> RawRecord:
        message = event.message
        generation = message.generation_id
        return RawRecord(
            position=Position(message.topic, message.partition, message.offset),
            key=message.key,
            value=message.value,
            headers=tuple(_header_pairs(message.headers)),
            ack=lambda: _acknowledge(self.app, message),
            current=lambda: generation == self.app.consumer_generation_id,
        )

    async def _watch(self) -> None:
        """Ends the process when a partition has work and does not move, unless it says that it retries."""
        patience = self._host.settings.stuck_after.total_seconds()
        moved: dict[TP, tuple[int, float]] = {}
        while not self._failure.done():
            await asyncio.sleep(patience / 10)
            now = asyncio.get_running_loop().time()
            for tp in self._assigned():
                lane = self._lanes.get(tp)
                done = lane.done if lane else 0
                last, since = moved.get(tp, (-1, now))
                if done != last or (lane and lane.retrying) or not await self._has_work(tp, lane):
                    moved[tp] = (done, now)
                elif now - since > patience:
                    self._fail(Stuck(f"{self.stage.name} has work on {tp} and does not move"))

    def _assigned(self) -> list[TP]:
        return [tp for tp in self.app.consumer.assignment() if tp.topic in self.stage.topics]

    async def _has_work(self, tp: TP, lane: Lane | None) -> bool:
        if lane is not None and lane.busy:
            return True
        consumer = self.app.consumer
        return (consumer.highwater(tp) or 0) > (await consumer.position(tp) or 0)

    def _fail(self, error: BaseException) -> None:
        if not self._failure.done():
            self._failure.set_exception(error)


def _credentials(security: KafkaSecurity) -> CredentialsT | None:
    """The same in Faust's own types."""
    context = security.context()
    if context is None:
        return None
    if security.user is None:
        return faust.SSLCredentials(context)
    return faust.SASLCredentials(
        username=security.user,
        password=security.password(),
        ssl_context=context,
        mechanism=security.mechanism,
    )


def _acknowledge(app: AppT, message: Message) -> None:
    cast(_Consumer, app.consumer).acknowledge(message)


def _header_pairs(headers: Any) -> list[tuple[str, bytes]]:
    if not headers:
        return []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return [(str(name), bytes(value)) for name, value in pairs if value is not None]
