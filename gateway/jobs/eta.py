"""When a job will be done: by what is left and what works on it now, or by what such jobs took. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.ports import Document

_SILENT = timedelta(seconds=20)
"""A task that said nothing for so long is not counted on."""
_TASK_S = 32
"""About what one task of a job is long: so many of them can run at once."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What all tasks of a run do together now."""

    units_per_s: float
    media_s_per_s: float


def speed(rates: Iterable[Document], now: datetime) -> Speed | None:
    """The sum over those that run; None where none does."""
    alive: list[Any] = [rate for rate in rates if rate["per_s"] > 0 and now - rate["at"] < _SILENT]
    if not alive:
        return None
    return Speed(sum(rate["per_s"] for rate in alive), sum(rate["speed"] for rate in alive))


def from_speed(left: int, found: Speed) -> int:
    """Milliseconds for what is left at this speed."""
    return max(0, round(left / found.units_per_s * 1000))


def from_past(work_rate: float, duration_ms: int, share_left: float, slots: int) -> int:
    """Milliseconds that such a job takes, as past ones did, on so many places."""
    at_once = min(max(1, slots), max(1, -(-duration_ms // (_TASK_S * 1000))))
    return max(0, round(work_rate * duration_ms * share_left / at_once))


def until_its_turn(works_ms: Sequence[float], jobs: int, slots: int) -> int:
    """Milliseconds that so many jobs keep so many places, of which some are known to be so much work."""
    if not works_ms:
        return 0
    return round(sum(works_ms) / len(works_ms) * jobs / max(1, slots))
