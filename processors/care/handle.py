"""Events in, events out: a chore becomes tasks; what they find is told of media, and ends as a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors.ports import Clock, Delivery
from processors.care.plan import (
    KINDS,
    REPORT,
    REREAD,
    RETIRE,
    SHELVE,
    SURVEY,
    SWEEP,
    UNSHELVE,
    Place,
    Planned,
    Reported,
    Reread,
    RereadOrder,
    Retired,
    Shelved,
    Survey,
    first,
    read,
    report,
    rereads,
)
from processors.care.retention import VERSION
from processors.runtime import GivenUp, Handled, Stage
from processors.work.jobs import WAITING, Job, Jobs, Verdict, merged
from processors.work.steering import Steering
from processors.work.tasks import COMPLETED, plan_event
from schemas import health, storage
from schemas.events import ChoreRequested, Event, JobControlled, MediaChanged, Meta, TaskChanged
from schemas.versions import FIRST, FIRST_DROPPED, next_version, version_of

NAME = "care"
ACTOR = f"service:{NAME}"
TOPICS = ("chore.requested", "job.controlled", "task.changed")

_TASKS = frozenset({SWEEP, SURVEY, REREAD, REPORT, RETIRE, SHELVE, UNSHELVE})
_DELETED = "deleted"


class CareObserver(Protocol):
    """Hears what scrubs find; for metrics."""

    def damaged(self, what: str, count: int) -> None:
        """So many blobs were found to be so: changed, missing or unreadable."""
        ...


@dataclass(frozen=True, slots=True)
class Care:
    """The stage's handlers over their ports."""

    jobs: Jobs
    clock: Clock
    observer: CareObserver

    def stage(self) -> Stage:
        """The stage, for whatever process hosts it."""
        return Stage(name=NAME, topics=TOPICS, handle=self.handle, gave_up=self.gave_up)

    async def handle(self, deliveries: Sequence[Delivery]) -> Handled:
        """One event at a time."""
        match deliveries[0].event:
            case ChoreRequested() as event if event.kind in KINDS:
                return await self._steering.requested(chore_job(event), event.meta)
            case JobControlled() as event:
                return await self._steering.controlled(event)
            case TaskChanged(state="completed" | "dead") as event if event.kind in _TASKS:
                return await self._task_ended(event)
            case _:
                return Handled()

    async def gave_up(self, given_up: GivenUp) -> Handled:
        """A request that went to the dead letters ends its job, so that nobody waits for it."""
        event = given_up.event
        if not isinstance(event, ChoreRequested) or event.kind not in KINDS:
            return Handled()
        return await self._steering.gave_up(chore_job(event), given_up.reason, event.meta)

    @property
    def _steering(self) -> Steering:
        return Steering(self.jobs, KINDS, self._advance)

    async def _advance(self, job: Job, cause: Meta) -> Handled:
        if job.verdict is not None or job.state != WAITING:
            return Handled()

        async def settle() -> None:
            await self.jobs.planned(job)

        return Handled([self._event(job, first(job), cause)], [settle])

    async def _task_ended(self, event: TaskChanged) -> Handled:
        job = await self.jobs.get(event.job_id)
        if job is None or job.run != event.run or job.kind not in KINDS:
            return Handled()
        if event.state != COMPLETED:
            code, reason = event.code or "failed", event.error or "it failed"
            return await self._steering.fail(job, code, reason, event.meta)
        outcome = event.outcome or "{}"
        match event.kind:
            case "reread":
                return await self._reread(job, event, read(Reread, outcome))
            case "shelve" | "unshelve":
                return await self._shelved(job, read(Shelved, outcome), event)
            case _ if job.verdict is not None:
                return Handled()
            case "survey":
                planned = rereads(job, read(Survey, outcome)) or [report(job)]
                return Handled([self._event(job, each, event.meta) for each in planned])
            case "retire":
                return await self._retired(job, read(Retired, outcome), event)
            case _:
                return await self._complete(job, read(Reported, outcome), event.meta)

    async def _retired(self, job: Job, made: Retired, event: TaskChanged) -> Handled:
        """What is to go goes, and then the job is done."""
        told: list[Event] = [self._gone(event, id, kind) for id, kind in made.gone.items()]
        reported = Reported(location=made.location, size_bytes=made.size_bytes)
        return merged([Handled(told), await self._complete(job, reported, event.meta)])

    async def _shelved(self, job: Job, made: Shelved, event: TaskChanged) -> Handled:
        """Where files are now is told, whatever became of the job meanwhile."""
        told: list[Event] = [self._placed(event, id, place) for id, place in made.places.items()]
        if job.verdict is not None:
            return Handled(told)
        reported = Reported(location=made.location, size_bytes=made.size_bytes)
        return merged([Handled(told), await self._complete(job, reported, event.meta)])

    def _placed(self, event: TaskChanged, id: str, place: Place) -> Event:
        now = event.meta.occurred_at
        return MediaChanged(
            meta=event.meta.then(ACTOR, self.clock.now(), storage.CHANGE, id),
            media_id=id,
            version=next_version(now, place.known),
            change=storage.CHANGE,
            values={storage.CLASS: place.storage},
        )

    def _gone(self, event: TaskChanged, id: str, kind: str) -> Event:
        change = FIRST_DROPPED if kind == VERSION and version_of(id) == FIRST else _DELETED
        meta = event.meta.then(ACTOR, self.clock.now(), change, id)
        return MediaChanged(meta=meta, media_id=id, version=1, change=change, values={})

    async def _reread(self, job: Job, event: TaskChanged, outcome: Reread) -> Handled:
        for what, count in outcome.found.items():
            self.observer.damaged(what, count)
        told: list[Event] = [self._marked(event, *mark) for mark in outcome.marks.items()]
        tasks = [t for t in await self.jobs.ledger.of_job(job.id) if (t.run, t.kind) == (job.run, REREAD)]
        ended = [task for task in tasks if task.state == COMPLETED]
        if job.verdict is None and ended and len(ended) == read(RereadOrder, ended[0].plan.order).of:
            told.append(self._event(job, report(job), event.meta))
        return Handled(told)

    async def _complete(self, job: Job, made: Reported, cause: Meta) -> Handled:
        verdict = Verdict(
            status="completed",
            output_location=made.location,
            output_name=f"{job.kind}-{job.requested_at:%Y-%m-%d-%H%M}.json",
            output_size_bytes=made.size_bytes,
        )
        return await self.jobs.close(job, verdict, cause)

    def _marked(self, event: TaskChanged, media_id: str, what: str | None) -> Event:
        return MediaChanged(
            meta=event.meta.then(ACTOR, self.clock.now(), health.CHANGE, media_id),
            media_id=media_id,
            version=1,
            change=health.CHANGE,
            values=health.values(what),
        )

    def _event(self, job: Job, planned: Planned, cause: Meta) -> TaskChanged:
        return plan_event(
            cause, self.clock.now(), ACTOR, job_id=job.id, run=job.run, kind=planned.kind, plan=planned.plan
        )


def chore_job(event: ChoreRequested) -> Job:
    """The job that a chore is."""
    return Job(
        id=event.job_id,
        kind=event.kind,
        media_id="",
        owner_id=event.owner_id,
        run=event.run,
        state=WAITING,
        requested_at=event.meta.occurred_at,
        request={"priority": event.priority, "options": event.options},
    )
