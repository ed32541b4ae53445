"""The ledger's stage: takes planned tasks in. Its app's leader is the leader of the work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.ports import Delivery
from processors.runtime import Handled, Stage
from processors.work.ledger import Ledger
from schemas.events import TaskChanged

NAME = "ledger"


@dataclass(frozen=True, slots=True)
class Projector:
    """The stage's handler over the ledger."""

    ledger: Ledger

    def stage(self) -> Stage:
        """The stage, for whatever process hosts it."""
        return Stage(name=NAME, topics=("task.changed",), handle=self.handle, leads=True)

    async def handle(self, deliveries: Sequence[Delivery]) -> Handled:
        """One event at a time."""
        event = deliveries[0].event
        if isinstance(event, TaskChanged) and event.state == "planned":
            await self.ledger.record(event)
        return Handled()
