"""Who may follow which events: those who may see the medium that they are about."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import structlog

from connectors.ports import Document, Transient
from connectors.read_models import NotBuilt, ReadModels
from gateway.access.gate import Gate
from gateway.access.policy import Level
from gateway.auth.principal import Principal
from gateway.events.lanes import Batch
from gateway.events.live import Outbox
from gateway.events.messages import Message
from gateway.jobs.makers import JOBS
from gateway.media.existing import MEDIA
from gateway.playback.recent import remember
from schemas.events import Event, MediaUploaded, TranscodeRequested
from schemas.versions import work_of

log = structlog.get_logger()

_KEPT = 10_000
_GOOD_FOR_S = 2.0
"""What was changed about a medium's access is in force after this."""
_AGAIN_S = 0.5
_MOST_VERDICTS = 1_000
_UNKNOWN = (0.0, False)


@dataclass(slots=True)
class Audience:
    """Decides for each message, mostly by what it remembers."""

    read_models: ReadModels
    gate: Gate
    _owners: OrderedDict[str, str] = field(default_factory=OrderedDict)
    """Of media that were uploaded a moment ago, and which no read model may know yet."""
    _media_of: OrderedDict[str, str] = field(default_factory=OrderedDict)
    """The media that jobs are about."""
    _documents: OrderedDict[str, tuple[float, Document | None]] = field(default_factory=OrderedDict)

    def hear(self, event: Event) -> None:
        """Takes note of what is new."""
        if isinstance(event, MediaUploaded):
            remember(self._owners, work_of(event.media_id), event.owner_id, _KEPT)
        if isinstance(event, TranscodeRequested):
            remember(self._media_of, event.job_id, work_of(event.media_id), _KEPT)

    async def messages(self, outbox: Outbox) -> AsyncIterator[Message]:
        """What is for this client of what waits for it. Where that can't be told, it waits."""
        async for message in outbox.messages():
            if outbox.principal.sees_all or await self._may_know(outbox.principal, message):
                yield message

    async def batches(self, outbox: Outbox) -> AsyncIterator[Batch]:
        """The same, by as much as waits."""
        async for batch in outbox.batches():
            known = batch if outbox.principal.sees_all else await self._known(outbox, batch)
            if known.messages and not outbox.is_dropped:
                yield known

    async def _known(self, outbox: Outbox, batch: Batch) -> Batch:
        now, refused = time.monotonic(), set()
        for about, message in batch.abouts.items():
            until, verdict = outbox.verdicts.get(about, _UNKNOWN)
            if until <= now:
                verdict = await self._may_know(outbox.principal, message)
                self._keep_verdict(outbox, message, verdict)
            if not verdict:
                refused.add(about)
        return batch.without(refused) if refused else batch

    def _keep_verdict(self, outbox: Outbox, message: Message, verdict: bool) -> None:
        """For as long as what is known of the medium is good for."""
        media_id = message.media_id or self._media_of.get(message.job_id or "")
        if media_id is None:
            return
        if len(outbox.verdicts) >= _MOST_VERDICTS:
            outbox.verdicts.clear()
        until, _ = self._documents.get(media_id, (time.monotonic() + _GOOD_FOR_S, None))
        outbox.verdicts[message.about] = (until, verdict)

    async def _may_know(self, principal: Principal, message: Message) -> bool:
        while True:
            try:
                return await self.may_follow(principal, message)
            except (Transient, NotBuilt) as error:
                log.info("who may follow can't be told now", error=str(error))
                await asyncio.sleep(_AGAIN_S)

    async def may_follow(self, principal: Principal, message: Message) -> bool:
        """Whether someone may know of an event. Raises DatabaseUnavailable and NotBuilt."""
        media_id = message.media_id or await self._medium(message.job_id)
        if media_id is None:
            return False
        if self._owners.get(media_id) == principal.id:
            return True
        return await self.may_see(principal, media_id)

    async def may_see(self, principal: Principal, media_id: str) -> bool:
        """Whether someone may see a medium, as of a moment ago. Raises DatabaseUnavailable and NotBuilt."""
        if principal.sees_all:
            return True
        document = await self._document(media_id)
        return document is not None and self.gate.level(principal, document) >= Level.VIEW

    async def _medium(self, job_id: str | None) -> str | None:
        if job_id is None:
            return None
        known = self._media_of.get(job_id)
        if known is None and (job := await self.read_models.get(JOBS, job_id)) is not None:
            known = (job.get("request") or {}).get("media_id")
            if known is not None:
                remember(self._media_of, job_id, known, _KEPT)
        return known

    async def _document(self, media_id: str) -> Document | None:
        """While the database is away, what was known before stands."""
        until, document = self._documents.get(media_id, (0.0, None))
        if time.monotonic() < until:
            return document
        try:
            document = await self.read_models.get(MEDIA, media_id)
        except (Transient, NotBuilt):
            if document is None:
                raise
        remember(self._documents, media_id, (time.monotonic() + _GOOD_FOR_S, document), _KEPT)
        return document
