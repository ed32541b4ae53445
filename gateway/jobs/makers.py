"""Which jobs make what."""

from __future__ import annotations

from connectors.ports import Document
from connectors.read_models import ReadModels

JOBS = "jobs"
_MOST_ALIKE = 200


async def makers(read_models: ReadModels, media_id: str, profile: str | None) -> list[Document]:
    """The jobs that make a medium in a profile, the newest first."""
    found = [job for job in await of_media(read_models, media_id) if job["request"]["profile"] == profile]
    return sorted(found, key=lambda job: (job["created_at"], job["_id"]), reverse=True)


async def of_media(read_models: ReadModels, media_id: str) -> list[Document]:
    """The jobs of a medium whose requests are known."""
    found = await read_models.select(JOBS, {"request.media_id": media_id}, _MOST_ALIKE)
    return [job for job in found if "created_at" in job]
