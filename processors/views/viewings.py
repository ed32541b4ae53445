"""People's own state of works. Their topic is compacted: the order of the log decides, as it does there."""

from __future__ import annotations

from connectors.ports import Merge
from schemas.events import ViewingChanged
from schemas.viewings import FAVOURITE, PLAYED, POSITION, read_key

VIEWINGS = "viewings"

VIEWING_INDEXES = [
    *([f"{change}.by", f"{change}.at"] for change in (POSITION, PLAYED, FAVOURITE)),
    *([f"{change}.user_id"] for change in (POSITION, PLAYED, FAVOURITE)),
]
"""What is listed of someone, newest first, and all that there is of them."""


def viewed(event: ViewingChanged, offset: int) -> list[Merge]:
    """The last word of each kind stands; one that forgets has no names in it."""
    change, id = read_key(event.viewing)
    if change not in (POSITION, PLAYED, FAVOURITE):
        return []
    said = {
        "offset": offset,
        "at": event.meta.occurred_at,
        "user_id": event.user_id,
        "work_id": event.work_id,
        "media_id": event.media_id,
        "by": event.user_id if event.on or event.position_ms > 0 else None,
        "position_ms": event.position_ms,
        "duration_ms": event.duration_ms,
        "on": event.on,
        "times": event.times,
        "session_id": event.session_id,
    }
    return [Merge(VIEWINGS, id, {change: said})]
