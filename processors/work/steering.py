"""The life of a job as its events tell it, the same for every kind: asked for, steered, given up.

A request and commands for its job come on several topics, in any order. What comes before its job is kept,
so that whichever comes last does it all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from processors.runtime import Handled
from processors.work.early import Early
from processors.work.jobs import Job, Jobs, Verdict, merged
from schemas.events import JobControlled, Meta

_DEAD_LETTER = "dead_letter"

Advance = Callable[[Job, Meta], Awaitable[Handled]]
"""Does what can be done for a job with what is known."""


@dataclass(frozen=True, slots=True)
class Steering:
    """The jobs of some kinds, whose stage says how they go on."""

    jobs: Jobs
    kinds: frozenset[str]
    advance: Advance

    async def requested(self, asked: Job, cause: Meta) -> Handled:
        """A job was asked for, perhaps for the second time, perhaps after it was steered."""
        await self.jobs.record(asked)
        early = Early(self.jobs.ledger)
        commands = await early.kept(asked.id)
        heeded = [await self.controlled(command) for command in commands]
        job = await self.jobs.get(asked.id)
        if job is not None and job.verdict is not None and job.verdict.get("code") == _DEAD_LETTER:
            # It came from the dead letters: what a replay asks for is another run.
            job = await self.jobs.reopen(job.id, job.run + 1, cause.occurred_at)
        advanced = await self.advance(job, cause) if job else Handled()

        async def settle() -> None:
            await early.forget(commands)

        return merged([*heeded, advanced, Handled(settle=[settle])])

    async def gave_up(self, asked: Job, reason: str, cause: Meta) -> Handled:
        """A request that went to the dead letters ends its job, so that nobody waits for it."""
        await self.jobs.record(asked)
        return await self.fail(asked, _DEAD_LETTER, reason, cause)

    async def controlled(self, event: JobControlled) -> Handled:
        """Someone steered a job; kept where it is not known yet."""
        job = await self.jobs.get(event.job_id)
        if job is None:
            await Early(self.jobs.ledger).keep(event)
            job = await self.jobs.get(event.job_id)
        if job is None or job.kind not in self.kinds:
            return Handled()
        match event.command:
            case "cancel" if job.run == event.run:
                reason = event.reason or "cancelled on request"
                verdict = Verdict(status="cancelled", code="cancelled", reason=reason)
                return await self.jobs.close(job, verdict, event.meta)
            case "retry":
                again = await self.jobs.reopen(job.id, event.run, event.meta.occurred_at)
                return await self.advance(again, event.meta) if again else Handled()
            case "priority" if event.priority:
                await self.jobs.prioritise(job.id, event.priority)
            case "pause" | "resume" if job.run == event.run:
                await self.jobs.pause(job, event.command == "pause", event.meta.occurred_at)
        return Handled()

    async def fail(self, job: Job, code: str, reason: str, cause: Meta) -> Handled:
        """Ends a run badly."""
        return await self.jobs.close(job, Verdict(status="failed", code=code, reason=reason), cause)
