"""Which media were deleted lately: known at once, before the read models follow."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from gateway.playback.recent import remember
from schemas.events import Event, MediaChanged

_KEPT = 10_000


@dataclass(slots=True)
class Deletions:
    """The media of which it was heard that they are gone."""

    _gone: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def __contains__(self, media_id: str) -> bool:
        return media_id in self._gone

    def hear(self, event: Event) -> None:
        """Takes in that a medium was deleted."""
        if isinstance(event, MediaChanged) and event.change == "deleted":
            remember(self._gone, event.media_id, None, _KEPT)
