"""The transcode stage over doubles."""

from __future__ import annotations

from connectors.ports import Delivery, Position
from processors.runtime import Handled
from processors.transcode.handle import ACTOR, Transcode
from processors.transcode.orders import (
    AUDIO,
    JOIN,
    VIDEO,
    FileOutcome,
    written,
)
from processors.work.jobs import Jobs, KnownMedia
from processors.work.ledger import TASKS, Ledger
from schemas import events
from schemas.codec import Codec
from schemas.events import Event
from tests.fakes import FakeClock, MemoryDatabase

PLACE = Position("x", 0, 0)
MADE = written(FileOutcome(location="processed/x", name="film.phone.mp4", size_bytes=5))


class World:
    """The stage over doubles; what it publishes is kept, and its settling done."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.database = MemoryDatabase(self.clock)
        self.ledger = Ledger(self.database, Codec())
        jobs = Jobs(self.ledger, self.clock, ACTOR)
        self.stage = Transcode(jobs, KnownMedia(self.database), self.clock)
        self.published: list[Event] = []

    async def give(self, *given: Event, settle: bool = True) -> list[Event]:
        """Handles events as the consume path would; returns what came of the last."""
        handled = Handled()
        for event in given:
            handled = await self.stage.handle([Delivery(event, PLACE)])
            await self._publish(handled, settle)
        return list(handled.events)

    async def _publish(self, handled: Handled, settle: bool) -> None:
        self.published += handled.events
        for event in handled.events:
            if isinstance(event, events.TaskChanged):
                await self.ledger.record(event)
        if settle:
            for step in handled.settle:
                await step()

    async def complete(self, *kinds: str) -> events.TaskChanged:
        """As if workers had done these tasks; returns what was told last."""
        for task in await self.ledger.of_job("j1"):
            if task.kind in kinds and not task.spare:
                await self.database.change(TASKS, task.id, {}, {"state": "completed"})
                outcome = MADE if task.kind == JOIN else "{}"
                done = task.told("completed", "worker:w", self.clock.now(), outcome=outcome)
        return done

    async def complete_tasks(self) -> events.TaskChanged:
        """As if workers had done everything; returns what was told last."""
        await self.give(await self.complete(VIDEO, AUDIO))
        return await self.complete(JOIN)

    def planned(self) -> list[events.TaskChanged]:
        found = [e for e in self.published if isinstance(e, events.TaskChanged)]
        return list({e.task_id: e for e in found}.values())

    def verdicts(self) -> list[events.MediaProcessed]:
        found = [e for e in self.published if isinstance(e, events.MediaProcessed)]
        return list({e.meta.event_id: e for e in found}.values())
