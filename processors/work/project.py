"""The ledger's stage: takes planned tasks in. Its app's leader is the leader of the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.ports import Delivery
from processors.runtime import Handled, Stage
from processors.work.ledger import Ledger
from schemas.events import TaskChanged

NAME = "ledger"
_BATCH = 200


@dataclass(frozen=True, slots=True)
class Projector:
    """The stage's handler over the ledger."""

    ledger: Ledger

    def stage(self) -> Stage:
        """The stage, for whatever process hosts it."""
        return Stage(name=NAME, topics=("task.changed",), handle=self.handle, batch=_BATCH, leads=True)

    async def handle(self, deliveries: Sequence[Delivery]) -> Handled:
        """A job's tasks come together, and are written together: a viewer may wait for the first."""
        events = [delivery.event for delivery in deliveries]
        planned = [e for e in events if isinstance(e, TaskChanged) and e.state == "planned"]
        if planned:
            await self.ledger.record(*planned)
        return Handled()
