"""Events in, events out: what is learned of a medium becomes the place that it has among others.

What is known of it is in several events, which come in any order. So each is waited for until the read models
have it, and the place is decided from all that they have by then: who hears the last event decides the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.ports import Clock, DatabaseUnavailable, Delivery, OneOf, Transient
from connectors.read_models import NotBuilt, ReadModels
from processors.runtime import Handled, Stage
from schemas import described, record, shelving
from schemas.events import Event, MediaChanged, MediaProbed, MediaUploaded
from schemas.shelving import Shelved
from schemas.versions import version_of

NAME = "hierarchy"
TOPICS = ("media.uploaded", "media.probed", "media.changed")
_ACTOR = f"service:{NAME}"
_MEDIA, _PLACES = "media", "places"
_BATCH = 200
_CHANGES = frozenset({"moved", "library", described.CHANGE})
_PATIENCE_S = 5.0


class ViewsBehind(Transient):
    """The read models don't have yet what was just heard."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """The stage's handler over its ports."""

    read_models: ReadModels
    clock: Clock
    patience_s: float = _PATIENCE_S

    def stage(self) -> Stage:
        """The stage, for whatever process hosts it."""
        return Stage(name=NAME, topics=TOPICS, handle=self.handle, batch=_BATCH)

    async def handle(self, deliveries: Sequence[Delivery]) -> Handled:
        """A batch of one partition. Raises ViewsBehind, DatabaseUnavailable."""
        heard = {id: each for each in deliveries if (id := _concerned(each.event)) is not None}
        if not heard:
            return Handled()
        try:
            documents = await self._documents([*heard], list(heard.values())[-1])
            told = await self._told([*heard])
        except NotBuilt as error:
            raise DatabaseUnavailable(str(error)) from error
        found = ((id, _decided(each, told.get(id, 0))) for id, each in documents.items())
        return Handled([self._placed(heard[id], id, decided) for id, decided in found if decided])

    async def _documents(self, ids: Sequence[str], last: Delivery) -> dict[str, Mapping[str, Any]]:
        if not await self.read_models.caught_up(last.position, self.patience_s):
            raise ViewsBehind("the read models are behind the log")
        found = await self.read_models.select(_MEDIA, {"_id": OneOf(tuple(ids))}, len(ids))
        return {each["_id"]: each for each in found}

    async def _told(self, ids: Sequence[str]) -> dict[str, int]:
        """The versions of the places that were told."""
        found = await self.read_models.select(_PLACES, {"_id": OneOf(tuple(ids))}, len(ids))
        return {each["_id"]: each["now"]["version"] for each in found if "now" in each}

    def _placed(self, heard: Delivery, media_id: str, decided: Shelved) -> Event:
        meta = heard.event.meta.decided(_ACTOR, self.clock.now(), media_id, shelving.CHANGE, decided.version)
        return MediaChanged(
            meta=meta,
            media_id=media_id,
            version=decided.version,
            change=shelving.CHANGE,
            values=decided.written(),
        )


def _decided(document: Mapping[str, Any], told: int) -> Shelved | None:
    """Where a medium stands, unless that was told with all that is known now."""
    if (document.get("status") or {}).get("name") == "deleted":
        return None
    decided = shelving.shelved(document)
    return decided if decided is not None and decided.version > told else None


def _concerned(event: Event) -> str | None:
    """The medium of whose place something is learned; what takes a file's place changes none."""
    match event:
        case MediaUploaded() | MediaProbed() if not version_of(event.media_id):
            return event.media_id
        case MediaChanged(change=record.CHANGE):
            told = any(field == record.NAME or record.is_of_place(field) for field in event.values)
            return event.media_id if told else None
        case MediaChanged() if event.change in _CHANGES:
            return event.media_id
    return None
