"""What a scan says of the files that it finds, as events: saying it again is saying the same. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from connectors.rooted.located import Located, Place
from processors.folders.beside import Subject
from processors.folders.plan import Entry
from processors.folders.shelves import Shelf
from schemas import artwork, described
from schemas.artwork import FOUND, Wanted
from schemas.described import Described
from schemas.events import Event, ItemChanged, MediaChanged, MediaUploaded, Meta, derived_id, to_millis
from schemas.versions import FIRST_DROPPED, next_version

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


def described_as(subject: Subject, said: Described | None, identity: str, now: datetime) -> Event:
    """What a file beside it says of something; None: that says nothing any more."""
    return _of(subject, described.CHANGE, described.told(said), identity, now)


def pictured(subject: Subject, kind: str, wanted: Wanted | None, now: datetime) -> Event:
    """There is an image of something, or none any more."""
    values = {artwork.field_of(FOUND, kind): artwork.told(wanted)}
    change = artwork.CHANGE if wanted is None else artwork.WANTED
    return _of(subject, change, values, wanted.location if wanted else "", now)


def _of(subject: Subject, change: str, values: dict[str, str], which: str, now: datetime) -> Event:
    kind, id = subject
    version = next_version(now, 0)
    said: dict[str, Any] = {"version": version, "change": change, "values": values}
    event_id = derived_id(kind, id, change, *sorted(values), which, version)
    said["meta"] = Meta(
        event_id=event_id, occurred_at=to_millis(now), correlation_id=event_id, causation_id=None, actor=ACTOR
    )
    return MediaChanged(media_id=id, **said) if kind == "media" else ItemChanged(item=id, **said)


def _meta(entry: Entry, now: datetime, *what: object) -> Meta:
    return Meta(
        event_id=derived_id(entry.media_id, *what),
        occurred_at=to_millis(now),
        correlation_id=entry.media_id,
        causation_id=None,
        actor=ACTOR,
    )
