"""Keeps libraries as their folders are: scans them at the start and now and then, and what changes at once.

One process does so at a time. Two that do, for a moment, say the same of the same files.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from connectors.ports import Feed, Transient
from processors.folders.keeping import Intervals, Keeping
from processors.folders.missing import Missing
from processors.folders.ports import Away, Outcome, Ports
from processors.folders.scan import Scan
from processors.folders.shelves import Shelf, Shelves
from processors.folders.watching import Watcher

log = structlog.get_logger()

_IDLE_S = 0.25
_AGAIN_S = 5.0


class FolderObserver(Protocol):
    """Hears how the libraries' folders are; for metrics."""

    def folders(self, states: Mapping[str, int], files: int) -> None:
        """So many folders are in each state, with so many files in all of them."""
        ...

    def scanned(self, outcome: Outcome, took_s: float) -> None:
        """A folder was looked at."""
        ...


@dataclass(slots=True)
class Scanner:
    """All libraries' folders."""

    ports: Ports
    feed: Feed
    leads: Callable[[], bool]
    watcher: Watcher
    intervals: Intervals
    observer: FolderObserver
    shelves: Shelves = field(default_factory=Shelves)
    kept: dict[Shelf, Keeping] = field(default_factory=dict)
    _missing: Missing = field(default_factory=Missing)

    async def run(self) -> None:
        """Never ends."""
        following = asyncio.create_task(self._follow())
        try:
            while True:
                if following.done():
                    following.result()
                await self._round()
                await asyncio.sleep(_IDLE_S)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            await self._let_go()

    def details(self) -> dict[str, str]:
        """What the beat of the process that scans says of each folder."""
        return {f"folder {keeping.shelf.place}": keeping.said() for keeping in self.kept.values()}

    async def _follow(self) -> None:
        async for delivery in self.feed.deliveries():
            self.shelves.hear(delivery.event)

    async def _round(self) -> None:
        if not self.leads():
            await self._let_go()
            return
        if self.feed.age_s == math.inf:  # it is not known yet which folders there are
            return
        await self._sort_out()
        now = self.ports.clock.now()
        for keeping in list(self.kept.values()):
            if keeping.is_due(now):
                await self._keep(keeping, now)
        states = [keeping.state for keeping in self.kept.values()]
        files = sum(keeping.files for keeping in self.kept.values())
        self.observer.folders({state: states.count(state) for state in set(states)}, files)

    async def _sort_out(self) -> None:
        """Begins with folders that are new, and lets go of those that are no library's any more."""
        wanted = self.shelves.all()
        for shelf in set(self.kept) - set(wanted):
            await self.kept.pop(shelf).stop()
        for shelf in wanted:
            if shelf not in self.kept:
                self.kept[shelf] = Keeping(shelf, self.intervals, self.watcher)
        for library_id in [*self.shelves.asked]:
            self.shelves.asked.discard(library_id)
            for keeping in self.kept.values():
                if keeping.shelf.library_id == library_id:
                    keeping.ask()

    async def _let_go(self) -> None:
        for keeping in self.kept.values():
            await keeping.stop()
        self.kept, self._missing = {}, Missing()

    async def _keep(self, keeping: Keeping, now: datetime) -> None:
        """Looks at a folder as far as there is reason to; what may pass is met with another look."""
        only, began = keeping.begin(), asyncio.get_running_loop().time()
        scan = Scan(self.ports, keeping.shelf, self._missing, only, keeping.counted_from)
        try:
            outcome = await scan.run()
        except Away as error:
            keeping.is_away(str(error), now)
        except (Transient, OSError) as error:
            keeping.failed(str(error), now, _AGAIN_S)
            log.warning("a folder is scanned again later", folder=str(keeping.shelf.place), error=str(error))
        else:
            took_s = asyncio.get_running_loop().time() - began
            done_at = self.ports.clock.now()
            await keeping.was_scanned(outcome, done_at, self.ports.patience, whole=only is None)
            self._tell(keeping.shelf, outcome, took_s)

    def _tell(self, shelf: Shelf, outcome: Outcome, took_s: float) -> None:
        self.observer.scanned(outcome, took_s)
        said = {name: getattr(outcome, name) for name in ("new", "moved", "missing", "deleted", "troubles")}
        if any(said.values()):
            log.info(
                "scanned",
                folder=str(shelf.place),
                files=outcome.files,
                took_s=round(took_s, 2),
                trouble=outcome.trouble or None,
                **said,
            )
