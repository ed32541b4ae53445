"""Tells what was decided and left in an outbox: whoever decided it may have died before it could."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.ports import Publisher
from processors.work.ledger import Ledger


@dataclass(slots=True)
class Untold:
    """The outboxes, looked at again and again."""

    ledger: Ledger
    publisher: Publisher
    _seen: frozenset[str] = frozenset()

    async def tell(self) -> None:
        """Publishes what is still in an outbox at this look and was there at the one before."""
        found = await self.ledger.outboxes()
        overdue = [told for told in found if told.event.meta.event_id in self._seen]
        if overdue:
            await self.publisher.publish([told.event for told in overdue])
            for told in overdue:
                await self.ledger.settle(told)
        self._seen = frozenset(told.event.meta.event_id for told in found)
