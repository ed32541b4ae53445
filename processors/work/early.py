"""Commands that came before the job they are for: its request is on another topic, and may be read later."""

from __future__ import annotations

from dataclasses import dataclass

from processors.work.ledger import EARLY, Ledger
from schemas.events import JobControlled


@dataclass(frozen=True, slots=True)
class Early:
    """What is kept until the job is known."""

    ledger: Ledger

    async def keep(self, command: JobControlled) -> None:
        """Keeps a command; harmless where it is kept."""
        kept = {"_id": command.meta.event_id, "job_id": command.job_id, "event": self.ledger.outbox(command)}
        await self.ledger.database.insert(EARLY, kept)

    async def kept(self, job_id: str) -> list[JobControlled]:
        """The commands for a job, in the order in which they were given."""
        found = await self.ledger.database.select(EARLY, {"job_id": job_id})
        events = [self.ledger.decoded(document["event"]) for document in found]
        commands = [event for event in events if isinstance(event, JobControlled)]
        return sorted(commands, key=lambda each: each.meta.occurred_at)

    async def forget(self, commands: list[JobControlled]) -> None:
        """They were heeded."""
        for command in commands:
            await self.ledger.database.remove(EARLY, command.meta.event_id)
