"""What one replica holds for a moment against all others, by compare-and-set on a document: names that are
being taken, versions that are being made, things that may be done once.

Working state: when it is lost, what is held is lost, and nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from connectors.ports import Database
from gateway.errors import Conflict, Problem

COLLECTION = "claims"
EXPIRES = "expires_at"

_BEING_CHANGED = "Someone else is changing this: look again, then retry."
_WHILE_DECIDED = timedelta(seconds=60)
"""Longer than it takes until every replica has heard what was decided."""


class Claims:
    """Holds names. Raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, name: str, held_for: timedelta) -> bool:
        """Whether nobody holds this name; it is ours then, for so long."""
        now = await self._database.now()
        until = now + held_for
        if await self._database.insert(COLLECTION, {"_id": name, EXPIRES: until}):
            return True
        held = await self._database.get(COLLECTION, name)
        if held is None:
            return await self._database.insert(COLLECTION, {"_id": name, EXPIRES: until})
        over = held[EXPIRES] <= now
        return over and await self._database.change(
            COLLECTION, name, {EXPIRES: held[EXPIRES]}, {EXPIRES: until}
        )

    async def release(self, name: str) -> None:
        """Lets a name go."""
        await self._database.remove(COLLECTION, name)

    @asynccontextmanager
    async def deciding(self, *names: str, otherwise: Problem | None = None) -> AsyncIterator[None]:
        """Holds all of these while something is decided, and until everyone has heard of it.

        What fails inside lets them go at once. Raises Conflict, or what is given, where someone else holds
        one.
        """
        taken: list[str] = []
        try:
            for name in sorted(names):
                if not await self.take(name, _WHILE_DECIDED):
                    raise otherwise or Conflict("being-changed", _BEING_CHANGED)
                taken.append(name)
            yield
        except BaseException:
            for name in taken:
                await self.release(name)
            raise
