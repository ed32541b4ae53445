"""What people did with media, from the audit log, in one collection for each month: old ones go whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from connectors.ports import Clock, Database, Merge
from connectors.read_models import collection
from schemas.activity import ACTIONS, MONTHS, month_of, months_before, of_month
from schemas.events import AuditRecorded

ACTIVITY_INDEXES = [["created_at"], ["user_id", "created_at"]]
_ALLOWED = "allowed"
_EVERY_MONTH = 10_000


def acted(event: AuditRecorded) -> list[Merge]:
    """A row in its month, and that there is such a month; nothing for what is not of people and media."""
    if event.action not in ACTIONS or event.outcome != _ALLOWED:
        return []
    at = event.meta.occurred_at
    row = {
        "created_at": at,
        "user_id": event.actor_id,
        "action": event.action,
        "kind": event.target_kind,
        "target": event.target_id,
        "count": event.count,
        "details": event.details,
    }
    month = month_of(at)
    return [Merge(of_month(month), event.meta.event_id, row), Merge(MONTHS, month, {"is_kept": True})]


async def months(database: Database, generation: str) -> list[str]:
    """The months that a generation has."""
    found = await database.select(collection(MONTHS, generation), {}, _EVERY_MONTH)
    return sorted(document["_id"] for document in found)


async def prepare_months(database: Database, generation: str, merges: Iterable[Merge]) -> None:
    """Makes the indexes of the months that these steps touch; they may be the first of theirs."""
    for month in {merge.id for merge in merges if merge.collection == MONTHS}:
        for fields in ACTIVITY_INDEXES:
            await database.index(collection(of_month(month), generation), fields)


@dataclass(slots=True)
class Keeping:
    """How many months of activity are kept, the present one among them; 0 keeps all."""

    months: int = 0
    _swept: tuple[str, str] = ("", "")

    def kept(self, merges: Iterable[Merge], now: datetime) -> list[Merge]:
        """These steps without those of months that are not kept any more."""
        every, oldest = list(merges), self._oldest(now)
        beyond = {m.id for m in every if m.collection == MONTHS and m.id < oldest}
        gone = {(MONTHS, month) for month in beyond}
        rows = {of_month(month) for month in beyond}
        return [m for m in every if m.collection not in rows and (m.collection, m.id) not in gone]

    async def sweep(self, database: Database, generation: str, clock: Clock) -> None:
        """Drops the months that are too old, once a month and at the start. Harmless when repeated."""
        now = clock.now()
        if self._swept == (generation, month_of(now)):
            return
        oldest = self._oldest(now)
        for month in await months(database, generation):
            if month < oldest:
                await database.drop(collection(of_month(month), generation))
                await database.remove(collection(MONTHS, generation), month)
        self._swept = (generation, month_of(now))

    def _oldest(self, now: datetime) -> str:
        return months_before(month_of(now), self.months - 1) if self.months else ""
