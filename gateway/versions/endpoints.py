"""The routes of a medium's versions."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request, Response

from gateway.access.policy import Level
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.commands import Commanded
from gateway.errors import Archived, Conflict
from gateway.media.intake import Wanted, keep
from gateway.media.lookup import find, refuse_held
from gateway.media.outcome import counted
from gateway.media.render import shelf
from gateway.openapi import FILE, file_body, problems
from gateway.quotas.reservation import reserving
from gateway.routing import Router
from gateway.services import ServicesOf
from gateway.versions import history, replacing
from gateway.versions.schemas import Replaced, VersionDeletion, Versions
from schemas.versions import source_id

router = Router(prefix="/media/{media_id}", tags=["media"])

_READ, _WRITE = allow("media:read"), allow("media:write")
Number = Annotated[int, Path(ge=0, le=2**53, description="0 is the first file.")]


@router.put(
    "/content",
    dependencies=[_WRITE],
    status_code=202,
    openapi_extra=file_body(),
    responses=problems(400, 404, 408, 409, 410, 413, 507),
)
async def replace_media_content(
    command: Commanded,
    request: Request,
    media_id: str,
    name: Annotated[str | None, Query(description="What the new file is called.")] = None,
) -> Replaced:
    """Puts another file in the place of a medium's. All that is said of the medium stays, and so does the old
    file, to be restored.

    Until the new one was looked at and accepted, and where it is not, the medium goes on as it was.
    """
    media, _ = await find(command.services, command.principal, media_id, Level.EDIT)
    replacing.refuse_unready(media)
    with counted(command.services.metrics):
        async with reserving(command.services.quotas, command.principal.id) as room:
            kept = await keep(command, request, Wanted(name or media.name, None, None), room)
            replaced = await replacing.replace(command, media_id, kept)
            await room.became(kept.blob, source_id(media_id, replaced.version))
        return replaced


@router.get("/versions", dependencies=[_READ], responses=problems(404, 410))
async def list_media_versions(services: ServicesOf, principal: CurrentPrincipal, media_id: str) -> Versions:
    """Lists all of a medium's files that are kept, the latest first."""
    media, _ = await find(services, principal, media_id)
    found = await history.files(services.read_models, media_id)
    return Versions(items=[history.render(media_id, each, media.version) for each in found])


@router.get(
    "/versions/{version}/content",
    dependencies=[_READ],
    response_class=Response,
    responses=FILE | problems(404, 409, 410, 416),
)
async def get_media_version(
    services: ServicesOf, principal: CurrentPrincipal, media_id: str, version: Number
) -> Response:
    """Downloads one version of a medium, in whole or in ranges."""
    media, _ = await find(services, principal, media_id)
    refuse_held(media)
    upload = replacing.ready(await history.file(services.read_models, media_id, version))["upload"]
    return await services.files.download(upload["location"], upload["name"], upload.get("content_type"))


@router.post(
    "/versions/{version}/restore",
    dependencies=[_WRITE],
    status_code=202,
    responses=problems(404, 409, 410),
)
async def restore_media_version(command: Commanded, media_id: str, version: Number) -> Replaced:
    """Makes a medium what it was: a new version of the same bytes, which are looked at again."""
    media, _ = await find(command.services, command.principal, media_id, Level.EDIT)
    refuse_held(media)
    if media.version == version and media.status == "ready":
        raise Conflict("version-shown", f"The medium {media_id} is at version {version} already.")
    file = replacing.ready(await history.file(command.services.read_models, media_id, version))
    if (where := shelf(file)) is not None and not where.readable:
        raise Archived(f"Version {version}")
    return await replacing.restore(command, media_id, file)


@router.delete(
    "/versions/{version}", dependencies=[_WRITE], status_code=202, responses=problems(404, 409, 410)
)
async def delete_media_version(command: Commanded, media_id: str, version: Number) -> VersionDeletion:
    """Deletes a version that is not the present one, for good; its bytes go with the next cleanup."""
    media, _ = await find(command.services, command.principal, media_id, Level.MANAGE)
    if media.version == version:
        raise Conflict(
            "version-shown",
            f"Version {version} is what the medium is now: restore another one first, or delete the medium.",
        )
    file = await history.file(command.services.read_models, media_id, version)
    return await replacing.delete(command, media_id, file)
