"""What a worker gives to the code that does a task, and what that code may say back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from processors.work.demand import Demands
from processors.work.tasks import Task
from schemas.events import Event


class TaskFailed(Exception):
    """The task did not work: `code` for programs, the message for people.

    `again` says whether another attempt may do better.
    """

    def __init__(self, code: str, message: str, *, again: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.again = again


class GivenBack(Exception):
    """The task was left at a border, as it was asked to be: whoever has it next goes on from there.

    With `why` it waits for something that is away or full, and is nobody's before the time `again_in`.
    """

    def __init__(self, why: str | None = None, again_in: timedelta | None = None) -> None:
        super().__init__(why or "")
        self.why = why
        self.again_in = again_in


class ClaimLost(Exception):
    """Someone else has the task now: nothing of this attempt may be published."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One attempt at one task."""

    task: Task
    worker: str
    folder: Path
    """An empty folder of this attempt's own; gone afterwards."""
    tell: Callable[[Event], None]
    """Publishes an event soon, and perhaps not at all: for progress. Never blocks."""
    confirm: Callable[[], Awaitable[None]]
    """Raises ClaimLost unless the claim holds now: asked before what others will see."""
    demands: Demands = field(default_factory=Demands)
    """What viewers wait for."""
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while the task is to be left at the next border: work that has borders raises GivenBack there."""


Work = Callable[[Execution], Awaitable[str]]
"""Does a task and returns its outcome as JSON.

Raises TaskFailed and GivenBack, and Transient where something is away or full, which is waited for; any other
error is tried again.
"""
