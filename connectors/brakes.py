"""Stops tools for a while, whole process groups of them, and lets them go on: for whoever is more pressed."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

_OWNER: ContextVar[str | None] = ContextVar("owner", default=None)


@dataclass(slots=True)
class Brakes:
    """Knows which process groups run for whom."""

    _groups: dict[int, str] = field(default_factory=dict)
    _held: frozenset[str] = frozenset()

    @property
    def groups(self) -> frozenset[int]:
        """The process groups that run for someone."""
        return frozenset(self._groups)

    @contextlib.contextmanager
    def owned(self, owner: str) -> Iterator[None]:
        """What is started inside runs for this owner."""
        token = _OWNER.set(owner)
        try:
            yield
        finally:
            _OWNER.reset(token)

    @contextlib.contextmanager
    def running(self, group: int) -> Iterator[None]:
        """This process group runs, for the present owner."""
        owner = _OWNER.get()
        if owner is None:
            yield
            return
        self._groups[group] = owner
        if owner in self._held:
            _signal(group, signal.SIGSTOP)
        try:
            yield
        finally:
            self._groups.pop(group, None)  # a tool that says twice that it has begun is entered twice

    def hold(self, owners: frozenset[str]) -> None:
        """Stops what these run, and lets all others go on."""
        before, self._held = self._held, owners
        for group, owner in self._groups.items():
            if (owner in owners) != (owner in before):
                _signal(group, signal.SIGSTOP if owner in owners else signal.SIGCONT)


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
