"""Room in the store for one upload, held before its bytes come; where nobody said how many, as they do."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from connectors.ports import Blob, DatabaseUnavailable
from connectors.read_models import NotBuilt
from gateway.errors import Conflict
from gateway.quotas.quotas import OverQuota, Quotas
from schemas.events import new_id

log = structlog.get_logger()

_STEP_BYTES = 32 * 1024 * 1024
_LASTS = timedelta(minutes=10)
"""How long room stays held for a request that has died."""
_AWAY = (DatabaseUnavailable, NotBuilt)
_NOT_NOW = (*_AWAY, Conflict)
"""What keeps a quota from being written down: the next count heals it."""


@dataclass(slots=True)
class Reservation:
    """One upload's. While the database is away all is let in, and counted later."""

    quotas: Quotas
    owner_id: str
    id: str = field(default_factory=new_id)
    lasts: timedelta = _LASTS
    _held: int = 0
    _renew_at: float = 0.0

    async def cover(self, size_bytes: int) -> None:
        """Sees to it that there is room for so much, and goes on to be. Raises OverQuota."""
        if self.quotas.of(self.owner_id) is None:
            return
        if size_bytes > self._held or time.monotonic() > self._renew_at:
            await self._hold(size_bytes)

    async def _hold(self, size_bytes: int) -> None:
        try:
            self._held = await self._most(size_bytes)
        except _AWAY as error:
            log.warning("let in without a look at the quota", error=str(error))
            self._held = size_bytes + _STEP_BYTES
        self._renew_at = time.monotonic() + self.lasts.total_seconds() / 2

    async def _most(self, size_bytes: int) -> int:
        """A step at once, where bytes come that nobody told of; what is needed, where that is too much."""
        if 0 < self._held < size_bytes:
            try:
                return await self._ask(size_bytes + _STEP_BYTES)
            except OverQuota:
                return await self._ask(size_bytes)
        return await self._ask(size_bytes)

    async def _ask(self, size_bytes: int) -> int:
        return await self.quotas.hold(self.owner_id, self.id, size_bytes, self.lasts)

    async def covered(self, chunks: AsyncIterator[bytes], before: int = 0) -> AsyncIterator[bytes]:
        """The same bytes, each with room for it. Raises OverQuota."""
        came = before
        async for chunk in chunks:
            came += len(chunk)
            await self.cover(came)
            yield chunk

    async def became(self, blob: Blob, media_id: str) -> None:
        """The upload is a medium."""
        try:
            await self.quotas.became(self.owner_id, self.id, blob, media_id)
        except _NOT_NOW as error:
            log.warning("a quota is counted later", error=str(error))

    async def let_go(self) -> None:
        """The upload came to nothing."""
        try:
            await self.quotas.let_go(self.owner_id, self.id)
        except _NOT_NOW as error:
            log.warning("a quota is freed later", error=str(error))


@asynccontextmanager
async def reserving(quotas: Quotas, owner_id: str) -> AsyncIterator[Reservation]:
    """Room for an upload, of which nothing stays held where it comes to nothing."""
    reservation = Reservation(quotas, owner_id)
    try:
        yield reservation
    except BaseException:
        await reservation.let_go()
        raise
