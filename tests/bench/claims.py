"""The delay from ready to claimed with many tasks waiting, against the same with few."""

from __future__ import annotations

import asyncio
import itertools
import logging
import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pymongo
import structlog

from connectors.clock import SystemClock
from connectors.kafka import KafkaPublisher, KafkaTail
from connectors.mongo import MongoDatabase
from connectors.read_models import STATE
from processors.work import leader as leading
from processors.work import worker as working
from processors.work.admission import Admission, Limits, Machine
from processors.work.execution import Execution
from processors.work.leader import Leader
from processors.work.ledger import INDEXES, LEDGER, TASKS, Ledger
from processors.work.tasks import Task
from processors.work.worker import Worker, WorkerSettings
from schemas.codec import Codec
from schemas.events import TaskChanged, new_id
from tests import samples
from tests.bench.figures import Figure, alternating, figure
from tests.servers import Servers, servers

_MANY, _FEW = 10_000, 100
_SAMPLE = 80
_WORKERS = 8
_WORK_S = 0.1
_RUNS = 3
_SERIAL = itertools.count(1)
_IDLE = Machine(0.0, 1 << 40, 0)


def run() -> Iterator[Figure]:
    """One figure: at most half as long again as with a hundredth of the tasks."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with servers() as found:
        ours, baseline = alternating(
            _RUNS, lambda: asyncio.run(delay(found, _MANY)), lambda: asyncio.run(delay(found, _FEW))
        )
    yield figure("claims", ours, baseline, "ms", "at most 1.5", ours <= 1.5 * baseline, _RUNS)


async def delay(found: Servers, waiting: int) -> float:
    """Milliseconds from ready to claimed, the median of some claims."""
    name = f"claims-{next(_SERIAL)}"
    database = MongoDatabase(found.mongodb_url, name)
    codec, clock = Codec(), SystemClock()
    ledger = Ledger(database, codec)
    await database.insert(STATE, {"_id": LEDGER, "incarnation": name, "open": True})
    for collection, indexes in INDEXES.items():
        for fields in indexes:
            await database.index(collection, fields)
    await asyncio.to_thread(fill, found.mongodb_url, name, waiting)
    async with AsyncExitStack() as stack:
        publisher = await stack.enter_async_context(KafkaPublisher(found.kafka, codec))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sluice-bench-")))
        watch = KafkaTail(found.kafka, codec, ["task.changed"], clock=clock)
        watching = asyncio.create_task(_watch(watch, name))
        await asyncio.wait_for(watch.ready.wait(), 60)

        def tail(*topics: str) -> KafkaTail:
            return KafkaTail(found.kafka, codec, topics, clock=clock)

        async def work(execution: Execution) -> str:
            await asyncio.sleep(_WORK_S)
            return "{}"

        workers = [
            Worker(
                ledger=ledger,
                publisher=publisher,
                tail=tail(*working.TAILED),
                clock=clock,
                admission=Admission(Limits(max_jobs=1), lambda: _IDLE),
                works={"transcode": work},
                settings=WorkerSettings(name=f"w{n}", scratch=folder / f"w{n}", tools=frozenset()),
            )
            for n in range(_WORKERS)
        ]
        leader = Leader(ledger, publisher, tail(*leading.TAILED), clock, lambda: True)
        running = [asyncio.create_task(worker.run()) for worker in workers]
        lead = asyncio.create_task(leader.run())
        try:
            return await asyncio.wait_for(watching, 300)
        finally:
            for worker in workers:
                worker.stop()
            lead.cancel()
            await asyncio.gather(lead, *running, return_exceptions=True)
            database.close()


def fill(url: str, name: str, count: int) -> None:
    """Puts waiting tasks of five owners into the ledger, in bulk."""
    planned = (
        samples.task_changed(
            task_id=new_id(),
            job_id=f"{name}-{n}",
            plan=samples.plan(tools=[], index=n, owner_id=f"o{n % 5}"),
        )
        for n in range(count)
    )
    client: pymongo.MongoClient[dict[str, Any]] = pymongo.MongoClient(url)
    client[name][TASKS].insert_many([Task.planned(event).written() for event in planned])
    client.close()


async def _watch(tail: KafkaTail, name: str) -> float:
    ready: dict[str, datetime] = {}
    delays: list[timedelta] = []
    async for delivery in tail.deliveries():
        event = delivery.event
        if not isinstance(event, TaskChanged) or not event.job_id.startswith(f"{name}-"):
            continue
        if event.state == "ready":
            ready[event.task_id] = event.meta.occurred_at
        elif event.state == "running" and event.task_id in ready:
            delays.append(event.meta.occurred_at - ready[event.task_id])
        if len(delays) >= _SAMPLE:
            break
    return median(delay.total_seconds() * 1000 for delay in delays)
