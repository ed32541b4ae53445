"""The routes of shared libraries, and of who else may have a medium."""

from __future__ import annotations

from dataclasses import replace

import orjson

from gateway import resources
from gateway.access import libraries
from gateway.access.libraries import ACCESS, LIBRARY
from gateway.access.policy import Level
from gateway.auth.dependencies import CurrentPrincipal, allow
from gateway.auth.principal import Principal
from gateway.commands import Command, Commanded
from gateway.documents import part
from gateway.errors import Conflict, Forbidden, Hidden, NotFound
from gateway.libraries import folders
from gateway.libraries.schemas import (
    AccessAccepted,
    Libraries,
    Library,
    LibraryAccepted,
    LibraryChange,
    LibraryOrder,
    MediaAccess,
    Place,
    ScanAccepted,
)
from gateway.media.lookup import find
from gateway.media.moving import moved
from gateway.media.render import media_path
from gateway.openapi import problems
from gateway.routing import Router
from gateway.services import ServicesOf
from schemas.events import to_millis

router = Router(tags=["libraries"])

_PATH = "/api/v1/libraries"
SCAN = "scan"
"""The kind of resource by which someone says that a library is to be scanned."""
_READ, _WRITE = allow("media:read"), allow("media:write")


@router.post("/libraries", dependencies=[_WRITE], status_code=202)
async def make_library(command: Commanded, order: LibraryOrder) -> LibraryAccepted:
    """Makes a library that is shared with others, of folders or not; its maker manages it."""
    id = command.new_id()
    made = libraries.Library(
        id=id,
        version=1,
        name=order.name,
        owner_id=command.principal.id,
        access=order.access,
        created_at=to_millis(command.now),
        folders=await folders.checked(command, id, order.folders) if order.folders else (),
    )
    return await _save(command, made, made.written())


@router.get("/libraries", dependencies=[_READ])
async def list_libraries(services: ServicesOf, principal: CurrentPrincipal) -> Libraries:
    """Lists the libraries that one sees."""
    seen = sorted(services.gate.libraries.seen_by(principal), key=lambda each: each.id, reverse=True)
    return Libraries(items=[_shown(each, principal) for each in seen])


@router.get("/libraries/{library_id}", dependencies=[_READ], responses=problems(404))
async def get_library(services: ServicesOf, principal: CurrentPrincipal, library_id: str) -> Library:
    """Gets one library."""
    return _shown(_find(services.gate.libraries, principal, library_id, Level.VIEW), principal)


@router.patch("/libraries/{library_id}", dependencies=[_WRITE], status_code=202, responses=problems(404, 409))
async def change_library(command: Commanded, library_id: str, order: LibraryChange) -> LibraryAccepted:
    """Renames a library, says anew who may have it, or which folders it is made of."""
    kept = _find(command.services.gate.libraries, command.principal, library_id, Level.MANAGE)
    new = replace(
        kept,
        version=kept.version + 1,
        name=order.name or kept.name,
        access=kept.access if order.access is None else order.access,
        folders=kept.folders
        if order.folders is None
        else await folders.checked(command, kept.id, order.folders),
    )
    return await _save(command, new, new.written())


@router.delete(
    "/libraries/{library_id}", dependencies=[_WRITE], status_code=202, responses=problems(404, 409)
)
async def remove_library(command: Commanded, library_id: str) -> LibraryAccepted:
    """Removes a library. What is in it stays, with its owners."""
    kept = _find(command.services.gate.libraries, command.principal, library_id, Level.MANAGE)
    return await _save(command, replace(kept, version=kept.version + 1), None)


@router.post(
    "/libraries/{library_id}/scan", dependencies=[_WRITE], status_code=202, responses=problems(404, 409)
)
async def scan_library(command: Commanded, library_id: str) -> ScanAccepted:
    """Looks at all of a library's folders now; they are watched anyway."""
    kept = _find(command.services.gate.libraries, command.principal, library_id, Level.MANAGE)
    if not kept.folders:
        raise Conflict("no-folders", f"The library {kept.id} is made of no folders.")
    version = int(command.now.timestamp() * 1000)
    asked = orjson.dumps({"by": command.principal.id}).decode()
    event = resources.changed(command, SCAN, kept.id, version, asked)
    return ScanAccepted(id=kept.id, token=await command.publish([event], f"{_PATH}/{kept.id}"))


@router.put("/media/{media_id}/library", dependencies=[_WRITE], status_code=202, responses=problems(404, 410))
async def place_media(command: Commanded, media_id: str, order: Place) -> AccessAccepted:
    """Puts a medium into a shared library, or takes it out of one."""
    media, document = await find(command.services, command.principal, media_id, Level.MANAGE)
    if order.library_id is not None:
        _find(command.services.gate.libraries, command.principal, order.library_id, Level.EDIT)
    event = moved(command, document, order.library_id)
    return AccessAccepted(id=media.id, token=await command.publish([event], media_path(media.id)))


@router.get("/media/{media_id}/access", dependencies=[_READ], responses=problems(400, 404, 410))
async def get_media_access(services: ServicesOf, principal: CurrentPrincipal, media_id: str) -> MediaAccess:
    """Says who else may have a medium."""
    _, document = await find(services, principal, media_id, Level.MANAGE)
    return MediaAccess(access=part(document, "access").get("value") or {})


@router.put(
    "/media/{media_id}/access", dependencies=[_WRITE], status_code=202, responses=problems(404, 409, 410)
)
async def put_media_access(command: Commanded, media_id: str, order: MediaAccess) -> AccessAccepted:
    """Says anew who else may have a medium."""
    media, document = await find(command.services, command.principal, media_id, Level.MANAGE)
    version = part(document, "access").get("version", 0) + 1
    value = orjson.dumps(order.access).decode() if order.access else None
    token = await _publish(command, ACCESS, media.id, version, value, f"{media_path(media.id)}/access")
    return AccessAccepted(id=media.id, token=token)


async def _save(command: Command, library: libraries.Library, value: str | None) -> LibraryAccepted:
    token = await _publish(command, LIBRARY, library.id, library.version, value, f"{_PATH}/{library.id}")
    return LibraryAccepted(library=_shown(library, command.principal), token=token)


async def _publish(
    command: Command, kind: str, id: str, version: int, value: str | None, location: str
) -> str:
    event = resources.changed(command, kind, id, version, value)
    async with command.services.identity.claims.deciding(f"{event.resource}/{version}"):
        return await command.publish([event], location)


def _find(
    known: libraries.Libraries, principal: Principal, library_id: str, least: Level
) -> libraries.Library:
    """A library that someone may do so much with. Raises NotFound, Forbidden."""
    found = known.get(library_id)
    has = found.level(principal) if found else Level.NONE
    if found is None or has < Level.VIEW:
        missing = NotFound if found is None else Hidden
        raise missing("library-not-found", f"There is no library {library_id}, or not yet.")
    if has < least:
        raise Forbidden(
            "not-yours", f"You may {has.name.lower()} this library, and not {least.name.lower()} it."
        )
    return found


def _shown(library: libraries.Library, principal: Principal) -> Library:
    level = library.level(principal)
    return Library(
        id=library.id,
        name=library.name,
        owner_id=library.owner_id,
        access=dict(library.access) if level >= Level.MANAGE else {},
        folders=list(library.folders) if level >= Level.MANAGE else [],
        may=level.name.lower(),
        created_at=library.created_at,
    )
