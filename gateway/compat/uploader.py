"""The route of the media uploader: one request for every kind of processing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from pydantic import BaseModel, Field

from gateway.access.policy import Level
from gateway.auth.dependencies import allow
from gateway.commands import Command, Commanded
from gateway.compat.route import TAG, OlderRoute, instead
from gateway.errors import Invalid, Problem
from gateway.jobs.schemas import Job, State
from gateway.media.lookup import find_usable
from gateway.media.schemas import MEDIA_ID, Media
from gateway.openapi import problems
from gateway.routing import Router

router = Router(prefix="/media", tags=[TAG], route_class=OlderRoute)

ProcessingType = Literal["video_transcription", "pdf_extraction", "docx_extraction"]
Status = Literal["queued", "processing", "completed", "failed"]
Options = Mapping[str, Any]

_STATUSES: dict[State, Status] = {
    "pending": "queued",
    "processing": "processing",
    "paused": "queued",
    "completed": "completed",
    "failed": "failed",
    "cancelled": "failed",
}

_PDF = "application/pdf"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class ProcessingOrder(BaseModel):
    """What is to be made of a medium."""

    media_id: str = Field(alias="mediaId", max_length=200, examples=[MEDIA_ID])
    processing_type: ProcessingType = Field(alias="processingType")
    options: dict[str, Any] = Field(default_factory=dict, max_length=100)


class ProcessingAccepted(BaseModel):
    """A job was ordered."""

    job_id: str = Field(alias="jobId")
    status: Status


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of processing."""

    takes: str
    """What it can be done to, in words."""
    fits: Callable[[Media], bool]
    order: Callable[[Command, Media, Options], Awaitable[Job]] | None = None
    """Opens its job; None as long as no stage does this."""


def _has_sound(media: Media) -> bool:
    return media.probe is None or any(stream.kind == "audio" for stream in media.probe.streams)


def _is_document(content_type: str, suffix: str) -> Callable[[Media], bool]:
    """By what its sender said of it; what was found to have pictures or sound is none."""

    def fits(media: Media) -> bool:
        said = media.content_type == content_type or media.name.lower().endswith(suffix)
        return said and media.probe is None

    return fits


KINDS: Mapping[ProcessingType, Kind] = {
    "video_transcription": Kind("media with sound", _has_sound),
    "pdf_extraction": Kind("PDF documents", _is_document(_PDF, ".pdf")),
    "docx_extraction": Kind("DOCX documents", _is_document(_DOCX, ".docx")),
}
"""A stage that does one of these adds its `order` here, and nothing else changes."""


@router.post(
    "/process",
    status_code=202,
    dependencies=[allow("jobs:write")],
    responses=problems(404, 409, 410, 501),
    openapi_extra=instead("POST /api/v1/jobs"),
)
async def process_media(command: Commanded, order: ProcessingOrder) -> ProcessingAccepted:
    """Asks for a transcript of a medium, or for the text of a document. No stage does either of them yet."""
    return await processed(command, order, KINDS)


async def processed(
    command: Command, order: ProcessingOrder, kinds: Mapping[ProcessingType, Kind]
) -> ProcessingAccepted:
    """Opens a job of one of these kinds. Raises NotFound, Gone, Forbidden, Conflict, Invalid, and Problem."""
    media = await find_usable(command.services, command.principal, order.media_id, Level.EDIT)
    name, kind = order.processing_type, kinds[order.processing_type]
    if not kind.fits(media):
        raise Invalid("wrong-kind", f"{name} is for {kind.takes}, and {media.id} is none of them.")
    if kind.order is None:
        raise _unavailable(name)
    job = await kind.order(command, media, order.options)
    return ProcessingAccepted(jobId=job.id, status=_STATUSES[job.state])


def _unavailable(name: str) -> Problem:
    return Problem(
        "processing-type-unavailable",
        f"No stage of this installation does {name}: nothing was ordered.",
        status=HTTPStatus.NOT_IMPLEMENTED,
    )
