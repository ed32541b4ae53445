"""What is found below a root, as JSON."""

from __future__ import annotations

from datetime import timedelta

from connectors.rooted import trash
from connectors.rooted.paths import Inside
from connectors.rooted.root import Found
from gateway.roots.schemas import Entry, Thrown


def entry_of(path: Inside, found: Found) -> Entry:
    """What is at a path."""
    return Entry(
        name=found.name,
        path=str(path),
        kind=found.kind,
        size_bytes=found.size_bytes,
        modified_at=found.modified,
    )


def thrown_of(thrown: trash.Thrown, kept_for: timedelta) -> Thrown:
    """Something in the trash."""
    return Thrown.model_validate(
        {
            "id": thrown.id,
            "path": thrown.path,
            "kind": thrown.kind,
            "at": thrown.at,
            "by": thrown.by,
            "why": thrown.why,
            "ends_at": thrown.at + kept_for,
        }
    )
