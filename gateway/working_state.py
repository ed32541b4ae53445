"""What the gateway keeps in the database for a while, and may lose: sessions, claims, answers, budgets,
uploads under way."""

from __future__ import annotations

import asyncio

from connectors.ports import Database
from gateway import claims
from gateway.auth import sessions
from gateway.idempotency import answers
from gateway.limits import counting
from gateway.quotas import kept as stored
from gateway.uploads import kept, upload


class WorkingState:
    """Makes the indexes of what is kept for a while."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Makes them once the database is there. Raises DatabaseUnavailable until then."""
        await self._database.expire(claims.COLLECTION, claims.EXPIRES)
        await self._database.expire(answers.COLLECTION, answers.EXPIRES)
        await self._database.expire(counting.COLLECTION, counting.EXPIRES)
        await self._database.expire(sessions.COLLECTION, sessions.EXPIRES)
        await self._database.index(sessions.COLLECTION, ["user_id"])
        await self._database.index(stored.COLLECTION, [stored.COUNTED_AT])
        await self._database.expire(kept.COLLECTION, upload.EXPIRES)
        await self._database.index(kept.COLLECTION, kept.OWNER)
        await self._database.index(kept.COLLECTION, ["is_whole"])
        await asyncio.Event().wait()
