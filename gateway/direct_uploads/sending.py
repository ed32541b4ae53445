"""Uploads whose bytes go straight into the store: begins them, shows where parts go, and ends them."""

from __future__ import annotations

import asyncio

import structlog

from connectors.ports import ArrivedPart, BlobMissing, Transient
from connectors.read_models import NotBuilt
from gateway import names
from gateway.commands import Command
from gateway.direct_uploads import parts
from gateway.direct_uploads.schemas import Completion, DirectLinks, DirectOrder, DirectPart, DirectUpload
from gateway.errors import Conflict, Gone, NotFound
from gateway.jobs.minutes import spend_minutes_of_bytes
from gateway.media.intake import Wanted, clean_type, ordered
from gateway.media.schemas import Accepted
from gateway.media.upload import too_large
from gateway.services import Services
from gateway.uploads.beginning import end
from gateway.uploads.direct import direct_of
from gateway.uploads.render import direct_path
from gateway.uploads.room import room_for
from gateway.uploads.upkeep import finish_for_owner
from gateway.uploads.upload import Said, Upload
from schemas.profiles import written

log = structlog.get_logger()

_TOLD_AT_ONCE = 20
_finishing: set[asyncio.Task[None]] = set()
"""What goes on after its request was answered: a task that nobody holds may vanish."""


async def begin(command: Command, order: DirectOrder) -> Upload:
    """A new one, with room for all of it. Nothing stays of a failure.

    Raises Conflict, Invalid, TooLarge, OverBudget, OverQuota, Problem.
    """
    services, size, said = command.services, order.size_bytes, _said(command, order)
    direct, limit = direct_of(services), services.settings.max_upload_bytes
    if size > limit:
        raise too_large(limit)
    upload = await services.uploads.begin(
        command.new_id(),
        command.principal.id,
        said,
        size,
        services.settings.max_unfinished_uploads,
        parts.part_bytes(size),
    )
    try:
        await room_for(command, upload).cover(size)
        await services.limits.upload_elsewhere(command.request, command.principal, size)
        if said.profile_json:
            await spend_minutes_of_bytes(command, size)
        await direct.begin(upload.id)
    except BaseException:
        await end(command, upload.id)
        raise
    return upload


def _said(command: Command, order: DirectOrder) -> Said:
    _, profile = ordered(command, Wanted(order.name, order.profile, order.priority))
    return Said(
        name=names.clean(order.name),
        content_type=clean_type(order.content_type or ""),
        profile_json=written(profile) if profile else None,
        priority=order.priority,
        metadata="",
    )


async def find(command: Command, id: str) -> Upload:
    """One of one's own. Raises NotFound, Gone."""
    upload = await command.services.uploads.find(id, command.principal.id)
    if not upload.is_direct:
        raise NotFound("upload-not-found", "This upload comes through the gateway, by tus.")
    return upload


async def shown(services: Services, upload: Upload, first: int, at_most: int) -> DirectUpload:
    """The upload, and where these parts of it go. Raises Gone."""
    size, part_bytes = upload.length or 0, upload.part_bytes or 1
    asked = parts.sizes(size, part_bytes, first, at_most)
    last = parts.count(size, part_bytes)
    path = direct_path(upload.id)
    return DirectUpload(
        id=upload.id,
        state="accepted" if upload.accepted else "verifying" if upload.is_whole else "uploading",
        name=upload.said.name,
        size_bytes=size,
        part_bytes=part_bytes,
        part_count=last,
        parts=await _parts(services, upload, asked) if asked else [],
        next=first + len(asked) if asked and first + len(asked) <= last else None,
        expires_at=upload.expires_at,
        accepted=Accepted.model_validate(upload.accepted) if upload.accepted else None,
        links=DirectLinks(self=path, complete=f"{path}/complete"),
    )


async def _parts(services: Services, upload: Upload, asked: parts.Sizes) -> list[DirectPart]:
    if upload.is_whole or upload.accepted:
        there = asked.items()
        return [DirectPart(number=n, size_bytes=size, has_arrived=True, url=None) for n, size in there]
    direct = direct_of(services)
    try:
        urls = await direct.addresses(upload.id, asked, services.settings.address_s)
        arrived = {each.number: each.size_bytes for each in await direct.arrived(upload.id)}
    except BlobMissing as error:
        raise _gone() from error
    return [
        DirectPart(number=n, size_bytes=size, has_arrived=arrived.get(n) == size, url=urls[n])
        for n, size in asked.items()
    ]


async def complete(command: Command, id: str, said: Completion) -> Upload:
    """The upload as it is after a moment of verifying. Raises NotFound, Gone, Conflict and Locked."""
    services, upload = command.services, await find(command, id)
    if upload.accepted is None and not upload.is_whole:
        await _end_of_parts(command, id, said)
    if upload.accepted is None:
        task = asyncio.create_task(_finish(services, upload))
        _finishing.add(task)
        task.add_done_callback(_finishing.discard)
        await asyncio.wait({task}, timeout=services.settings.complete_wait_s)
    return await find(command, id)


async def _end_of_parts(command: Command, id: str, said: Completion) -> None:
    uploads = command.services.uploads
    async with uploads.holding(id, command.principal.id) as held:
        try:
            arrived = await direct_of(command.services).arrived(id)
        except BlobMissing as error:
            raise _gone() from error
        _refuse_other_than_wanted(held.upload, arrived, said)
        await uploads.note(held, is_whole=True)


def _refuse_other_than_wanted(upload: Upload, arrived: list[ArrivedPart], said: Completion) -> None:
    """Raises Conflict for parts that are not there, or are not what the client says."""
    wanted = parts.sizes(upload.length or 0, upload.part_bytes or 1)
    there = {each.number: each.size_bytes for each in arrived}
    if missing := [number for number, size in wanted.items() if there.get(number) != size]:
        raise Conflict(
            "parts-missing",
            f"{len(missing)} of {len(wanted)} parts are not there, or not of their size: put them again.",
            missing=missing[:_TOLD_AT_ONCE],
        )
    etags = {each.number: each.etag.strip('"') for each in arrived}
    if other := [each.number for each in said.parts if etags.get(each.number) != each.etag.strip('"')]:
        raise Conflict(
            "parts-differ",
            f"{len(other)} parts are not what their ETag says: put them again.",
            differ=other[:_TOLD_AT_ONCE],
        )


async def _finish(services: Services, upload: Upload) -> None:
    """What can't be done now is done by the upkeep of whichever gateway."""
    try:
        await finish_for_owner(services, upload)
    except (Transient, NotBuilt) as error:
        log.warning("an upload is verified later", upload=upload.id, error=str(error))


def _gone() -> Gone:
    return Gone("upload-expired", "The store has no such upload any more: begin it again.")
