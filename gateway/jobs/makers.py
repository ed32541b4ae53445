"""Which jobs make what."""

from __future__ import annotations

from connectors.ports import Document
from connectors.read_models import ReadModels
from schemas.versions import FIRST, version_of, work_of

JOBS = "jobs"
_MOST_ALIKE = 200


async def makers(read_models: ReadModels, source: str, profile: str | None) -> list[Document]:
    """The jobs that make a file of a medium in a profile, the newest first."""
    found = [job for job in await of_source(read_models, source) if job["request"]["profile"] == profile]
    return sorted(found, key=lambda job: (job["created_at"], job["_id"]), reverse=True)


async def of_source(read_models: ReadModels, source: str) -> list[Document]:
    """The jobs over one file of a medium whose requests are known."""
    found = await read_models.select(JOBS, {"request.media_id": work_of(source)}, _MOST_ALIKE)
    of_it = (job for job in found if job["request"].get("version", FIRST) == version_of(source))
    return [job for job in of_it if "created_at" in job]
