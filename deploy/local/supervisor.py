"""Keeps all children of a stack running, says what happens to them, and stops them in order."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from deploy.local.children import Backoff, Child, Death
from deploy.local.spawning import ChildSpec

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """When a start is given up: a child that died so often within so many seconds will not get up."""

    deaths: int = 5
    within_s: float = 60


class Supervisor:
    """The children of one stack, by name."""

    def __init__(
        self,
        logs: Path,
        *,
        say: Say,
        changed: Callable[[], None],
        backoff: Backoff | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.children: dict[str, Child] = {}
        self.failure: str | None = None
        """Why the start is given up, once it is."""
        self._logs = logs
        self._say = say
        self._changed = changed
        self._backoff = backoff or Backoff()
        self._patience = patience or Patience()
        self._deaths: dict[str, deque[float]] = defaultdict(deque)
        self._settled = threading.Event()

    def add(self, spec: ChildSpec) -> Child:
        """Starts a child and keeps it running."""
        child = Child(
            spec,
            self._logs / f"{spec.name}.log",
            backoff=self._backoff,
            changed=self._changed,
            died=self._on_death,
        )
        self.children[spec.name] = child
        child.start()
        return child

    def settle(self) -> None:
        """The start is over: from now on a child that dies is started again for ever."""
        self._settled.set()

    def stop(self) -> None:
        """Stops all children, those of one rank together, the lowest rank first."""
        self._settled.set()
        ordered = sorted(self.children.values(), key=lambda child: child.spec.stop_rank)
        for _, rank in groupby(ordered, key=lambda child: child.spec.stop_rank):
            with ThreadPoolExecutor() as pool:
                list(pool.map(Child.stop, rank))

    def say(self, line: str) -> None:
        """Tells the user, and the supervisor's own log."""
        now = datetime.now().astimezone().isoformat(sep=" ", timespec="milliseconds")
        # Children are kept running even where the disk is full.
        with contextlib.suppress(OSError), (self._logs / "supervisor.log").open("a") as log:
            log.write(f"{now} {line}\n")
        self._say(line)

    def _on_death(self, death: Death) -> None:
        child = self.children[death.child]
        next_step = "it is held back" if death.held else f"starting it again in {death.retry_in_s:g} s"
        last = next((line for line in reversed(child.tail()) if line.strip()), "nothing")
        self.say(f"{death.child} ended ({death.status}); {next_step}. Its log's last line: {last.strip()}")
        if not self._settled.is_set():
            self._count(child, death)

    def _count(self, child: Child, death: Death) -> None:
        now = time.monotonic()
        deaths = self._deaths[death.child]
        deaths.append(now)
        while deaths[0] < now - self._patience.within_s:
            deaths.popleft()
        if len(deaths) >= self._patience.deaths and self.failure is None:
            shown = "\n".join(f"    {line}" for line in child.tail())
            self.failure = (
                f"{death.child} does not start: it ended {len(deaths)} times ({death.status}). "
                f"The end of {child.log}:\n{shown}"
            )
