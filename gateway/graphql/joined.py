"""Reads what many documents name in one go: the jobs of media."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence

from connectors.ports import Document, OneOf
from gateway.jobs.makers import JOBS
from gateway.jobs.render import render as render_job
from gateway.jobs.schemas import Job
from gateway.pages import Paging, page
from gateway.services import Services

_MOST_JOBS = 1000
"""Read at once; where there are more, each medium's newest are looked for."""


async def jobs(services: Services, most: int, media_ids: Sequence[str]) -> list[list[Job]]:
    """The newest jobs of each of these media, which whoever asks was shown already."""
    where = {"request.media_id": OneOf(tuple(media_ids))}
    found = await services.read_models.select(JOBS, where, _MOST_JOBS)
    if len(found) >= _MOST_JOBS:
        each = await asyncio.gather(*(_newest(services, most, id) for id in media_ids))
    else:
        each = _sorted(found, media_ids)
    return [_rendered(services, documents[:most]) for documents in each]


def _sorted(found: Iterable[Document], media_ids: Sequence[str]) -> list[list[Document]]:
    of: defaultdict[str, list[Document]] = defaultdict(list)
    for document in found:
        if "created_at" in document:
            of[document["request"]["media_id"]].append(document)
    return [sorted(of[id], key=lambda d: (d["created_at"], d["_id"]), reverse=True) for id in media_ids]


async def _newest(services: Services, most: int, media_id: str) -> list[Document]:
    where = {"request.media_id": media_id}
    return (await page(services.read_models, JOBS, where, Paging(most))).items


def _rendered(services: Services, documents: Iterable[Document]) -> list[Job]:
    now = services.clock.now()
    return [job for document in documents if (job := render_job(document, now))]
