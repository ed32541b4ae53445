"""How many tasks are ready at a time: a few for each place, so that no worker waits for one. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from processors.work.tasks import READY, Task


def room_for(task: Task, under_way: Iterable[Task], size: int) -> bool:
    """Whether a task may be let in: less urgent ones in the window never keep a more urgent one out."""
    rank = task.urgency[0]
    before = [
        other
        for other in under_way
        if other.state == READY
        and (other.light, other.idle) == (False, task.idle)
        and other.urgency[0] <= rank
    ]
    return task.wanted_at is not None or len(before) < size
