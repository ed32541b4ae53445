"""Which media go on without the file that was found: another one took its place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from connectors.ports import DatabaseUnavailable, OneOf
from connectors.read_models import NotBuilt, ReadModels
from schemas.versions import FIRST, current

_MEDIA = "media"


@dataclass(frozen=True, slots=True)
class Replaced:
    """See processors.folders.ports.Successions."""

    read_models: ReadModels

    async def among(self, media_ids: Collection[str]) -> frozenset[str]:
        """See processors.folders.ports.Successions. Raises DatabaseUnavailable."""
        try:
            found = await self.read_models.select(_MEDIA, {"_id": OneOf(tuple(media_ids))}, len(media_ids))
        except NotBuilt as error:
            raise DatabaseUnavailable(str(error)) from error
        return frozenset(each["_id"] for each in found if current(each) != FIRST)
