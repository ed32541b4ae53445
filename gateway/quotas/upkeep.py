"""Counts now and then what people have in the store: what was missed, or lost, is right again then."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog

from connectors.ports import Transient
from connectors.read_models import NotBuilt
from gateway.claims import Claims
from gateway.quotas.quotas import Quotas

log = structlog.get_logger()

_EVERY_S = 60.0
_COUNTED = timedelta(hours=1)
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Recounting:
    """Does so, as long as the gateway runs; of several replicas one at a time counts for one person."""

    quotas: Quotas
    claims: Claims

    async def run(self) -> None:
        """Never ends. What is away is tried again."""
        while True:
            try:
                await self.once()
            except (Transient, NotBuilt) as error:
                log.warning("quotas not counted", error=str(error))
            await asyncio.sleep(_EVERY_S)

    async def once(self) -> None:
        """Counts for those who were not counted for an hour. Raises Transient, NotBuilt."""
        before = await self.quotas.database.now() - _COUNTED
        for owner_id in await self.quotas.counted_before(before, _AT_ONCE):
            if await self.claims.take(f"recount/{owner_id}", timedelta(seconds=_EVERY_S)):
                await self.quotas.recount(owner_id)
