"""Events in, events out: an upload becomes a probe task, its outcome a verdict on the medium.

The gateway hashed the bytes as they came. An accepted medium is read again while nobody waits for it: what is
found then to be other than it was is rejected after all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from connectors.ports import BlobStore, Clock, Delivery
from processors.ingest.plan import (
    CHECK,
    PROBE,
    CheckOrder,
    CheckOutcome,
    ProbeOrder,
    ProbeOutcome,
    check_plan,
    probe_plan,
)
from processors.runtime import Handled, Stage
from processors.work.jobs import KnownMedia
from processors.work.ledger import Ledger
from processors.work.tasks import plan_event
from schemas.events import (
    Event,
    MediaProbed,
    MediaRejected,
    MediaUploaded,
    Meta,
    Stream,
    TaskChanged,
    TaskPlan,
)

NAME = "ingest"
TOPICS = ("media.uploaded", "task.changed")
_ACTOR = f"service:{NAME}"
_OTHER_BYTES = "its bytes are not those that were uploaded; upload it again"


@dataclass(frozen=True, slots=True)
class Ingest:
    """The stage's handlers over their ports."""

    blobs: BlobStore
    media: KnownMedia
    ledger: Ledger
    clock: Clock

    def stage(self) -> Stage:
        """The stage, for whatever process hosts it."""
        return Stage(name=NAME, topics=TOPICS, handle=self.handle)

    async def handle(self, deliveries: Sequence[Delivery]) -> Handled:
        """One event at a time."""
        match deliveries[0].event:
            case MediaUploaded() as uploaded:
                return Handled([self._probe(uploaded)])
            case TaskChanged(kind="probe", state="completed") as done:
                return await self._verdict(done)
            case TaskChanged(kind="probe", state="dead") as dead:
                reason = f"it could not be probed: {dead.error}"
                return Handled([self._rejected(dead, dead.code or "cannot_probe", reason)])
            case TaskChanged(kind="check", state="completed") as done:
                return await self._checked(done)
            case _:
                return Handled()

    def _probe(self, uploaded: MediaUploaded) -> Event:
        order = ProbeOrder(location=uploaded.location, size_bytes=uploaded.size_bytes, sha256=uploaded.sha256)
        return self._planned(uploaded.meta, uploaded.media_id, PROBE, probe_plan(uploaded, order))

    async def _check(self, done: TaskChanged) -> list[Event]:
        probe = await self.ledger.get(done.task_id)
        if probe is None:
            return []
        asked = ProbeOrder(**orjson.loads(probe.plan.order))
        order = CheckOrder(location=asked.location, size_bytes=asked.size_bytes, sha256=asked.sha256)
        plan = check_plan(done.job_id, probe.plan.owner_id, order)
        return [self._planned(done.meta, done.job_id, CHECK, plan)]

    def _planned(self, cause: Meta, media_id: str, kind: str, plan: TaskPlan) -> Event:
        return plan_event(cause, self.clock.now(), _ACTOR, job_id=media_id, run=1, kind=kind, plan=plan)

    async def _verdict(self, done: TaskChanged) -> Handled:
        outcome = ProbeOutcome(**orjson.loads(done.outcome or "{}"))
        if outcome.code is not None:
            if not await self.media.accepted_from(outcome.location):
                await self.blobs.remove(outcome.location)
            return Handled([self._rejected(done, outcome.code, outcome.reason or outcome.code)])
        return Handled([self._probed(done, outcome), *await self._check(done)])

    async def _checked(self, done: TaskChanged) -> Handled:
        outcome = CheckOutcome(**orjson.loads(done.outcome or "{}"))
        if outcome.sound:
            return Handled()
        await self.blobs.remove(outcome.location)
        return Handled([self._rejected(done, "corrupt", _OTHER_BYTES)])

    def _probed(self, done: TaskChanged, outcome: ProbeOutcome) -> Event:
        return MediaProbed(
            meta=done.meta.then(_ACTOR, self.clock.now(), "probed"),
            media_id=done.job_id,
            location=outcome.location,
            container=outcome.container,
            duration_ms=outcome.duration_ms,
            start_us=outcome.start_us,
            bit_rate=outcome.bit_rate,
            size_bytes=outcome.size_bytes,
            sha256=outcome.sha256,
            streams=[Stream(**stream) for stream in outcome.streams],
            tags=outcome.tags,
        )

    def _rejected(self, cause: TaskChanged, code: str, reason: str) -> Event:
        meta = cause.meta.then(_ACTOR, self.clock.now(), "rejected")
        return MediaRejected(meta=meta, media_id=cause.job_id, code=code, reason=reason)
