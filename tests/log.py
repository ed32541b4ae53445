"""Reading a real log whole, for tests that ask what was published."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from connectors.brokers import Brokers
from connectors.kafka_history import KafkaHistory
from schemas.codec import Codec


def published(brokers: Brokers, *topics: str) -> list[Any]:
    """Every event of these topics, in each partition's order."""

    async def read() -> list[Any]:
        history = KafkaHistory(brokers, Codec())
        ends = await history.ends(topics)
        return [d.event async for batch in history.read({}, ends) for d in batch]

    with ThreadPoolExecutor(1) as elsewhere:  # where a loop runs already, as playwright's does, too
        return elsewhere.submit(lambda: asyncio.run(read())).result()
