"""What was held because the scanner found something, and what a review of it comes to.

A verdict is about bytes: it goes for all media that were held for them, and one to destroy them for those too
that were accepted before the scanner knew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from connectors.ports import BlobStore, Document
from processors.ingest.plan import ProbeOutcome
from processors.ingest.scanning import RAW, beside
from processors.work.jobs import KnownMedia, has_ended, is_held

HELD, RELEASED, DESTROYED = "quarantined", "released", "destroyed"
"""Changes of a medium, as events call them."""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Over what stages remember of media, and the store."""

    blobs: BlobStore
    media: KnownMedia

    async def lets_in(self, media_id: str, outcome: ProbeOutcome) -> bool:
        """Whether someone has let these bytes in before, for all that was found in them now: then this medium
        is let in too.
        """
        known = await self._held_at(outcome.held_at)
        before = (each for each in known if each["held"]["finding"] == outcome.finding)
        said = next((each[RELEASED] for each in before if RELEASED in each), None)
        if said is not None:
            await self.media.record(media_id, "held", held(outcome.held_at or "", outcome.finding or ""))
            await self.media.record(media_id, RELEASED, said)
        return said is not None

    async def hold(self, media_id: str, outcome: ProbeOutcome) -> None:
        """Remembers that a medium is held. Its bytes stay where media are only for those accepted before."""
        await self.media.record(media_id, "held", held(outcome.held_at or "", outcome.finding or ""))
        accepted = [*await self.media.made_of(outcome.sha256), *await self._held_at(outcome.held_at)]
        if not any(_is_in(each) for each in accepted):
            await self.blobs.remove(outcome.location)

    async def alike(self, media_id: str) -> list[Document]:
        """The medium and all others that are held for the same finding in the same bytes; none of them where
        it is not held.
        """
        known = await self.media.get(media_id)
        if not is_held(known):
            return []
        same = await self._held_at(known["held"]["location"])
        return [each for each in same if is_held(each) and each["held"] == known["held"]]

    async def all_of(self, media_id: str) -> list[Document]:
        """The medium and all others, held and accepted, that have its bytes; none where it is not held."""
        known = await self.media.get(media_id)
        if not is_held(known):
            return []
        location = known["held"]["location"]
        same = [*await self._held_at(location), *await self.media.made_of(_sha256(location))]
        return [each for each in {each["_id"]: each for each in same}.values() if not has_ended(each)]

    async def destroy(self, media: Iterable[Mapping[str, Any]]) -> None:
        """Removes the bytes of these media, wherever they are."""
        for each in media:
            if "held" in each:
                await self.blobs.remove(each["held"]["location"])
                await self.blobs.remove(beside(each["held"]["location"], RAW))
            if "probed" in each:
                await self.blobs.remove(each["probed"]["location"])

    async def let_go(self, media_id: str) -> None:
        """A medium is held no more: the bytes go from the quarantine with the last that was held for them."""
        known = await self.media.get(media_id)
        if "held" not in known:
            return
        location = known["held"]["location"]
        others = [each for each in await self._held_at(location) if each["_id"] != media_id]
        if not any(is_held(each) for each in others):
            await self.blobs.remove(location)

    async def _held_at(self, location: str | None) -> list[Document]:
        return await self.media.held_at(location) if location else []


def held(location: str, finding: str) -> dict[str, str]:
    """What is remembered of a medium that is held."""
    return {"location": location, "finding": finding}


def _is_in(known: Mapping[str, Any]) -> bool:
    return ("probed" in known or RELEASED in known) and not has_ended(known)


def _sha256(location: str) -> str:
    return location.rpartition("/")[2].partition(".")[0]
