"""The routes that bring a medium's file to the archive and back, by jobs."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from connectors.ports import Document
from gateway.access.policy import Level
from gateway.auth.dependencies import allow
from gateway.care.orders import order_chore
from gateway.commands import Command, Commanded
from gateway.documents import part
from gateway.errors import Conflict
from gateway.jobs.schemas import JobAccepted
from gateway.media.lookup import find, refuse_unusable
from gateway.media.render import source_of
from gateway.openapi import problems
from gateway.routing import Router
from gateway.settings import Settings
from gateway.versions import history
from schemas.chores import ARCHIVAL, UNARCHIVAL, ArchivalOptions, UnarchivalOptions
from schemas.storage import RAW

router = Router(prefix="/media/{media_id}", tags=["media"])

_WRITE = allow("media:write")
_READY = "ready"
WhichVersion = Annotated[
    int | None, Query(ge=0, le=2**53, description="One of its versions; the one that is shown without it.")
]


@router.post("/archive", dependencies=[_WRITE], status_code=202, responses=problems(404, 409, 410))
async def archive_media(command: Commanded, media_id: str, version: WhichVersion = None) -> JobAccepted:
    """Brings a medium's file to storage that costs less, whatever its age. What was made of it stays.

    The job's output says what came of it: bytes that another medium has too stay while that one is not
    archived, and so does what a job works on.
    """
    source = await _source(command, media_id, version, Level.MANAGE)
    options = ArchivalOptions(archive=True, media=[source])
    return await order_chore(command, ARCHIVAL, options.model_dump_json(exclude_defaults=True))


@router.post("/unarchive", dependencies=[_WRITE], status_code=202, responses=problems(404, 409, 410))
async def unarchive_media(command: Commanded, media_id: str, version: WhichVersion = None) -> JobAccepted:
    """Brings a medium's file back from the archive. In some classes of S3 that takes hours: the job has
    completed when the file is there.
    """
    source = await _source(command, media_id, version, Level.EDIT)
    options = UnarchivalOptions(media=[source])
    return await order_chore(command, UNARCHIVAL, options.model_dump_json())


def refuse_without(settings: Settings) -> None:
    """Raises Conflict where there is no archive."""
    if not settings.has_archive:
        raise Conflict(
            "no-archive",
            "There is no archive here: the operator sets SLUICE_ARCHIVE, or for a bucket "
            "SLUICE_S3_ARCHIVE_CLASS.",
        )


async def _source(command: Command, media_id: str, version: int | None, least: Level) -> str:
    """Which file is meant, as events call it. Raises NotFound, Gone, Forbidden and Conflict."""
    services = command.services
    media, document = await find(services, command.principal, media_id, least)
    refuse_without(services.settings)
    refuse_unusable(media)
    if version is not None:
        document = await history.file(services.read_models, media_id, version)
    _refuse_unready(media_id, document)
    return str(document["_id"]) if version is not None else source_of(document)


def _refuse_unready(media_id: str, document: Document) -> None:
    if part(document, "status").get("name") != _READY:
        raise Conflict("media-not-ready", f"The medium {media_id} was not looked at yet, or not accepted.")
    if not document["upload"]["location"].startswith(RAW):
        raise Conflict("not-archivable", f"The medium {media_id} lies in a library's folder, and stays.")
