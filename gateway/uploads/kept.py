"""The uploads that are under way: whose they are, what their senders said of them, which replica has one.

Working state: when it is lost, uploads are begun again. How far one has come is not in here: its bytes say.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

import structlog

from connectors.ports import Database, DatabaseUnavailable, Document, FromNow, Page, Query
from gateway.errors import Gone, Hidden, NotFound, Problem
from gateway.pages import Paging
from gateway.uploads.upload import EXPIRES, Said, Upload, read
from schemas.events import new_id

log = structlog.get_logger()

COLLECTION = "uploads"
OWNER = ["owner_id", "created_at"]


@dataclass(frozen=True, slots=True)
class Lease:
    """How long one replica goes on with an upload against all others."""

    lasts_s: float = 12
    """Unless it is renewed: whoever falls silent, or dies, loses it then."""
    renew_s: float = 3
    silent_s: float = 3
    """Whose sender has said nothing for so long gives way to who wants to go on."""

    @property
    def lasts(self) -> timedelta:
        """The same, as the database counts."""
        return timedelta(seconds=self.lasts_s)


@dataclass(slots=True)
class Held:
    """An upload that this replica alone goes on with."""

    upload: Upload
    hold: str
    heard_at: float = field(default_factory=time.monotonic)

    def heard(self) -> None:
        """Takes note that its sender is there."""
        self.heard_at = time.monotonic()


class Locked(Problem):
    """Someone else goes on with it at the moment."""

    status = HTTPStatus.LOCKED

    def __init__(self) -> None:
        detail = "Another request is going on with this upload: ask for its offset, then retry."
        super().__init__("upload-locked", detail, headers={"Retry-After": "1"})


class Uploads:
    """All uploads, over all replicas. Raises DatabaseUnavailable."""

    def __init__(self, database: Database, instance: str, lasts: timedelta, lease: Lease = Lease()) -> None:
        self._database = database
        self._lease = lease
        self._instance = instance
        self._process = new_id()
        self._lasts = lasts

    async def begin(
        self,
        id: str,
        owner_id: str,
        said: Said,
        length: int | None,
        at_most: int,
        part_bytes: int | None = None,
    ) -> Upload:
        """Writes a new one down, or finds it where that was done. Raises Problem for one too many."""
        now = await self._database.now()
        document: Document = {
            "_id": id,
            "owner_id": owner_id,
            **{name: getattr(said, name) for name in Said.__slots__},
            "length": length,
            "part_bytes": part_bytes,
            "sure_to": None,
            "is_whole": False,
            "accepted": None,
            "hold": None,
            "held_by": None,
            "held_until": now,
            "is_wanted": False,
            "created_at": now,
            EXPIRES: now + self._lasts,
        }
        if await self._database.insert(COLLECTION, document):
            await self._refuse_many(id, owner_id, at_most)
        return read(await self._document(id, owner_id))

    async def _refuse_many(self, id: str, owner_id: str, at_most: int) -> None:
        """Counts after the new one is in, so that two at once can't both be the last."""
        found = await self._database.select(COLLECTION, {"owner_id": owner_id, "accepted": None})
        now = await self._database.now()
        if sum(each[EXPIRES] > now for each in found) > at_most:
            await self._database.remove(COLLECTION, id)
            raise Problem(
                "too-many-uploads",
                f"You have {at_most} unfinished uploads, and may have no more: end some first.",
                status=HTTPStatus.TOO_MANY_REQUESTS,
            )

    async def find(self, id: str, owner_id: str) -> Upload:
        """One of someone's own. Raises NotFound, and Gone for one that was left for too long."""
        return read(await self._document(id, owner_id))

    async def _document(self, id: str, owner_id: str, now: datetime | None = None) -> Document:
        found = await self._database.get(COLLECTION, id)
        if found is None:
            raise NotFound("upload-not-found", _MISSING)
        if found["owner_id"] != owner_id:
            raise Hidden("upload-not-found", _MISSING)
        if found[EXPIRES] <= (now or await self._database.now()):
            raise Gone("upload-expired", "Nobody went on with this upload in time: begin it again.")
        return found

    async def page(self, owner_id: str, paging: Paging) -> tuple[list[Upload], str | None]:
        """Someone's unfinished ones, newest first. Raises BadCursor."""
        asked = Query({"owner_id": owner_id}, {"accepted": None}, limit=paging.limit, cursor=paging.cursor)
        found: Page = await self._database.page(COLLECTION, asked)
        now = await self._database.now()
        return [read(each) for each in found.items if each[EXPIRES] > now], found.next

    async def left_whole(self) -> list[Upload]:
        """Those that are all there, are no media yet, and are held by nobody."""
        found = await self._database.select(COLLECTION, {"is_whole": True, "accepted": None})
        now = await self._database.now()
        return [read(each) for each in found if each["held_until"] <= now or self._is_of_a_former_self(each)]

    async def note(self, held: Held, **to: Any) -> None:
        """Writes something down of an upload that is held. Raises Locked where it is not held any more."""
        if not await self._database.change(COLLECTION, held.upload.id, {"hold": held.hold}, to):
            raise Locked()

    async def forget(self, held: Held) -> None:
        """Removes one."""
        await self._database.remove(COLLECTION, held.upload.id)

    @asynccontextmanager
    async def holding(self, id: str, owner_id: str) -> AsyncIterator[Held]:
        """Holds an upload against all others. Raises NotFound, Gone, and Locked where another has it.

        Whoever loses it inside is ended with the same problem.
        """
        held = await self._take(id, owner_id)
        limit: asyncio.Timeout | None = None
        try:
            async with asyncio.timeout(None) as limit:
                renewing = asyncio.create_task(self._renew(held, limit))
                try:
                    yield held
                finally:
                    renewing.cancel()
        except TimeoutError:
            if limit is None or not limit.expired():
                raise
            raise Locked() from None
        finally:
            await self._release(held)

    async def _take(self, id: str, owner_id: str) -> Held:
        now, hold = await self._database.now(), new_id()
        found = await self._document(id, owner_id, now)
        if found["held_until"] > now and not self._is_of_a_former_self(found):
            await self._database.change(COLLECTION, id, {"hold": found["hold"]}, {"is_wanted": True})
            raise Locked()
        as_it_is = {"hold": found["hold"], "held_until": found["held_until"]}
        mine = {"hold": hold, "held_by": [self._instance, self._process], "is_wanted": False}
        if not await self._database.change(COLLECTION, id, as_it_is, mine | self._longer()):
            raise Locked()
        return Held(read(await self._document(id, owner_id)), hold)

    def _is_of_a_former_self(self, found: Document) -> bool:
        """Whether a process of our name held it, and is gone: there is one of each name."""
        by = found["held_by"]
        return by is not None and by[0] == self._instance and by[1] != self._process

    def _longer(self) -> Document:
        return {"held_until": FromNow(self._lease.lasts), EXPIRES: FromNow(self._lasts)}

    async def _renew(self, held: Held, limit: asyncio.Timeout) -> None:
        """Keeps it, until it is lost or someone else wants it while its sender is silent."""
        good_until = time.monotonic() + self._lease.lasts_s
        while time.monotonic() < good_until:
            await asyncio.sleep(self._lease.renew_s)
            began = time.monotonic()
            try:
                if await self._is_to_give_way(held):
                    break
                await self.note(held, **self._longer())
                good_until = began + self._lease.lasts_s
            except Locked:
                break
            except DatabaseUnavailable as error:
                log.warning("upload not held on to", error=str(error))
        limit.reschedule(asyncio.get_running_loop().time())

    async def _is_to_give_way(self, held: Held) -> bool:
        if time.monotonic() - held.heard_at < self._lease.silent_s:
            return False
        found = await self._database.get(COLLECTION, held.upload.id)
        return found is not None and bool(found["is_wanted"])

    async def _release(self, held: Held) -> None:
        free = {"hold": None, "held_by": None, "held_until": FromNow(timedelta())}
        try:
            await self._database.change(
                COLLECTION, held.upload.id, {"hold": held.hold}, free | {EXPIRES: FromNow(self._lasts)}
            )
        except DatabaseUnavailable as error:
            log.warning("upload not let go of", error=str(error))


_MISSING = "There is no such upload, or no more: begin it again."
