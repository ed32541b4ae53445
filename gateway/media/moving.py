"""A medium's place: its owner's own, or a shared library."""

from __future__ import annotations

from connectors.ports import Document
from gateway.commands import Command
from gateway.documents import part
from schemas.events import MediaChanged

LIBRARY = "library"


def moved(command: Command, document: Document, library_id: str | None) -> MediaChanged:
    """The event that puts a medium into a library, or back to its owner."""
    return MediaChanged(
        meta=command.meta(),
        media_id=document["_id"],
        version=part(document, "library").get("version", 0) + 1,
        change=LIBRARY,
        values={"library_id": library_id} if library_id else {},
    )
