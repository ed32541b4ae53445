"""One folder of a library over time: when it is to be looked at, how it is watched, and how that goes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connectors.rooted.paths import Inside
from processors.folders.plan import Patience
from processors.folders.ports import Outcome
from processors.folders.shelves import Shelf
from processors.folders.watching import POLLING, Watch, Watcher

STARTING, WELL, AWAY, FAILING = STATES = "starting", "well", "away", "failing"
_SOON = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Intervals:
    """How often everything is looked at."""

    rescan: timedelta = timedelta(hours=1)
    """Where changes are told of: some of that may get lost."""
    poll: timedelta = timedelta(minutes=1)
    """Where they are not."""


@dataclass(slots=True)
class Keeping:
    """What is known of a shelf's state."""

    shelf: Shelf
    intervals: Intervals
    watcher: Watcher
    state: str = STARTING
    trouble: str = ""
    files: int = 0
    missing: int = 0
    scanned_at: datetime | None = None
    counted_from: datetime | None = None
    """When the folder came back after it was away."""
    watch: Watch | None = None
    _whole_at: datetime | None = None
    _again: dict[Inside, datetime] = field(default_factory=dict)
    _folders: set[Inside] = field(default_factory=set)

    def ask(self) -> None:
        """Somebody wants all of it looked at."""
        self._whole_at = None

    def is_due(self, now: datetime) -> bool:
        """Whether there is reason to look."""
        if self.watch is not None:
            self._again |= dict.fromkeys(self.watch.take(), now)
        return self._is_whole_due(now) or any(now >= at for at in self._again.values())

    def _is_whole_due(self, now: datetime) -> bool:
        if self._whole_at is None or now >= self._whole_at:
            return True
        return self._is_polled and (self.scanned_at or now) + self.intervals.poll <= now

    @property
    def _is_polled(self) -> bool:
        return self.watch is not None and self.watch.mode == POLLING

    def begin(self) -> frozenset[Inside] | None:
        """Which folders to look at; None for all."""
        now_due = frozenset(self._again)
        self._again.clear()
        if self._whole_at is None or not now_due:
            self._whole_at = None
            return None
        return now_due

    def is_away(self, why: str, now: datetime) -> None:
        """The folder is not there."""
        self.state, self.trouble = AWAY, why
        self._whole_at = now + min(_SOON, self.intervals.poll)

    def failed(self, why: str, now: datetime, again_s: float) -> None:
        """It could not be looked at."""
        self.state, self.trouble = FAILING, why
        self._whole_at = now + timedelta(seconds=again_s)

    async def was_scanned(self, outcome: Outcome, now: datetime, patience: Patience, *, whole: bool) -> None:
        """It was looked at."""
        if self.state == AWAY:
            self.counted_from = now
        self.state, self.trouble = WELL, outcome.trouble
        for folder in outcome.writing:
            self._again[folder] = now + patience.settle
        if whole:
            self._folders, self.files, self.missing = outcome.folders, outcome.files, outcome.missing
            self.scanned_at = now
        else:
            self._folders |= outcome.folders
            self.missing = max(self.missing, outcome.missing)
            self.files = max(0, self.files + outcome.new - outcome.deleted)
        await self._watch()
        self._plan(now, patience, whole=whole)

    async def _watch(self) -> None:
        """Watches the folders that there are. What is new among them may have changed before that."""
        before = self.watch
        if before is not None and before.folders == self._folders:
            return
        self.watch = await self.watcher.watch(self.shelf.place, frozenset(self._folders))
        self.watch.heard |= self._folders - (before.folders if before else frozenset())
        if before is not None:
            self.watch.heard |= before.take()
            await before.stop()

    def _plan(self, now: datetime, patience: Patience, *, whole: bool) -> None:
        every = self.intervals.poll if self._is_polled else self.intervals.rescan
        if self.missing:
            every = min(every, max(patience.grace, timedelta(seconds=1)))
        planned = None if whole else self._whole_at
        self._whole_at = min(planned or now + every, now + every)

    async def stop(self) -> None:
        """Watches no more."""
        if self.watch is not None:
            await self.watch.stop()
            self.watch = None

    def said(self) -> str:
        """In words, for the status page."""
        mode = self.watch.mode if self.watch else "not watched yet"
        if self.state == STARTING:
            return "scanning for the first time"
        at = f"{self.scanned_at:%H:%M:%S} UTC" if self.scanned_at else "never"
        why = f": {self.trouble}" if self.trouble else ""
        return f"{self.state}, {mode}, {self.files} files, {self.missing} missing, scanned {at}{why}"
