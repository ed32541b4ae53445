"""What a scan says of the files that it finds, as events: saying it again is saying the same. Pure."""

from __future__ import annotations

from datetime import datetime

from connectors.rooted.located import Located, Place
from processors.folders.plan import Entry
from processors.folders.shelves import Shelf
from schemas.events import MediaChanged, MediaUploaded, Meta, derived_id, to_millis
from schemas.versions import FIRST_DROPPED

ACTOR = "service:folders"
ORIGIN = "folder"
MOVED, DELETED = "moved", "deleted"
FILE_GONE = "file-gone"


def found(shelf: Shelf, place: Place, entry: Entry, now: datetime) -> MediaUploaded:
    """There is a new medium at a place."""
    return MediaUploaded(
        meta=_meta(entry, now, "found"),
        media_id=entry.media_id,
        owner_id=shelf.owner_id,
        name=place.path.name,
        size_bytes=entry.size_bytes,
        sha256=entry.identity,
        location=str(Located(entry.identity, entry.media_id, place)),
        origin=ORIGIN,
        library_id=shelf.library_id,
    )


def moved(place: Place, entry: Entry, now: datetime) -> MediaChanged:
    """A medium is at another place now."""
    meta = _meta(entry, now, MOVED, entry.moves, place)
    return MediaChanged(
        meta=meta,
        media_id=entry.media_id,
        version=entry.moves,
        change=MOVED,
        values={"place": str(place)},
    )


def gone(entry: Entry, now: datetime, *, replaced: bool) -> MediaChanged:
    """A file was missing for so long that its medium is deleted, unless that has another one by now."""
    change = FIRST_DROPPED if replaced else DELETED
    meta = _meta(entry, now, change)
    return MediaChanged(
        meta=meta, media_id=entry.media_id, version=1, change=change, values={"why": FILE_GONE}
    )


def _meta(entry: Entry, now: datetime, *what: object) -> Meta:
    return Meta(
        event_id=derived_id(entry.media_id, *what),
        occurred_at=to_millis(now),
        correlation_id=entry.media_id,
        causation_id=None,
        actor=ACTOR,
    )
