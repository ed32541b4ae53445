"""Events in, events out: requests meet probes and become tasks; tasks that end become a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.ports import Clock, Delivery
from connectors.work_rates import WorkRates
from processors.runtime import GivenUp, Handled, Stage
from processors.transcode import poison
from processors.transcode.asking import UnknownProfile, asked
from processors.transcode.learning import learn
from processors.transcode.orders import FILE, JOB, JOIN, RUNS, FileOutcome, read
from processors.transcode.plan import Planned, join, plan
from processors.work.jobs import WAITING, Job, Jobs, KnownMedia, Verdict, merged
from processors.work.steering import Steering
from processors.work.tasks import COMPLETED, Task, plan_event
from schemas.events import (
    JobControlled,
    MediaChanged,
    MediaProbed,
    MediaRejected,
    Meta,
    TaskChanged,
    TranscodeRequested,
)
from schemas.medium import Medium
from schemas.renditions import CannotRender

NAME = "transcode"
ACTOR = f"service:{NAME}"
TOPICS = (
    "transcode.requested",
    "media.probed",
    "media.rejected",
    "media.changed",
    "job.controlled",
    "task.changed",
)


_KINDS = RUNS | {JOIN, FILE}


@dataclass(frozen=True, slots=True)
class Transcode:
    """The stage's handlers over their ports.

    A request, the probe of its medium and commands for the job come on several topics, in any order. Each
    handler first writes what it knows and then looks for the rest, so that whichever comes last does it all.
    """

    jobs: Jobs
    media: KnownMedia
    clock: Clock

    def stage(self) -> Stage:
        """The stage, for whatever process hosts it."""
        return Stage(name=NAME, topics=TOPICS, handle=self.handle, gave_up=self.gave_up)

    async def handle(self, deliveries: Sequence[Delivery]) -> Handled:
        """One event at a time."""
        match deliveries[0].event:
            case TranscodeRequested() as event:
                return await self._steering.requested(requested_job(event), event.meta)
            case MediaProbed() as event:
                return await self._learned(event, "probed", Medium.of(event).written())
            case MediaRejected() as event:
                return await self._learned(event, "rejected", {"code": event.code, "reason": event.reason})
            case MediaChanged(change="deleted") as event:
                return await self._learned(event, "deleted", {"at": event.meta.occurred_at})
            case JobControlled() as event:
                return await self._steering.controlled(event)
            case TaskChanged(state="completed" | "dead") as event if event.kind in _KINDS:
                return await self._task_ended(event)
            case _:
                return Handled()

    async def gave_up(self, given_up: GivenUp) -> Handled:
        """A request that went to the dead letters ends its job, so that nobody waits for it."""
        event = given_up.event
        if not isinstance(event, TranscodeRequested):
            return Handled()
        return await self._steering.gave_up(requested_job(event), given_up.reason, event.meta)

    @property
    def _steering(self) -> Steering:
        return Steering(self.jobs, frozenset({JOB}), self._advance)

    async def _learned(
        self, event: MediaProbed | MediaRejected | MediaChanged, fact: str, value: dict[str, object]
    ) -> Handled:
        await self.media.record(event.media_id, fact, value)
        waiting = [job for job in await self.jobs.of_media(event.media_id) if job.kind == JOB]
        return merged([await self._advance(job, event.meta) for job in waiting])

    async def _advance(self, job: Job, cause: Meta) -> Handled:
        """Does what can be done for a job with what is known of its medium."""
        if job.verdict is not None:
            return Handled()
        known = await self.media.get(job.media_id)
        if "deleted" in known:
            return await self.jobs.close(job, Verdict(status="cancelled", code="media_deleted"), cause)
        if "rejected" in known:
            return await self._fail(job, "media_rejected", known["rejected"]["reason"], cause)
        if "probed" in known and job.state == WAITING:
            return await self._plan(job, known, cause)
        return Handled()

    async def _plan(self, job: Job, known: Mapping[str, Any], cause: Meta) -> Handled:
        try:
            planned = plan(asked(job, known["probed"]))
        except (CannotRender, UnknownProfile) as error:
            return await self._fail(job, error.code, str(error), cause)
        if poison.code_of(known, but=job.id):
            planned = poison.last(planned)

        async def settle() -> None:
            await self.jobs.planned(job)

        return Handled([self._event(job, each, cause) for each in planned], [settle])

    def _event(self, job: Job, planned: Planned, cause: Meta) -> TaskChanged:
        return plan_event(
            cause, self.clock.now(), ACTOR, job_id=job.id, run=job.run, kind=planned.kind, plan=planned.plan
        )

    async def _task_ended(self, event: TaskChanged) -> Handled:
        job = await self.jobs.get(event.job_id)
        if job is None or job.run != event.run:
            return Handled()
        task = await self.jobs.ledger.get(event.task_id)
        if task is not None and task.spare:
            return Handled()
        if event.state == "dead":
            return await self._died(job, event)
        await self._learn(job, event)
        if event.kind not in RUNS:
            made = read(FileOutcome, event.outcome or "")
            return await self._complete(job, _completed(made), event.meta)
        of_run = [t for t in await self.jobs.ledger.of_job(job.id) if t.run == job.run]
        tasks = [t for t in of_run if t.kind in RUNS and not t.spare]
        if any(task.state != COMPLETED for task in tasks):
            return Handled()
        return await self._runs_ended(job, tasks, event)

    async def _runs_ended(self, job: Job, tasks: Sequence[Task], event: TaskChanged) -> Handled:
        """All segments are there: they are joined, or they are the result."""
        known = await self.media.get(job.media_id)
        wanted = asked(job, known["probed"])
        joining = join(wanted)
        if joining is not None:
            return Handled([self._event(job, joining, event.meta)])
        verdict = Verdict(status="completed", output_name=wanted.file_name)
        return await self._complete(job, verdict, event.meta)

    async def _learn(self, job: Job, done: TaskChanged) -> None:
        known = await self.media.get(job.media_id)
        if "probed" in known:
            medium = Medium.read(known["probed"])
            await learn(WorkRates(self.media.database), done, job.request["profile"], medium)

    async def _complete(self, job: Job, verdict: Verdict, cause: Meta) -> Handled:
        if (await self.media.get(job.media_id)).get(poison.FACT):
            await self.media.record(job.media_id, poison.FACT, {})
        return await self.jobs.close(job, verdict, cause)

    async def _died(self, job: Job, event: TaskChanged) -> Handled:
        code, known = event.code or "failed", await self.media.get(job.media_id)
        await self.media.record(job.media_id, poison.FACT, poison.died(known, code, job.id))
        why = poison.reason(event.error or "it failed", poison.code_of(known, but=job.id))
        return await self._fail(job, code, why, event.meta)

    async def _fail(self, job: Job, code: str, reason: str, cause: Meta) -> Handled:
        return await self._steering.fail(job, code, reason, cause)


def requested_job(event: TranscodeRequested) -> Job:
    """The job that a request opens."""
    return Job(
        id=event.job_id,
        kind=JOB,
        media_id=event.media_id,
        owner_id=event.owner_id,
        run=event.run,
        state=WAITING,
        requested_at=event.meta.occurred_at,
        request={
            "profile": event.profile,
            "priority": event.priority,
            "name": event.name,
            "options": event.options,
            "profile_json": event.profile_json,
        },
    )


def _completed(made: FileOutcome) -> Verdict:
    return Verdict(
        status="completed",
        output_location=made.location,
        output_name=made.name,
        output_size_bytes=made.size_bytes,
    )
