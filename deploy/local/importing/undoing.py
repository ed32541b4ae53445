"""Takes an import back: what it sent is deleted, what was here already only forgets that it was an item."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from deploy.local.importing import saying
from deploy.local.importing.door import Door, medium_at
from deploy.local.importing.found import Found
from deploy.local.importing.here import Here, Medium
from deploy.local.importing.report import Report
from deploy.local.importing.running import Say
from deploy.local.importing.taking import SENT

_FIELDS = (saying.MARK, saying.CAME, saying.MADE_OF)


def undo(door: Door, found: Found, report: Report, say: Say) -> None:
    """Takes back what items of a system became. People, and what they played, stay. Raises Failure."""
    media = _became(found, Here.ask(door))
    for n, (item, medium) in enumerate(media, 1):
        say(f"undone: {n} of {len(media)}")
        was_sent = medium["custom"].get(saying.CAME) == SENT
        if not report.dry_run:
            door.ask(partial(_take_back, door, medium_at(medium["id"]), was_sent))
        how = "deleted" if was_sent else "left as it was found"
        report.became(item, medium["title"], medium["id"], f"to be {how}" if report.dry_run else how)


def _take_back(door: Door, path: str, was_sent: bool) -> Any:
    if was_sent:
        return door.gateway.delete(path)
    return door.gateway.patch(path, {"custom": dict.fromkeys(_FIELDS)})


def _became(found: Found, here: Here) -> Sequence[tuple[str, Medium]]:
    marks = ((item.id, found.mark(item)) for item in found.items)
    return [(id, here.marked[mark]) for id, mark in marks if mark in here.marked]
