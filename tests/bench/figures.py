"""A figure: ours against a plain way of doing the same on the same machine in the same run."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table."""

    name: str
    ours: float
    baseline: float
    unit: str
    ratio: float
    goal: str
    holds: bool
    runs: int
    environment: str

    def as_object(self) -> dict[str, Any]:
        return asdict(self)


def alternating(runs: int, ours: Callable[[], float], baseline: Callable[[], float]) -> tuple[float, float]:
    """Both sides in turn, so that a machine that slows down slows both; the median of each."""
    pairs = [(baseline(), ours()) for _ in range(runs)]
    return median(pair[1] for pair in pairs), median(pair[0] for pair in pairs)


def environment() -> str:
    """The machine, in a few words."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return f"{machine}, Python {platform.python_version()}"


def figure(name: str, ours: float, baseline: float, unit: str, goal: str, holds: bool, runs: int) -> Figure:
    """A figure with its ratio."""
    return Figure(
        name=name,
        ours=round(ours, 3),
        baseline=round(baseline, 3),
        unit=unit,
        ratio=round(ours / baseline, 3) if baseline else 0.0,
        goal=goal,
        holds=holds,
        runs=runs,
        environment=environment(),
    )
