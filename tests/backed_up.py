"""What a backup holds, as read models of its log would have it."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from connectors.kafka_history import KafkaHistory
from connectors.ports import BrokerUnavailable, Vector
from deploy.local.backup import archive, log
from deploy.local.event_log import codec
from deploy.local.stack import Stack
from processors.views.handle import apply
from processors.views.plan import TOPICS
from tests.client import DEADLINE_S
from tests.fakes import MemoryDatabase

GENERATION = "g"


async def views(stack: Stack, until: Vector | None = None) -> dict[str, Any]:
    """The views of a stack's log, as far as it goes, or goes until there."""
    history = KafkaHistory(stack.endpoints.kafka, codec())
    database = MemoryDatabase()
    ends = await _ends(history) if until is None else until
    async for deliveries in history.read({}, ends):
        await apply(database, GENERATION, deliveries)
    return {name: found for name, found in database.collections.items() if "watermarks" not in name}


def ends_in(path: Path) -> Vector:
    """Up to where each partition of the views' topics is in an archive."""
    ends: Vector = {}
    for entry in archive.entries(path):
        if entry.name.startswith("log/") and (place := log.place_of(entry.name[4:]))[0] in TOPICS:
            ends[place] = 1 + max(record["offset"] for record in log.records(entry.file))
    return ends


async def _ends(history: KafkaHistory) -> Vector:
    """Up to where the views' topics go, once a Kafka that has just started knows as much as its clients."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        try:
            return await history.ends(TOPICS)
        except BrokerUnavailable:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
