"""Which folders belong to which library, as the log says."""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson
import structlog

from connectors.rooted.located import Place, place
from connectors.rooted.paths import Inside, PathRefused
from schemas.events import Event, ResourceChanged

log = structlog.get_logger()

LIBRARY, SCAN = "library", "scan"
"""The kinds of resources that are heard: libraries, and that somebody wants one scanned."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """One folder of one library."""

    library_id: str
    owner_id: str
    place: Place

    def beside(self, path: Inside) -> Place:
        """Another path in the same root."""
        return Place(self.place.root, path)


@dataclass(slots=True)
class Shelves:
    """All of them, as they are now."""

    _versions: dict[str, int] = field(default_factory=dict)
    _of: dict[str, list[Shelf]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    """The libraries that somebody wants scanned at once."""

    def hear(self, event: Event) -> None:
        """Takes note of one event."""
        if not isinstance(event, ResourceChanged) or event.kind not in (LIBRARY, SCAN):
            return
        if self._versions.get(event.resource, 0) >= event.version:
            return
        self._versions[event.resource] = event.version
        if event.kind == SCAN:
            self.asked.add(event.id)
        else:
            self._of[event.id] = _shelves(event)

    def all(self) -> list[Shelf]:
        """Every folder once: of two libraries with folders in one another, the older one has them."""
        kept: list[Shelf] = []
        for library_id in sorted(self._of):
            for shelf in self._of[library_id]:
                if not any(shelf.place in each.place or each.place in shelf.place for each in kept):
                    kept.append(shelf)
        return kept


def _shelves(event: ResourceChanged) -> list[Shelf]:
    said = orjson.loads(event.value) if event.value else {}
    found = []
    for text in said.get("folders") or []:
        try:
            found.append(Shelf(event.id, said["owner_id"], place(text)))
        except PathRefused as error:
            log.warning("a library's folder names no folder", library=event.id, why=str(error))
    return found
