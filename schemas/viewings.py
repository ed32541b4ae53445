"""People's own state of works: what the words on it are about, and the ids that they have."""

from __future__ import annotations

from schemas.events import derived_id

POSITION, PLAYED, FAVOURITE = "position", "played", "favourite"
CHANGES = (POSITION, PLAYED, FAVOURITE)
"""Each is a register of its own: whoever sets one leaves the others as they are."""


def viewing_id(user_id: str, work_id: str) -> str:
    """The state that one person has of one work. It tells neither: it may stay when they are erased."""
    return derived_id("viewing", user_id, work_id)


def viewing_key(change: str, id: str) -> str:
    """What a word's record is keyed by: of each key the log keeps the last."""
    return f"{change}/{id}"


def read_key(key: str) -> tuple[str, str]:
    """The change and the id in a key."""
    change, _, id = key.partition("/")
    return change, id
