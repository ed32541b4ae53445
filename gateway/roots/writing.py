"""A file from a request's body to its place: whole or not at all, and what was there goes to the trash."""

from __future__ import annotations

import asyncio

from fastapi import Request

from connectors.rooted import trash
from connectors.rooted.paths import Inside
from connectors.rooted.root import Root, Written
from connectors.rooted.walking import NotThere
from gateway.commands import Command
from gateway.errors import Conflict
from gateway.media import upload
from gateway.roots.asked import answering, done, written_down
from gateway.roots.render import entry_of
from gateway.roots.schemas import Written as Answer


async def write(command: Command, request: Request, root: Root, path: Inside, *, replace: bool) -> Answer:
    """Raises Problem, StoreFull, ClientTimeout, ClientDisconnect."""
    services = command.services
    limit = services.settings.max_upload_bytes
    upload.refuse_oversize(request, limit)
    with answering():
        root.refuse_changes()
    is_there = await _is_there(root, path)
    if is_there and not replace:
        raise Conflict("taken", f"There is something at {path} already: ask with replace=true to replace it.")
    await written_down(command, "written", root, path, replace=str(replace).lower())
    declared = upload.declared_bytes(request)
    stall_s = services.settings.upload_stall_s
    body = services.limits.upload(request, command.principal, declared, upload.body_of(request, stall_s))
    with answering(), root.writing(path) as written:
        async for piece in upload.counted_bytes(services.metrics, body):
            if written.size_bytes + len(piece) > limit:
                raise upload.too_large(limit)
            await asyncio.to_thread(written.write, piece)
        replaced = await _kept(command, root, written, replace=replace)
    return Answer(entry=entry_of(path, await done(root.look, path)), replaced=replaced)


async def _kept(command: Command, root: Root, written: Written, *, replace: bool) -> str | None:
    """What the trash has of it now; it may have come or gone since it was looked at."""
    if not replace:
        await asyncio.to_thread(root.keep, written)
        return None
    thrown = await asyncio.to_thread(
        trash.replace, root, written, command.new_id(), command.now, command.principal.id
    )
    return thrown.id if thrown else None


async def _is_there(root: Root, path: Inside) -> bool:
    with answering():
        try:
            await asyncio.to_thread(root.look, path)
        except NotThere:
            return False
        return True
