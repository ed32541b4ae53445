"""Whether a medium's bytes are still what they were: how events tell of what a scrub found."""

from __future__ import annotations

CHANGE = "health"
"""What `media.changed` calls it; its values are `state` and, of one that is damaged, `what`."""

SOUND, DAMAGED = "sound", "damaged"

CHANGED, MISSING, UNREADABLE = "changed", "missing", "unreadable"
"""What can be wrong: other bytes than there were, none at all, or some that the disk does not give."""


def values(what: str | None) -> dict[str, str]:
    """What the event says of a medium; of one with nothing wrong, that it is sound."""
    return {"state": DAMAGED, "what": what} if what else {"state": SOUND}
