"""Live events as the hub hears of them, and what of them waits for a client."""

from __future__ import annotations

from typing import Any

import orjson

from connectors.ports import Delivery, Position
from gateway.events.live import Outbox
from schemas.events import Event
from schemas.topics import topic_of


def delivery(event: Event, offset: int = 7) -> Delivery:
    return Delivery(event, Position(topic_of(event).name, 2, offset))


async def waiting(outbox: Outbox) -> list[dict[str, Any]]:
    """Everything in an outbox that is told no more."""
    outbox.close("end")
    return [orjson.loads(message.data) async for message in outbox.messages()]
