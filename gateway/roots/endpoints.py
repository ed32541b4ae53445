"""The routes of files below roots."""

from __future__ import annotations

import mimetypes
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import Query, Request, Response

from connectors.rooted import trash
from connectors.rooted.paths import Inside
from gateway.auth.dependencies import allow
from gateway.commands import Commanded
from gateway.openapi import FILE, problems
from gateway.roots.asked import AtPath, RootName, done, path_of, root_of, written_down
from gateway.roots.render import entry_of, thrown_of
from gateway.roots.schemas import (
    Entry,
    Folder,
    NewFolder,
    Restoring,
    RootShown,
    RootsShown,
    Thrown,
    Trash,
    Way,
    Written,
)
from gateway.roots.writing import write
from gateway.routing import Router
from gateway.services import ServicesOf

router = Router(prefix="/files", tags=["files"])

_READ, _WRITE = allow("files:read"), allow("files:write")
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_After = Annotated[str, Query(max_length=255, description="What follows this name.")]
_Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("", dependencies=[_READ], responses=problems(400))
async def list_roots(services: ServicesOf) -> RootsShown:
    """Lists the folders that the operator has named."""
    roots = services.roots.values()
    return RootsShown(items=[RootShown(name=root.name, writable=root.writable) for root in roots])


@router.get("/{root}", dependencies=[_READ], responses=problems(400, 403, 404))
async def list_folder(
    services: ServicesOf, root: RootName, path: AtPath = "", after: _After = "", limit: _Limit = 200
) -> Folder:
    """Lists what is in a folder, by name."""
    where, at = root_of(services.roots, root), path_of(path)
    found = await done(where.listing, at, after, limit + 1)
    items = [entry_of(at / each.name, each) for each in found[:limit]]
    return Folder(path=str(at), items=items, next=items[-1].name if len(found) > limit else None)


@router.head("/{root}/content", dependencies=[_READ], include_in_schema=False, name="head_file")
@router.get(
    "/{root}/content",
    dependencies=[_READ],
    response_class=Response,
    responses=FILE | problems(400, 403, 404, 416),
)
async def get_file(services: ServicesOf, root: RootName, path: AtPath) -> Response:
    """Downloads a file, in whole or in ranges."""
    where, at = root_of(services.roots, root), path_of(path)
    found = await done(services.files.below, where, at)
    return found.answer(at.name, mimetypes.guess_type(at.name)[0])


@router.put(
    "/{root}/content",
    dependencies=[_WRITE],
    openapi_extra=_BODY,
    responses=problems(400, 403, 404, 408, 409, 413, 507),
)
async def put_file(
    command: Commanded,
    request: Request,
    root: RootName,
    path: AtPath,
    replace: Annotated[
        bool, Query(description="Whether what is there goes to the trash; without it, nothing is replaced.")
    ] = False,
) -> Written:
    """Writes a file: its bytes as the body."""
    where, at = root_of(command.services.roots, root), path_of(path)
    return await write(command, request, where, at, replace=replace)


@router.delete("/{root}", dependencies=[_WRITE], responses=problems(400, 403, 404, 409))
async def delete_file(command: Commanded, root: RootName, path: AtPath) -> Thrown:
    """Puts a file, or a folder with all that is in it, into the trash."""
    services = command.services
    where, at = root_of(services.roots, root), path_of(path)
    await done(where.look, at)
    await written_down(command, "deleted", where, at)
    by = command.principal.id
    throw = partial(trash.throw, where, at, command.new_id(), at=command.now, by=by, why="deleted")
    thrown = await done(throw)
    return thrown_of(thrown, _kept_for(services))


@router.post("/{root}/folders", dependencies=[_WRITE], status_code=201, responses=problems(403, 404, 409))
async def make_folder(command: Commanded, root: RootName, order: NewFolder) -> Entry:
    """Makes a folder, in one that is there."""
    where, at = root_of(command.services.roots, root), path_of(order.path)
    await written_down(command, "folder-made", where, at)
    await done(where.make_folder, at)
    return entry_of(at, await done(where.look, at))


@router.post("/{root}/move", dependencies=[_WRITE], responses=problems(403, 404, 409))
async def move_file(command: Commanded, root: RootName, way: Way) -> Entry:
    """Moves or renames a file or a folder; never over something that is there."""
    where, at, to = await _way(command, root, way, "moved")
    await done(where.move, at, to)
    return entry_of(to, await done(where.look, to))


@router.post("/{root}/copy", dependencies=[_WRITE], responses=problems(403, 404, 409, 507))
async def copy_file(command: Commanded, root: RootName, way: Way) -> Entry:
    """Copies a file; never over something that is there."""
    where, at, to = await _way(command, root, way, "copied")
    await done(where.copy, at, to)
    return entry_of(to, await done(where.look, to))


@router.get("/{root}/trash", dependencies=[_READ], responses=problems(404))
async def list_trash(services: ServicesOf, root: RootName) -> Trash:
    """Lists what was deleted or replaced, the latest first."""
    found = await done(trash.listing, root_of(services.roots, root))
    return Trash(items=[thrown_of(each, _kept_for(services)) for each in found])


@router.post("/{root}/trash/{thrown_id}/restore", dependencies=[_WRITE], responses=problems(403, 404, 409))
async def restore_file(command: Commanded, root: RootName, thrown_id: str, order: Restoring) -> Entry:
    """Puts something back where it was, or elsewhere; never over something that is there."""
    where = root_of(command.services.roots, root)
    to = path_of(order.to) if order.to else None
    await written_down(command, "restored", where, to or Inside(), thrown=thrown_id[:64])
    target = await done(trash.restore, where, thrown_id, to)
    return entry_of(target, await done(where.look, target))


@router.delete(
    "/{root}/trash/{thrown_id}", dependencies=[_WRITE], status_code=204, responses=problems(403, 404)
)
async def end_file(command: Commanded, root: RootName, thrown_id: str) -> None:
    """Deletes something in the trash for good."""
    where = root_of(command.services.roots, root)
    await written_down(command, "ended", where, Inside(), thrown=thrown_id[:64])
    await done(trash.end, where, thrown_id)


async def _way(command: Commanded, root: str, way: Way, action: str) -> tuple[Any, Inside, Inside]:
    """Raises Problem for what can't be meant, and after that has the audit log say what is meant."""
    where, at, to = root_of(command.services.roots, root), path_of(way.path), path_of(way.to)
    await done(where.look, at)
    await written_down(command, action, where, at, to=str(to)[:1000])
    return where, at, to


def _kept_for(services: ServicesOf) -> timedelta:
    return timedelta(days=services.settings.trash_days)
