"""A client of Kafka's is stopped even where the broker never answers its farewell."""

from __future__ import annotations

import asyncio

from connectors.kafka import let_go


class Farewell:
    """Waits as long as a test likes."""

    def __init__(self, answered: bool) -> None:
        self._answer = asyncio.Event()
        self.done = False
        if answered:
            self._answer.set()

    async def stop(self) -> None:
        await self._answer.wait()
        self.done = True


async def test_a_broker_that_answers_is_waited_for() -> None:
    client = Farewell(answered=True)
    await let_go(client)
    assert client.done


async def test_a_broker_that_does_not_is_left() -> None:
    client = Farewell(answered=False)
    async with asyncio.timeout(20):
        await let_go(client, within_s=0.01)
    assert not client.done
