"""When a job will be done that nobody works on yet, as far as past jobs of its class tell."""

from __future__ import annotations

from connectors.work_rates import WorkRates
from gateway.documents import part
from gateway.jobs.eta import from_past
from gateway.jobs.schemas import Job
from gateway.services import Services
from schemas.medium import Medium
from schemas.workload import class_of

_OPEN = frozenset({"pending", "processing"})
_MEDIA = "media"


async def estimated(services: Services, job: Job) -> Job:
    """The job, with a time to finish if there is one to be had, from when its turn has come."""
    if job.state not in _OPEN or job.eta_ms is not None:
        return job
    document = await services.read_models.get(_MEDIA, job.media_id) or {}
    if not part(document, "probe"):
        return job
    medium = Medium.read(document["probe"])
    rate = await WorkRates(services.read_models.database).get(class_of(job.profile, medium))
    if rate is None:
        return job
    left = 1 - (job.progress.fraction if job.progress else 0)
    return job.model_copy(update={"eta_ms": from_past(rate, medium.duration_ms, left, _slots(services))})


def _slots(services: Services) -> int:
    workers = [s for s in services.presence.services() if (s.service, s.state) == ("worker", "up")]
    return sum(int(each.details.get("slots", 1)) for each in workers)
