"""The operator's folders that a library is made of: named by administrators, each a library's alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from connectors.rooted.located import Place, place
from connectors.rooted.paths import PathRefused
from connectors.rooted.walking import NotThere, ReadOnly
from gateway.access.libraries import Libraries
from gateway.auth.dependencies import refuse_unless
from gateway.commands import Command
from gateway.errors import Conflict, Invalid
from gateway.services import Services


async def checked(command: Command, library_id: str, folders: Sequence[str]) -> tuple[str, ...]:
    """The folders as they are kept. Raises Forbidden, Invalid, Conflict."""
    refuse_unless(command.principal, "files:write")
    places = [await _checked(command.services, each) for each in folders]
    _refuse_overlaps(places)
    _refuse_taken(command.services.gate.libraries, library_id, places)
    return tuple(map(str, places))


async def _checked(services: Services, said: str) -> Place:
    try:
        found = place(said)
        root = services.roots.get(found.root)
        if root is None:
            there = ", ".join(services.roots) or "none"
            raise Invalid("no-root", f"{said} begins with no root; SLUICE_ROOTS names {there}.")
        kind = (await asyncio.to_thread(root.look, found.path)).kind if found.path.names else "folder"
    except (PathRefused, NotThere, ReadOnly) as error:
        raise Invalid("bad-folder", f"{said} can't be a library's folder: {error}.") from error
    if kind != "folder":
        raise Invalid("bad-folder", f"{said} is a {kind}, and not a folder.")
    return found


def _refuse_overlaps(places: Sequence[Place]) -> None:
    for number, one in enumerate(places):
        for other in places[number + 1 :]:
            if one in other or other in one:
                raise Invalid("folders-overlap", f"{one} and {other} lie in each other: name the outer one.")


def _refuse_taken(known: Libraries, library_id: str, places: Sequence[Place]) -> None:
    for library in known.all():
        for folder in map(place, library.folders if library.id != library_id else ()):
            if any(folder in one or one in folder for one in places):
                raise Conflict("folder-taken", f"{folder} is a folder of the library {library.id} already.")
