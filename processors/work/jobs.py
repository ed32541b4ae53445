"""A job's life, the same for every kind of job: runs, and the one verdict of each run.

Whether a run was cancelled, failed or completed is decided once, by compare-and-set on the job's document;
the winner tells it with the one `media.processed`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.ports import Clock, Database, Document, OneOf
from processors.runtime import Handled
from processors.work.ledger import JOBS, MEDIA, Ledger, Told
from schemas.events import Event, MediaProcessed, Meta, Metrics

WAITING, PLANNED, CLOSED = "waiting", "planned", "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the ledger keeps it."""

    id: str
    kind: str
    media_id: str
    owner_id: str
    run: int
    state: str
    requested_at: datetime
    """When the present run was asked for."""
    request: Mapping[str, Any]
    """The stage's own request: profile, name, priority, options."""
    verdict: Mapping[str, Any] | None = None
    pause: Mapping[str, Any] | None = None
    """What was last said of pausing: of which run, when, and whether it is on."""

    @property
    def paused(self) -> bool:
        """Whether its present run is held back."""
        said = self.pause
        return self.verdict is None and said is not None and bool(said["on"]) and said["run"] == self.run


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a run ended."""

    status: str
    output_location: str | None = None
    output_name: str | None = None
    output_size_bytes: int | None = None
    code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs, over the ledger's database."""

    ledger: Ledger
    clock: Clock
    actor: str

    @property
    def _database(self) -> Database:
        return self.ledger.database

    async def record(self, job: Job) -> None:
        """Takes a job in; harmless where it is known."""
        document = {name: getattr(job, name) for name in Job.__slots__ if name != "id"}
        await self._database.insert(JOBS, {"_id": job.id, **document, "outbox": None})

    async def get(self, job_id: str) -> Job | None:
        """One job."""
        document = await self._database.get(JOBS, job_id)
        return _read(document) if document else None

    async def of_media(self, media_id: str) -> list[Job]:
        """The jobs over a medium."""
        return [_read(d) for d in await self._database.select(JOBS, {"media_id": media_id})]

    async def planned(self, job: Job) -> None:
        """The job's run has its tasks."""
        await self._database.change(JOBS, job.id, {"run": job.run, "state": WAITING}, {"state": PLANNED})

    async def reopen(self, job_id: str, run: int, requested_at: datetime) -> Job | None:
        """Opens the run after a closed one; None where the run before it is not the last, or not closed."""
        where = {"run": run - 1, "verdict.run": run - 1}
        to = {"run": run, "state": WAITING, "verdict": None, "requested_at": requested_at}
        await self._database.change(JOBS, job_id, where, to)
        job = await self.get(job_id)
        return job if job and job.run == run and job.verdict is None else None

    async def prioritise(self, job_id: str, priority: str) -> None:
        """Changes a job's priority and that of its tasks."""
        await self._database.change(JOBS, job_id, {}, {"request.priority": priority})
        await self.ledger.set_priority(job_id, priority)

    async def pause(self, job: Job, on: bool, at: datetime) -> None:
        """Holds a run back, or lets it go on; whatever was said last stands, in any order."""
        known = job.pause if job.pause and job.pause["run"] == job.run else None
        said = {"run": job.run, "at": at, "on": on}
        if known and (known["at"], known["on"]) > (at, on):
            said = dict(known)
        if await self._database.change(JOBS, job.id, {"run": job.run, "verdict": None}, {"pause": said}):
            await self.ledger.pause_run(job.id, job.run, bool(said["on"]))

    async def close(self, job: Job, verdict: Verdict, cause: Meta) -> Handled:
        """Decides a run, once. What it returns tells so; empty where it was decided otherwise before."""
        event = self._processed(job, verdict, cause)
        to = {
            "state": CLOSED,
            "verdict": {"run": job.run, "status": verdict.status, "code": verdict.code},
            "pause": None,
            "outbox": self.ledger.outbox(event),
        }
        if await self._database.change(JOBS, job.id, {"run": job.run, "verdict": None}, to):
            if verdict.status != "completed":
                await self.ledger.cancel_run(job.id, job.run)
            return self._telling(job, event)
        return await self._again(job, event)

    async def _again(self, job: Job, event: MediaProcessed) -> Handled:
        """For an event that is handled a second time: the outbox still holds what was not surely told."""
        document = await self._database.get(JOBS, job.id) or {}
        untold = document.get("outbox") or {}
        return self._telling(job, event) if untold.get("event_id") == event.meta.event_id else Handled()

    def _telling(self, job: Job, event: Event) -> Handled:
        async def settle() -> None:
            await self.ledger.settle(Told(JOBS, job.id, event))

        return Handled([event], [settle])

    def _processed(self, job: Job, verdict: Verdict, cause: Meta) -> MediaProcessed:
        now = self.clock.now()
        took = now - job.requested_at
        return MediaProcessed(
            meta=cause.decided(self.actor, now, job.id, job.run, verdict.status),
            media_id=job.media_id,
            job_id=job.id,
            run=job.run,
            processing_type=job.kind,
            status=verdict.status,
            output_location=verdict.output_location,
            output_name=verdict.output_name,
            metrics=Metrics(
                processing_time_ms=max(0, round(took.total_seconds() * 1000)),
                output_size_bytes=verdict.output_size_bytes,
            ),
            code=verdict.code,
            reason=verdict.reason,
        )


@dataclass(frozen=True, slots=True)
class KnownMedia:
    """What stages remember of media, so that requests and probes can come in any order."""

    database: Database

    async def record(self, media_id: str, fact: str, value: Mapping[str, Any]) -> None:
        """Remembers that a medium was probed, rejected or deleted."""
        if not await self.database.insert(MEDIA, {"_id": media_id, fact: dict(value)}):
            await self.database.change(MEDIA, media_id, {}, {fact: dict(value)})

    async def moved_to(self, media_id: str, version: int, place: str) -> None:
        """Remembers where in the operator's folders a medium is now: what the latest version says."""
        if version > ((await self.get(media_id)).get("moved") or {}).get("version", 0):
            await self.record(media_id, "moved", {"version": version, "place": place})

    async def moved(self, media_id: str) -> str | None:
        """Where a medium has moved to, if it has; see connectors.rooted.store.Whereabouts."""
        place: str | None = ((await self.get(media_id)).get("moved") or {}).get("place")
        return place

    async def others_want(self, location: str, *, but: str) -> bool:
        """Whether some other medium with these bytes was accepted, or may be: verdicts on names differ."""
        if await self.database.select(MEDIA, {"probed.location": location}, 1):
            return True
        same = await self.database.select(MEDIA, {"uploaded.location": location})
        return any(not has_ended(each) and not is_held(each) for each in same if each["_id"] != but)

    async def made_of(self, sha256: str) -> list[Document]:
        """The media with these bytes that were accepted, whatever became of them."""
        return await self.database.select(MEDIA, {"probed.sha256": sha256})

    async def held_at(self, location: str) -> list[Document]:
        """The media that were held for the bytes at this place, whatever became of them."""
        return await self.database.select(MEDIA, {"held.location": location})

    async def get(self, media_id: str) -> Mapping[str, Any]:
        """Everything remembered; empty for a medium that nothing is known of yet."""
        return await self.database.get(MEDIA, media_id) or {}


def has_ended(known: Mapping[str, Any]) -> bool:
    """Whether a medium, by what is remembered of it, was rejected or deleted."""
    return "rejected" in known or "deleted" in known


def is_held(known: Mapping[str, Any]) -> bool:
    """Whether a medium waits for someone to look at what the virus scanner found in it."""
    return "held" in known and "released" not in known and not has_ended(known)


async def paused_jobs(ledger: Ledger) -> frozenset[str]:
    """The ids of the jobs that are held back."""
    found = map(_read, await ledger.database.select(JOBS, {"pause.on": True}, 100_000))
    return frozenset(job.id for job in found if job.paused)


async def open_jobs(ledger: Ledger) -> list[Job]:
    """The jobs that have not ended."""
    still = OneOf((WAITING, PLANNED))
    return [_read(d) for d in await ledger.database.select(JOBS, {"state": still}, 100_000)]


def _read(document: Mapping[str, Any]) -> Job:
    return Job(id=document["_id"], **{n: document.get(n) for n in Job.__slots__ if n != "id"})  # type: ignore[arg-type]


def merged(several: Sequence[Handled]) -> Handled:
    """What several handlers gave, as one."""
    events = [event for handled in several for event in handled.events]
    return Handled(events, [step for handled in several for step in handled.settle])
