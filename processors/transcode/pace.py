"""How a task tells of its progress: in the job's units, never backwards, with a speed that settles down."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.ports import Clock
from processors.work.execution import Execution
from schemas.events import Meta, StoredSegment, TranscodeProgress

_TELL_EVERY_S = 0.5
_SMOOTHING = 0.3


@dataclass(slots=True)
class Pace:
    """Turns counts of finished units into progress events."""

    execution: Execution
    clock: Clock
    total: int
    """Units in the whole job."""
    share: int
    """Units in this task."""
    units_per_s: float
    """Units in a second of the medium."""
    _done: int = 0
    _rate: float | None = None
    _last: float = field(default_factory=time.monotonic)
    _told_at: float = 0.0

    def found(self, done: int) -> None:
        """So many units were there already: they count as done, and say nothing of how fast work goes."""
        self._done, self._last = max(self._done, min(done, self.share)), time.monotonic()
        self.tell()

    def reached(self, done: int) -> None:
        """So many units of this task are done; tells so, but not more often than people can read."""
        now = time.monotonic()
        self._learn(max(self._done, min(done, self.share)), now)
        if now - self._told_at >= _TELL_EVERY_S:
            self.tell()

    def tell(self, stored: Sequence[StoredSegment] = ()) -> None:
        """Tells at once; also which segments can be fetched now."""
        self._told_at = time.monotonic()
        self.execution.tell(self._event(stored))

    def _learn(self, done: int, now: float) -> None:
        """Mixes what was done since the last report into the smoothed rate."""
        if done > self._done and now > self._last:
            rate = (done - self._done) / (now - self._last)
            self._rate = rate if self._rate is None else (1 - _SMOOTHING) * self._rate + _SMOOTHING * rate
            self._done, self._last = done, now

    def _event(self, stored: Sequence[StoredSegment]) -> TranscodeProgress:
        task, rate = self.execution.task, self._rate
        actor = f"worker:{self.execution.worker}"
        return TranscodeProgress(
            meta=Meta.first(actor, self.clock.now(), task.correlation_id),
            job_id=task.job_id,
            run=task.run,
            media_id=task.plan.media_id or "",
            task_id=task.id,
            worker=self.execution.worker,
            frames_done=self._done,
            frames_total=self.total,
            speed=round(rate / self.units_per_s, 3) if rate else 0.0,
            eta_ms=round((self.share - self._done) / rate * 1000) if rate else None,
            stored=list(stored),
            units_per_s=round(rate, 3) if rate else 0.0,
        )
