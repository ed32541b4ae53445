"""What lay in a root's trash long enough goes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import structlog

from connectors.ports import Clock
from connectors.rooted import trash
from connectors.rooted.paths import PathRefused
from connectors.rooted.root import Root
from connectors.rooted.walking import Full, NotThere, ReadOnly

log = structlog.get_logger()

_EVERY_S = 3600.0


class Emptying:
    """Does so, as long as the gateway runs. Each replica may do all of it."""

    def __init__(self, roots: Mapping[str, Root], clock: Clock, kept_for: timedelta) -> None:
        self._roots = [root for root in roots.values() if root.writable]
        self._clock = clock
        self._kept_for = kept_for

    async def run(self) -> None:
        """Never ends. A disk that is away is looked at again."""
        while True:
            await self.once()
            await asyncio.sleep(_EVERY_S)

    async def once(self) -> None:
        """Looks at all of them."""
        before = self._clock.now() - self._kept_for
        for root in self._roots:
            try:
                gone = await asyncio.to_thread(trash.sweep, root, before)
            except (OSError, PathRefused, NotThere, ReadOnly, Full) as error:
                log.warning("trash not looked after", root=root.name, error=str(error))
                continue
            for thrown in gone:
                log.info("deleted for good", root=root.name, path=thrown.path, deleted_at=thrown.at)
