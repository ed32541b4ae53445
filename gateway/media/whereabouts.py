"""Where in the operators' folders media are now, as the read models have it."""

from __future__ import annotations

from dataclasses import dataclass

from connectors.read_models import ReadModels
from gateway.media.existing import MEDIA
from gateway.media.render import place_of


@dataclass(frozen=True, slots=True)
class Moves:
    """See connectors.rooted.store.Whereabouts."""

    read_models: ReadModels

    async def moved(self, media_id: str) -> str | None:
        """See connectors.rooted.store.Whereabouts. Raises DatabaseUnavailable, NotBuilt."""
        return place_of(await self.read_models.get(MEDIA, media_id) or {})
