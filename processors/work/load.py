"""Measures the machine, and what of it is ours."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

import psutil

from connectors.family import family
from processors.work.admission import Machine, measure
from processors.work.giving_way import Load


@dataclass(slots=True)
class LoadMeter:
    """Says what happened between two calls; the first one looks back at nothing."""

    tools: Callable[[], Collection[int]]
    """The process groups that this worker runs."""
    machine: Callable[[], Machine] = measure
    _busy_s: float = 0.0
    _own_s: dict[int, float] = field(default_factory=dict)
    _at: float = field(default_factory=time.monotonic)

    def __call__(self) -> Load:
        """The load since the last call."""
        now, busy_s, own_s = time.monotonic(), _busy_s(), dict(self._cpu_times())
        could_s = max(0.001, now - self._at) * (psutil.cpu_count() or 1)
        busy = busy_s - self._busy_s if self._busy_s else 0.0
        own = sum(seconds - self._own_s.get(pid, seconds) for pid, seconds in own_s.items())
        self._at, self._busy_s, self._own_s = now, busy_s, own_s
        machine = self.machine()
        memory = 100 * machine.memory_used_bytes / machine.memory_bytes
        return Load(min(100.0, 100 * busy / could_s), min(100.0, 100 * own / could_s), memory)

    def _cpu_times(self) -> Iterator[tuple[int, float]]:
        for each in (psutil.Process(), *(member for pid in self.tools() for member in family(pid))):
            with contextlib.suppress(psutil.Error):
                times = each.cpu_times()
                yield each.pid, times.user + times.system


def _busy_s() -> float:
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))
