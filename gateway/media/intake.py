"""One upload from its first byte to its events: read what was sent, keep it, say that it is safe."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fastapi import Request
from pydantic import ValidationError

from connectors.ports import Blob
from gateway import names
from gateway.commands import Command
from gateway.errors import Invalid
from gateway.jobs.minutes import spend_minutes_of_bytes
from gateway.jobs.orders import transcode_requested
from gateway.jobs.render import render_requested
from gateway.jobs.schemas import TranscodeOrder
from gateway.media import upload
from gateway.media.form import Form
from gateway.media.render import media_path, render_uploaded
from gateway.media.schemas import Accepted
from gateway.quotas.reservation import Reservation, reserving
from schemas.events import MediaUploaded, TranscodeRequested
from schemas.profiles import Profile

RAW = "raw"
ORIGIN = "api"
_CONTENT_TYPE = re.compile(
    r"([a-z0-9][a-z0-9.+-]{0,63}/[a-z0-9][a-z0-9.+-]{0,63})[ \t]*(;.*)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the sender says of a file, and asks to be made of it."""

    name: str | None
    profile: str | None
    priority: str | None


ReadForm = Callable[[Wanted, Form], Awaitable[Wanted]]
"""What a whole form asks for, given what the query does. Raises Problem for what makes no sense."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file whose bytes are safe, and what is wanted of it."""

    blob: Blob
    name: str
    content_type: str | None
    order: TranscodeOrder | None
    profile: Profile | None


async def with_fields(wanted: Wanted, form: Form) -> Wanted:
    """A form's fields go before the query's, and a name that was given before the file's own."""
    fields = form.fields
    return Wanted(
        fields.get("name") or wanted.name or form.file_name,
        fields.get("profile") or wanted.profile,
        fields.get("priority") or wanted.priority,
    )


async def take_in(
    command: Command, request: Request, wanted: Wanted, read_form: ReadForm = with_fields
) -> Accepted:
    """Keeps an uploaded file and publishes that it is there, with the transcode that was asked for.

    Raises OverQuota, and what `keep` and `accept` do.
    """
    async with reserving(command.services.quotas, command.principal.id) as room:
        kept = await keep(command, request, wanted, room, read_form)
        accepted = await accept(command, kept)
        await room.became(kept.blob, accepted.media.id)
    return accepted


async def accept(command: Command, kept: Kept) -> Accepted:
    """Publishes that a kept file is there, with the transcode that was asked for. Raises Unavailable."""
    uploaded = media_uploaded(command, kept, command.new_id())
    requested: TranscodeRequested | None = None
    if kept.order is not None and kept.profile is not None:
        requested = transcode_requested(command, uploaded.media_id, uploaded.name, kept.order, kept.profile)
    token = await command.publish(
        [uploaded, *([requested] if requested else [])], media_path(uploaded.media_id)
    )
    job = render_requested(requested) if requested else None
    return Accepted(media=render_uploaded(uploaded), job=job, token=token)


async def keep(
    command: Command,
    request: Request,
    wanted: Wanted,
    room: Reservation,
    read_form: ReadForm = with_fields,
) -> Kept:
    """Brings what is sent into the store, as far as there is room for it.

    Raises Invalid, TooLarge, OverBudget, OverQuota, ClientTimeout, ClientDisconnect, StoreFull; keeps nothing
    then.
    """
    services = command.services
    limit = services.settings.max_upload_bytes
    upload.refuse_oversize(request, limit)
    content_type = request.headers.get("content-type", "")
    form = Form(content_type) if content_type.lower().startswith("multipart/form-data") else None
    order, profile = ordered(command, wanted)
    if form is None and not wanted.name:
        raise Invalid("no-name", "Give the file's name: POST /api/v1/media?name=holiday.mov")
    declared = upload.declared_bytes(request)
    await room.cover(upload.least_bytes(request, is_form=form is not None))
    if order is not None:
        await spend_minutes_of_bytes(command, declared or 0)
    body = services.limits.upload(
        request,
        command.principal,
        declared,
        upload.body_of(request, services.settings.upload_stall_s),
    )
    async with upload.writing(services.store) as writer:
        file = room.covered(form.file_bytes(body) if form else body)
        await upload.fill(writer, upload.counted_bytes(services.metrics, file), limit)
        if form:
            wanted = await read_form(wanted, form)
            if order is None and wanted.profile:
                await spend_minutes_of_bytes(command, writer.size_bytes)
            order, profile = ordered(command, wanted)
            content_type = form.content_type or ""
        blob = await writer.commit(RAW)
    return Kept(blob, names.clean(wanted.name or ""), clean_type(content_type), order, profile)


def ordered(command: Command, wanted: Wanted) -> tuple[TranscodeOrder | None, Profile | None]:
    """The transcode that is asked for, if one is, and its profile. Raises Invalid."""
    priority = wanted.priority or "normal"
    try:
        order = TranscodeOrder.model_validate({"profile": wanted.profile or "", "priority": priority})
    except ValidationError as error:
        raise Invalid("unknown-priority", f"There is no priority {priority!r}: high, normal, low.") from error
    if not wanted.profile:
        return None, None
    return order, command.services.profiles.asked_for(order.profile)


def media_uploaded(command: Command, kept: Kept, source: str) -> MediaUploaded:
    """The event that a kept file is there, under that id."""
    return MediaUploaded(
        meta=command.meta(),
        media_id=source,
        owner_id=command.principal.id,
        name=kept.name,
        size_bytes=kept.blob.size_bytes,
        sha256=kept.blob.sha256,
        location=kept.blob.location,
        content_type=kept.content_type,
        origin=ORIGIN,
    )


def clean_type(said: str) -> str | None:
    """What the sender says that the file is, without parameters; None where that is no media type."""
    found = _CONTENT_TYPE.fullmatch(said)
    return found[1].lower() if found else None
