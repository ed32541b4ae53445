"""Entries that wait to be written: bounded, with those that are alike counted, and none lost in silence."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from prometheus_client import Counter

from connectors.ports import Clock
from gateway.audit.entry import ALLOWED, Actor, Entry

LOST = "trail.lost"
MOST = 10_000
ALIKE_WITHIN = timedelta(minutes=1)


@dataclass(slots=True)
class _Fold:
    """What an entry that was taken stands for, until so long after it."""

    entry: Entry
    until: datetime
    more: int = 0
    since: datetime | None = None


class Waiting:
    """A queue with room for so many. Where there is none, the oldest go: looks first, all else after."""

    def __init__(self, clock: Clock, lost: Counter, myself: Actor, most: int = MOST) -> None:
        self._clock = clock
        self._lost_total = lost
        self._myself = myself
        self._most = most
        self._looks: deque[Entry] = deque()
        self._weighty: deque[Entry] = deque()
        self._folds: dict[tuple[object, ...], _Fold] = {}
        self._lost = 0

    def __len__(self) -> int:
        return len(self._looks) + len(self._weighty) + bool(self._lost)

    def put(self, entry: Entry) -> None:
        """Takes an entry: the first of those that are alike as it is, the others as a number."""
        self.look()
        fold = self._folds.get(entry.alike)
        if fold is not None:
            fold.more += entry.count
            fold.since = fold.since or entry.at
            return
        if len(self._folds) < self._most:
            self._folds[entry.alike] = _Fold(entry, entry.at + ALIKE_WITHIN)
        self._queue(entry)

    def take(self, most: int) -> list[Entry]:
        """The next ones to be written, at most so many, those that weigh first."""
        self.look()
        taken = list(self._confession())
        for queue in (self._weighty, self._looks):
            while queue and len(taken) < most:
                taken.append(queue.popleft())
        return taken

    def look(self, *, everything: bool = False) -> None:
        """Queues the numbers whose minute is over; the oldest stand first."""
        now = self._clock.now()
        while self._folds:
            oldest = next(iter(self._folds))
            if self._folds[oldest].until > now and not everything:
                return
            fold = self._folds.pop(oldest)
            if fold.more:
                self._queue(replace(fold.entry, at=fold.since or fold.entry.at, count=fold.more))

    def _queue(self, entry: Entry) -> None:
        (self._weighty if entry.weighs else self._looks).append(entry)
        while len(self._looks) + len(self._weighty) > self._most:
            gone = (self._looks or self._weighty).popleft()
            self._lost += gone.count
            self._lost_total.inc(gone.count)

    def _confession(self) -> Iterator[Entry]:
        """Says how many were lost, if any were."""
        if self._lost:
            details = {"lost": str(self._lost)}
            yield Entry(
                at=self._clock.now(), action=LOST, outcome=ALLOWED, actor=self._myself, details=details
            )
            self._lost = 0
