"""Holds room in the store for what is on its way, over all replicas, and refuses what is beyond a quota.

Working state: when it is lost, what people have is counted again from the read models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from connectors.ports import Blob, Database, Query
from connectors.read_models import ReadModels
from gateway.auth.principal import ADMIN
from gateway.errors import Conflict, TooLarge
from gateway.limits.own import OwnLimits
from gateway.quotas.amounts import written
from gateway.quotas.counting import count, has_another
from gateway.quotas.kept import COLLECTION, COUNTED_AT, Hold, Kept, document_of, read

_TRIES = 50
_BELIEVED = timedelta(seconds=10)
"""Nobody is refused by a count that is older."""
_SEEN_WITHIN = timedelta(minutes=1)
"""The read models know of a medium after this, however they lag."""
_BEGINNING_VERSION = 0


class OverQuota(TooLarge):
    """The store holds as much of theirs as it may."""

    def __init__(self, limit: int, left: int) -> None:
        super().__init__(
            "over-quota",
            f"You may keep {written(limit)} here, and have room for {left} bytes: delete something first.",
            limit_bytes=limit,
            left_bytes=left,
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """How someone stands with their quota."""

    limit: int
    used: int

    @property
    def left(self) -> int:
        """What there is room for still."""
        return max(0, self.limit - self.used)


Change = Callable[[Kept, datetime], Kept]


@dataclass(frozen=True, slots=True)
class Quotas:
    """Everyone's. Raises DatabaseUnavailable and NotBuilt."""

    database: Database
    read_models: ReadModels
    own: OwnLimits
    everyone: int | None
    """What those may keep who were given nothing else; None for no limit."""

    def of(self, owner_id: str) -> int | None:
        """What someone may keep. The administrator's token has no quota."""
        return None if owner_id == ADMIN else self.own.storage_of(owner_id, self.everyone)

    async def standing(self, owner_id: str) -> Standing | None:
        """How someone stands; None where they have no quota."""
        limit = self.of(owner_id)
        if limit is None:
            return None
        return Standing(limit, (await self._read(owner_id)).at(await self.database.now()).used)

    async def hold(self, owner_id: str, id: str, size_bytes: int, lasts: timedelta) -> int:
        """Holds so much room, or what is held already where that is more. Raises OverQuota."""
        limit = self.of(owner_id)
        if limit is None:
            return size_bytes

        def more(kept: Kept, now: datetime) -> Kept:
            held, others = kept.holds.get(id), kept.holding(id, None)
            had = held.size_bytes if held else 0
            if size_bytes > had and others.used + size_bytes > limit:
                raise OverQuota(limit, max(0, limit - others.used))
            media_id = held.media_id if held else None
            return others.holding(id, Hold(max(size_bytes, had), now + lasts, media_id))

        try:
            after = await self._change(owner_id, more)
        except OverQuota:
            if not await self._counted_anew(owner_id):
                raise
            after = await self._change(owner_id, more)
        return after.holds[id].size_bytes

    async def became(self, owner_id: str, id: str, blob: Blob, media_id: str) -> None:
        """What was held is a medium now; bytes that its owner has already take no room. Done again, it
        changes nothing.
        """
        if self.of(owner_id) is None:
            return
        is_known = await has_another(self.read_models, owner_id, blob.sha256, media_id)

        def settled(kept: Kept, now: datetime) -> Kept:
            if id not in kept.holds or is_known:
                return kept.holding(id, None)
            return kept.holding(id, Hold(blob.size_bytes, now + _SEEN_WITHIN, media_id))

        await self._change(owner_id, settled)

    async def let_go(self, owner_id: str, id: str) -> None:
        """Nothing is held under that name any more."""
        if self.of(owner_id) is not None:
            await self._change(owner_id, lambda kept, _: kept.holding(id, None))

    async def deleted(self, owner_id: str, media_id: str, size_bytes: int, sha256: str) -> None:
        """A medium is gone: there is room for as much again, unless its owner has the same bytes twice."""
        if self.of(owner_id) is None:
            return
        if await has_another(self.read_models, owner_id, sha256, media_id):
            return

        def less(kept: Kept, _: datetime) -> Kept:
            fresh = [id for id, each in kept.holds.items() if each.media_id == media_id]
            return kept.holding(fresh[0], None) if fresh else kept.less(size_bytes)

        await self._change(owner_id, less)

    async def recount(self, owner_id: str) -> bool:
        """Counts anew what someone has; False, and nothing written, where that changes meanwhile."""
        before = await self._read(owner_id)
        size_bytes, seen = await count(self.read_models, owner_id)
        now = await self.database.now()
        after = before.at(now).recounted(size_bytes, seen, now)
        return await self._write(owner_id, before, after)

    async def counted_before(self, moment: datetime, limit: int) -> list[str]:
        """Some of those of whom the last count is older."""
        query = Query(order_by=COUNTED_AT, until=moment, limit=limit)
        return [each["_id"] for each in (await self.database.page(COLLECTION, query)).items]

    async def _counted_anew(self, owner_id: str) -> bool:
        """False where the last count is a moment ago."""
        kept = await self._read(owner_id)
        if kept.counted_at > await self.database.now() - _BELIEVED:
            return False
        await self.recount(owner_id)
        return True

    async def _change(self, owner_id: str, change: Change) -> Kept:
        for _ in range(_TRIES):
            before, now = await self._read(owner_id), await self.database.now()
            after = change(before.at(now), now)
            if await self._write(owner_id, before, after):
                return after
        raise Conflict("being-changed", "Too many uploads begin and end at once: try again in a moment.")

    async def _read(self, owner_id: str) -> Kept:
        document = await self.database.get(COLLECTION, owner_id)
        if document is not None:
            return read(document)
        size_bytes, _ = await count(self.read_models, owner_id)
        first = Kept(_BEGINNING_VERSION, size_bytes, await self.database.now())
        await self.database.insert(COLLECTION, {"_id": owner_id, **document_of(first)})
        return replace(first, version=_BEGINNING_VERSION + 1)

    async def _write(self, owner_id: str, before: Kept, after: Kept) -> bool:
        as_it_is = {"version": before.version}
        return await self.database.change(COLLECTION, owner_id, as_it_is, document_of(after))
