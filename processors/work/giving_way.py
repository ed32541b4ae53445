"""How much of the processor background work leaves to others on the machine, and to its memory. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from processors.work.admission import Limits

_NOISE_PERCENT = 5.0
"""What any machine does beside us; it is nobody's work."""
_LEAST = 0.1
"""Background work never stops altogether: whoever waits for it sees that it goes on."""
_STEP = 0.1
_NO_LIMIT_PERCENT = 100.0
"""Here the system shares the processor out, and better than this could."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the machine did since the last look, in percent of all it could."""

    cpu_percent: float
    own_percent: float
    """What this worker and its tools had of it."""
    memory_percent: float

    @property
    def others_percent(self) -> float:
        """What everybody else had."""
        return max(0.0, self.cpu_percent - self.own_percent)


def share(before: float, load: Load, limits: Limits) -> float:
    """Which part of the time background work runs from now on, after it ran `before` of it.

    Others come first: what they leave below the limit is ours. While nobody else works there is nobody to
    give way to; how much we begin is for admission to decide.
    """
    if limits.cpu_percent >= _NO_LIMIT_PERCENT or load.others_percent <= _NOISE_PERCENT:
        return 1.0
    at_full = load.own_percent / before
    if at_full <= 0:
        return min(1.0, before + _STEP)
    wanted = (limits.cpu_percent - load.others_percent) / at_full
    return min(1.0, max(_LEAST, (before + wanted) / 2))


def memory_is_short(load: Load, limits: Limits) -> bool:
    """Whether something that holds memory has to go before the kernel chooses what does."""
    return load.memory_percent > limits.memory_percent
