"""Whether this machine has room for one more task: places, processor and memory, as its owner allows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from processors.work.tasks import Task

_LIGHT_PLACES = 2
_IDLE_PLACES = 1
VIEWERS_PLACES = 1
"""More of each for what a viewer will want soon."""
_WAITING_PLACES = 4
"""Still more for what a viewer waits for: all else is stopped for that long."""
_CGROUP_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the owner of this machine allows."""

    max_jobs: int
    cpu_percent: float = 100.0
    """No further task is begun while the machine is busier than this; the first one always may."""
    memory_percent: float = 90.0
    """No task is begun that would take the machine's memory over this."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the machine says of itself."""

    cpu_percent: float
    memory_bytes: int
    memory_used_bytes: int


def measure() -> Machine:
    """The machine now: its processor since the last call, its memory within the container's limit."""
    memory = psutil.virtual_memory()
    total = min([memory.total, *_cgroup_limits()])
    return Machine(psutil.cpu_percent(), total, min(total, memory.total - memory.available))


@dataclass(slots=True)
class Admission:
    """Decides on one more task."""

    limits: Limits
    measure: Callable[[], Machine] = field(default=measure)

    def refusal(self, task: Task, running: Collection[Task]) -> str | None:
        """Why this task may not begin beside those that run; None when it may."""
        alike = [other for other in running if (other.light, other.idle) == (task.light, task.idle)]
        places = _LIGHT_PLACES if task.light else _IDLE_PLACES if task.idle else self.limits.max_jobs
        if task.wanted_at is not None:
            places += VIEWERS_PLACES + (_WAITING_PLACES if task.awaited else 0)
        if len(alike) >= places:
            return f"all {places} places are taken"
        machine = self.measure()
        needed = machine.memory_used_bytes + (task.plan.memory_mb << 20)
        if needed > machine.memory_bytes * self.limits.memory_percent / 100:
            return f"memory would go over {self.limits.memory_percent:g} %"
        if task.wanted_at is None and running and machine.cpu_percent > self.limits.cpu_percent:
            return f"the processor is over {self.limits.cpu_percent:g} % busy"
        return None


def _cgroup_limits() -> list[int]:
    found = []
    for path in _CGROUP_LIMITS:
        text = path.read_text().strip() if path.is_file() else ""
        if text.isdigit():
            found.append(int(text))
    return found
