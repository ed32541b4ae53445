"""Hears at once of what changes in folders, where the system tells of that.

Each folder is watched by itself: a watch over a whole tree would follow links out of it. Where the system
tells nothing, as over a network, or watches no more, the folder is polled, and how it is watched says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import structlog

from connectors.rooted.located import Place
from connectors.rooted.paths import Inside
from connectors.rooted.root import Root

log = structlog.get_logger()

WATCHING, POLLING = "watching", "polling"


class Notices(Protocol):
    """What tells of changes; see connectors.rooted.notices."""

    def refusal(self, folder: Path) -> str | None:
        """Why nothing would be told of a folder; None where something would."""
        ...

    def changed(self, folders: Collection[Path]) -> AsyncIterator[set[Path]]:
        """What has changed in some folders, again and again. Raises OSError where no more are watched."""
        ...


@dataclass(slots=True)
class Watch:
    """Some folders under watch."""

    folders: frozenset[Inside]
    mode: str = WATCHING
    why: str = ""
    heard: set[Inside] = field(default_factory=set)
    task: asyncio.Task[None] | None = None

    def take(self) -> set[Inside]:
        """The folders in which something changed since this was asked last."""
        taken, self.heard = self.heard, set()
        return taken

    async def stop(self) -> None:
        """Hears of nothing any more."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Begins watches."""

    roots: Mapping[str, Root]
    notices: Notices

    async def watch(self, place: Place, folders: frozenset[Inside]) -> Watch:
        """Watches some folders of a root. What changed before this returns is not heard of."""
        root, watch = self.roots[place.root], Watch(folders)
        why = self.notices.refusal(root.path.joinpath(*place.path.names))
        if why is not None:
            watch.mode, watch.why = POLLING, why
            return watch
        watch.task = asyncio.create_task(self._hear(root, watch))
        await asyncio.sleep(0)  # it begins, and the system is told, before it first waits
        return watch

    async def _hear(self, root: Root, watch: Watch) -> None:
        base = root.path.resolve()
        try:
            async for changed in self.notices.changed([base.joinpath(*each.names) for each in watch.folders]):
                watch.heard |= {inside for each in changed if (inside := _inside(base, each)) is not None}
        except FileNotFoundError:  # one went just now: the next scan says which there are
            watch.heard |= watch.folders
            watch.folders = frozenset()
        except (OSError, RuntimeError) as error:
            watch.mode, watch.why = POLLING, str(error)
            log.warning("folders are polled, for they can't be watched", root=root.name, error=str(error))


def _inside(base: Path, changed: Path) -> Inside | None:
    """The folder that a changed thing lies in."""
    if not changed.is_relative_to(base):
        return None
    return Inside(changed.relative_to(base).parent.parts)
