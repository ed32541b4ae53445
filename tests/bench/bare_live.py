"""What one would write without any of the gateway: every record of a topic to every client, writes joined.

`python -m tests.bench.bare_live PORT`, told by the environment which brokers.
"""

from __future__ import annotations

import asyncio
import os

from starlette.types import Receive, Scope, Send

from connectors.brokers import Brokers
from connectors.clock import SystemClock
from connectors.kafka import KafkaTail
from gateway.events.messages import message_of
from schemas.codec import Codec
from tests.bench.bare import main, serve
from tests.bench.live_clients import TOPIC

_HEADERS = ((b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"))


class Broadcast:
    """An application that answers every request with all that comes."""

    def __init__(self) -> None:
        self._waiting: set[Client] = set()

    async def follow(self, tail: KafkaTail) -> None:
        """Passes on what comes."""
        async for delivery in tail.deliveries():
            message = message_of(delivery)
            said = b"id: %b\r\nevent: %b\r\ndata: %b\r\n\r\n" % (
                message.id.encode(),
                message.topic.encode(),
                message.data,
            )
            for client in self._waiting:
                client.put(said)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        client = Client()
        self._waiting.add(client)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await send({"type": "http.response.body", "body": b": following\r\n\r\n", "more_body": True})
            while True:
                await send({"type": "http.response.body", "body": await client.take(), "more_body": True})
        finally:
            self._waiting.discard(client)


class Client:
    """What waits for one client."""

    def __init__(self) -> None:
        self._said: list[bytes] = []
        self._stirred = asyncio.Event()

    def put(self, said: bytes) -> None:
        """One more."""
        self._said.append(said)
        self._stirred.set()

    async def take(self) -> bytes:
        """All that waits, as soon as something does."""
        await self._stirred.wait()
        self._stirred.clear()
        said, self._said = self._said, []
        return b"".join(said)


async def _serve(port: int) -> None:
    app = Broadcast()
    tail = KafkaTail(Brokers(os.environ["SLUICE_BROKERS"]), Codec(), [TOPIC], clock=SystemClock())
    following = asyncio.create_task(app.follow(tail))
    await serve(app, port)
    following.cancel()


if __name__ == "__main__":
    main(_serve)
