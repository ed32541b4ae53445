"""What was found in folders, from the log, for when the database was lost.

Files are opened once more at the next scan, for the log has no times; what is found is the same again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from connectors.ports import Document
from connectors.rooted.located import Place, is_in_root, located, place
from connectors.rooted.paths import Inside
from processors.folders import told
from processors.folders.pages import COLLECTION, Folder, key_of, page_key, pages_for
from processors.folders.plan import UNKNOWN_NS, Entry
from schemas import versions
from schemas.events import Event, MediaChanged, MediaUploaded


@dataclass(slots=True)
class _Spot:
    """Where a medium is, and where it was."""

    entry: Entry
    place: Place
    left: list[Place] = field(default_factory=list)


@dataclass(slots=True)
class Recalled:
    """What the log says of files in folders, heard in any order."""

    _media: dict[str, _Spot] = field(default_factory=dict)
    _changes: dict[str, list[MediaChanged]] = field(default_factory=dict)

    def hear(self, event: Event) -> None:
        """Takes one event in."""
        match event:
            case MediaUploaded() if is_in_root(event.location):
                self._media.setdefault(event.media_id, _spot(event))
            case MediaChanged(change=told.MOVED | told.DELETED | versions.FIRST_DROPPED):
                self._changes.setdefault(event.media_id, []).append(event)
            case _:
                pass

    def documents(self) -> Iterable[tuple[str, Document]]:
        """The documents, with their collection."""
        entries: dict[Place, dict[str, Entry]] = {}
        for spot in self._media.values():
            for change in sorted(self._changes.get(spot.entry.media_id, []), key=lambda each: each.version):
                _change(spot, change)
            for left in spot.left:
                entry = replace(spot.entry, name=left.path.name, gone=True)
                entries.setdefault(_above(left), {}).setdefault(entry.media_id, entry)
            entries.setdefault(_above(spot.place), {})[spot.entry.media_id] = spot.entry
        for folder, inside in _folders(entries).items():
            yield from _documents(folder, inside, list(entries.get(folder, {}).values()))


def _spot(event: MediaUploaded) -> _Spot:
    at = located(event.location)
    entry = Entry(
        media_id=event.media_id,
        name=at.place.path.name,
        size_bytes=event.size_bytes,
        mtime_ns=UNKNOWN_NS,
        identity=at.identity,
    )
    return _Spot(entry, at.place)


def _change(spot: _Spot, event: MediaChanged) -> None:
    if event.values.get("why") == told.FILE_GONE:
        spot.entry = replace(spot.entry, gone=True)
    elif event.change == told.MOVED and event.version > spot.entry.moves:
        spot.left.append(spot.place)
        spot.place = place(event.values["place"])
        spot.entry = replace(spot.entry, name=spot.place.path.name, moves=event.version)


def _above(at: Place) -> Place:
    return Place(at.root, at.path.folder)


def _folders(entries: Iterable[Place]) -> dict[Place, set[str]]:
    """All folders on the way to these, with the names of the folders in them."""
    found: dict[Place, set[str]] = {}
    for at in entries:
        found.setdefault(at, set())
        for end in range(len(at.path.names)):
            found.setdefault(Place(at.root, Inside(at.path.names[:end])), set()).add(at.path.names[end])
    return found


def _documents(at: Place, inside: set[str], entries: list[Entry]) -> Iterable[tuple[str, Document]]:
    folder = Folder(at, sorted(inside), pages_for(len(entries)))
    said = {"place": str(at), "folders": folder.folders, "pages": folder.pages}
    yield COLLECTION, {"_id": key_of(at), **said}
    by_page: dict[int, dict[str, Document]] = {page: {} for page in range(folder.pages)}
    for each in entries:
        by_page[folder.page_of(each.name)][each.media_id] = each.written()
    for page, files in by_page.items():
        yield COLLECTION, {"_id": page_key(at, page), "files": files}
