"""Frees at once what processors take away: what was refused, or went by a policy, is nobody's any more.

Every replica hears of it and counts: a count that another began earlier may not have seen it yet.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import structlog

from connectors.ports import Document, OneOf, Transient
from connectors.read_models import NotBuilt
from gateway.media.existing import MEDIA
from gateway.media.versions import VERSIONS
from gateway.quotas.counting import counts
from gateway.quotas.quotas import Quotas
from schemas.events import Event, MediaChanged, MediaRejected
from schemas.versions import FIRST_DROPPED

log = structlog.get_logger()

_GONE = frozenset({"deleted", FIRST_DROPPED})
_BY_PROCESSORS = "service:"
"""What the actor of such an event begins with; what people delete is freed as they do."""
_GATHERS_S = 1.0
_PAGE = 500
_MOST_LOOKS = 30
_MOST = 10_000
"""What is not remembered is counted within the hour."""


@dataclass(slots=True)
class Freeing:
    """One replica's."""

    quotas: Quotas
    _files: dict[str, int] = field(default_factory=dict)
    """What is gone, and how often it was looked for in the read models."""
    _owners: set[str] = field(default_factory=set)
    """Who is to be counted."""
    _stirred: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, event: Event) -> None:
        """Takes in that a file is gone."""
        if not isinstance(event, MediaRejected | MediaChanged) or len(self._files) >= _MOST:
            return
        is_gone = isinstance(event, MediaRejected) or event.change in _GONE
        if is_gone and event.meta.actor.startswith(_BY_PROCESSORS):
            self._files[event.media_id] = 0
            self._stirred.set()

    async def run(self) -> None:
        """Never ends. What goes soon after something else is counted with it."""
        while True:
            await self._stirred.wait()
            await asyncio.sleep(_GATHERS_S)
            self._stirred.clear()
            try:
                await self.once()
            except (Transient, NotBuilt) as error:
                log.warning("quotas are freed later", error=str(error))
            if self._files or self._owners:
                self._stirred.set()

    async def once(self) -> None:
        """Counts for those of whom something is gone, once the read models know.

        Raises Transient, NotBuilt.
        """
        for document in await self._documents():
            if not counts(document):
                self._owners.add(document["upload"]["owner_id"])
                self._files.pop(document["_id"], None)
        self._files = {id: looks + 1 for id, looks in self._files.items() if looks < _MOST_LOOKS}
        for owner_id in sorted(self._owners):
            if self.quotas.of(owner_id) is None or await self.quotas.recount(owner_id):
                self._owners.discard(owner_id)

    async def _documents(self) -> list[Document]:
        ids = tuple(self._files)
        select = self.quotas.read_models.select
        found = [
            each
            for name in (MEDIA, VERSIONS)
            for at in range(0, len(ids), _PAGE)
            for each in await select(name, {"_id": OneOf(ids[at : at + _PAGE])}, _PAGE)
        ]
        return [each for each in found if "upload" in each and "status" in each]
