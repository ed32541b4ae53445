"""What a worker holds back of what it runs, and how. Pure.

What makes segments is left at the next border: whoever has it next goes on from there, and its place is
free at once. What is idle is left wherever it is: little is lost. What makes a whole file has no border, and
all of it would be lost: it stops where it is.

What is idle also stands still while every place is taken, for so long as that can be borne. To run last is
not enough: two threads of one core slow each other down, whatever their priorities (tried: up to a tenth).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from processors.work.admission import VIEWERS_PLACES
from processors.work.tasks import Task

_IDLE_PATIENCE = timedelta(minutes=10)
"""Idle work that is older takes part all the same: where jobs never end, thumbnails are made too."""
_AT_ONCE = 0.5
"""What asks for less of a processor is hardly noticed."""


@dataclass(frozen=True, slots=True)
class Running:
    """Something that a worker runs."""

    task: Task
    """As viewers want it now."""
    paused: bool
    """Whether its job is."""

    @property
    def kept_back(self) -> bool:
        """Whether its job is paused and no viewer wants it all the same."""
        return self.paused and self.task.wanted_at is None


@dataclass(frozen=True, slots=True)
class Restraint:
    """What is held back, by task."""

    left: frozenset[str]
    """Left, at the next border if they have any."""
    stopped: frozenset[str]
    """Stopped where they are."""
    placeless: frozenset[str]
    """Those of them that take nobody's place."""

    def at_once(self, task: Task) -> bool:
        """Whether a task is left wherever it is: where it stands still, no border would ever come."""
        return task.id in self.left and (task.idle or task.id in self.stopped)


def restrain(
    running: Sequence[Running],
    *,
    now: datetime,
    places: int,
    worker_paused: bool,
    breathing: bool = False,
    memory_short: bool = False,
    hushed: bool = False,
) -> Restraint:
    """What to hold back of what runs, the oldest first. What is light is over soon, and goes on; while
    someone waits for something else, only what is over at once does.

    While the worker is `breathing`, others have the processor; where memory is short, one task is left. What
    was begun for viewers beyond the `places` is left when nobody waits for it any more, and what is idle
    stands still while they are taken. Where something for which someone waits is about to begin, or about to
    be delivered, the background is `hushed`.
    """
    heavy = [each for each in running if not each.task.light]
    background = [each for each in heavy if each.task.wanted_at is None]
    back = [each for each in heavy if worker_paused or each.kept_back]
    awaited = [each for each in running if each.task.awaited] if not worker_paused else []
    in_place = [each for each in back if each.task.made is None and not each.task.idle]
    left = [each for each in back if each not in in_place]
    left += _surplus([each for each in heavy if each not in back], places)
    stopped = [*in_place, *(background if breathing else [])]
    stopped += [each for each in running if awaited and each not in awaited and takes_time(each.task)]
    stopped += [each for each in running if hushed and each.task.wanted_at is None and takes_time(each.task)]
    going = [each.task for each in heavy if each not in back]
    stopped += [each for each in heavy if each not in back and crowded_out(each.task, going, places, now)]
    if memory_short and not left:
        left = _dispensable(background)
    return Restraint(_ids(left), _ids(stopped), _ids(each for each in in_place if each.kept_back))


def takes_time(task: Task) -> bool:
    """Whether it goes on for longer than someone should have to wait: a probe does not, a poster does."""
    return not 0 < task.plan.cpu < _AT_ONCE


def crowded_out(task: Task, beside: Collection[Task], places: int, now: datetime) -> bool:
    """Whether an idle task has no room beside these others."""
    taken = sum(not other.light and not other.idle for other in beside)
    return task.idle and taken >= places and now - task.created_at < _IDLE_PATIENCE


def _surplus(heavy: Sequence[Running], places: int) -> list[Running]:
    """The least urgent and youngest beyond the places and the viewers' one, if nobody waits for it."""
    busy = [each for each in heavy if not each.task.idle]
    cut = [each for each in busy if each.task.made is not None and not each.task.awaited]
    over = max(0, len(busy) - places - VIEWERS_PLACES)
    most_urgent_first = sorted(cut, key=lambda each: each.task.urgency)
    return most_urgent_first[len(cut) - min(over, len(cut)) :]


def _dispensable(background: Sequence[Running]) -> list[Running]:
    """The one whose memory is missed least: something idle, else what was begun last, if others can go on."""
    idle = [each for each in background if each.task.idle]
    cut = [each for each in background if each.task.made is not None]
    return (idle or cut)[-1:]


def _ids(several: Iterable[Running]) -> frozenset[str]:
    return frozenset(each.task.id for each in several)
