"""When a job will be done that nobody works on yet, as far as past jobs of its class tell."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.ports import Document, Query
from connectors.work_rates import WorkRates
from gateway.documents import part
from gateway.jobs.eta import from_past, until_its_turn
from gateway.jobs.makers import JOBS
from gateway.jobs.render import render
from gateway.jobs.schemas import Job
from gateway.services import Services
from schemas.medium import Medium
from schemas.profiles import PRIORITIES
from schemas.workload import class_of

_OPEN = ("pending", "processing")
_RANKS = {name: rank for rank, name in enumerate(PRIORITIES)}
_MEDIA = "media"
_MOST = 500
_LOOKED_AT = 20
"""Of the jobs that go before, so many are looked at; the others are taken to be like them."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What there is to do for a job."""

    rate: float
    duration_ms: int
    share_left: float

    def takes_ms(self, slots: int) -> int:
        return from_past(self.rate, self.duration_ms, self.share_left, slots)


async def estimated(services: Services, job: Job) -> Job:
    """The job, with a time to finish if there is one to be had: for what goes before it, and for itself."""
    if job.state not in _OPEN or job.eta_ms is not None or not job.media_id:
        return job
    own = await _work(services, job)
    if own is None:
        return job
    slots = _slots(services)
    before = await _before(services, job, slots) if job.progress is None else 0
    return job.model_copy(update={"eta_ms": before + own.takes_ms(slots)})


async def _work(services: Services, job: Job) -> _Work | None:
    """None where nobody knows: the medium was not looked at yet, or no such job has run."""
    document = await services.read_models.get(_MEDIA, job.media_id) or {}
    if not part(document, "probe"):
        return None
    medium = Medium.read(document["probe"])
    rate = await WorkRates(services.read_models.database).get(class_of(job.profile, medium))
    left = 1 - (job.progress.fraction if job.progress else 0)
    return None if rate is None else _Work(rate, medium.duration_ms, left)


async def _before(services: Services, job: Job, slots: int) -> int:
    ahead = [other for other in await _open(services) if _goes_before(other, job)]
    works = [await _work(services, other) for other in ahead[:_LOOKED_AT]]
    return until_its_turn([work.takes_ms(1) for work in works if work], len(ahead), slots)


async def _open(services: Services) -> list[Job]:
    found: list[Document] = []
    for state in _OPEN:
        query = Query(key={"state.name": state}, limit=_MOST)
        found += (await services.read_models.page(JOBS, query)).items
    now = services.clock.now()
    jobs = [render(document, now) for document in found]
    return [job for job in jobs if job is not None and job.state in _OPEN and job.media_id]


def _goes_before(other: Job, job: Job) -> bool:
    """By and large: owners have fair shares, and what a viewer waits for goes before everything."""
    return other.id != job.id and _place(other) < _place(job)


def _place(job: Job) -> tuple[bool, int, object]:
    return job.progress is None, _RANKS.get(job.priority, len(_RANKS)), job.requested_at


def _slots(services: Services) -> int:
    workers = [s for s in services.presence.services() if (s.service, s.state) == ("worker", "up")]
    return sum(int(each.details.get("slots", 1)) for each in workers)
