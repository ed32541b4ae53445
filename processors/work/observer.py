"""What work tells of itself, for metrics; nothing here names a user, a job or a medium."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class WorkObserver(Protocol):
    """Hears what the leader and the workers do."""

    def tasks(self, by_state: Mapping[str, int], oldest_ready_s: float) -> None:
        """How many tasks wait, are ready and run, as the leader sees it, and how long the oldest is ready."""
        ...

    def expired(self) -> None:
        """A lease ran out."""
        ...

    def stuck(self, jobs: int) -> None:
        """So many jobs stand still."""
        ...

    def set_aside(self, workers: int) -> None:
        """So many workers failed task after task and are kept from work."""
        ...

    def attempt(self, kind: str, outcome: str) -> None:
        """An attempt ended: completed, failed, dead or lost."""
        ...


class Silent:
    """Tells nobody."""

    def tasks(self, by_state: Mapping[str, int], oldest_ready_s: float) -> None:
        """See WorkObserver."""

    def expired(self) -> None:
        """See WorkObserver."""

    def attempt(self, kind: str, outcome: str) -> None:
        """See WorkObserver."""

    def stuck(self, jobs: int) -> None:
        """See WorkObserver."""

    def set_aside(self, workers: int) -> None:
        """See WorkObserver."""
