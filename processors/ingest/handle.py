"""Events in, events out: an upload becomes a probe task, its outcome a verdict on the medium.

The gateway hashed the bytes as they came. An accepted medium is read again while nobody waits for it: what is
found then to be other than it was is rejected after all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from connectors.ports import BlobStore, Clock, Delivery
from connectors.rooted.located import is_in_root
from processors.ingest.plan import (
    AFTER_UPLOAD,
    CHECK,
    PROBE,
    CheckOrder,
    CheckOutcome,
    ProbeOrder,
    ProbeOutcome,
    check_plan,
    probe_plan,
    released_plan,
)
from processors.ingest.quarantine import HELD, RELEASED, Quarantine, held
from processors.runtime import Handled, Stage
from processors.work.jobs import KnownMedia
from processors.work.ledger import Ledger
from processors.work.tasks import plan_event
from schemas.events import (
    Event,
    MediaChanged,
    MediaProbed,
    MediaRejected,
    MediaUploaded,
    Meta,
    Stream,
    TaskChanged,
    TaskPlan,
    derived_id,
)
from schemas.versions import version_of

NAME = "ingest"
TOPICS = ("media.uploaded", "media.changed", "task.changed")
_ACTOR = f"service:{NAME}"
_MALWARE = "malware"
_OTHER_BYTES = "its bytes are not those that were uploaded; upload it again"


@dataclass(frozen=True, slots=True)
class Ingest:
    """The stage's handlers over their ports."""

    blobs: BlobStore
    media: KnownMedia
    ledger: Ledger
    clock: Clock

    @property
    def quarantine(self) -> Quarantine:
        """What was held."""
        return Quarantine(self.blobs, self.media)

    def stage(self) -> Stage:
        """The stage, for whatever process hosts it."""
        return Stage(name=NAME, topics=TOPICS, handle=self.handle)

    async def handle(self, deliveries: Sequence[Delivery]) -> Handled:
        """One event at a time."""
        match deliveries[0].event:
            case MediaUploaded() as uploaded:
                await self.media.record(uploaded.media_id, "uploaded", {"location": uploaded.location})
                return Handled([self._probe(uploaded)])
            case TaskChanged(kind="probe", state="completed") as done:
                return await self._verdict(done)
            case TaskChanged(kind="probe", state="dead") as dead:
                reason = f"it could not be probed: {dead.error}"
                return Handled([self._rejected(dead, dead.code or "cannot_probe", reason)])
            case TaskChanged(kind="check", state="completed") as done:
                return await self._checked(done)
            case MediaChanged(change="released") as review if review.meta.actor != _ACTOR:
                return await self._released(review)
            case MediaChanged(change="destroyed") as review:
                return await self._destroyed(review)
            case MediaChanged(change="moved") as moved:
                await self.media.moved_to(moved.media_id, moved.version, moved.values.get("place", ""))
                return Handled()
            case MediaChanged(change="deleted") as deleted:
                await self.media.record(deleted.media_id, "deleted", {"at": deleted.meta.occurred_at})
                await self.quarantine.let_go(deleted.media_id)
                return Handled()
            case _:
                return Handled()

    def _probe(self, uploaded: MediaUploaded) -> Event:
        order = ProbeOrder(
            location=uploaded.location,
            size_bytes=uploaded.size_bytes,
            sha256=uploaded.sha256,
            name=uploaded.name,
        )
        return self._planned(uploaded.meta, uploaded.media_id, PROBE, probe_plan(uploaded, order))

    async def _check(self, done: TaskChanged) -> list[Event]:
        probe = await self.ledger.get(done.task_id)
        if probe is None:
            return []
        asked = ProbeOrder(**orjson.loads(probe.plan.order))
        if is_in_root(asked.location):  # it was not uploaded: nothing may have gone wrong on the way
            return []
        order = CheckOrder(location=asked.location, size_bytes=asked.size_bytes, sha256=asked.sha256)
        plan = check_plan(done.job_id, probe.plan.owner_id, order)
        return [self._planned(done.meta, done.job_id, CHECK, plan)]

    def _planned(self, cause: Meta, media_id: str, kind: str, plan: TaskPlan) -> Event:
        return plan_event(cause, self.clock.now(), _ACTOR, job_id=media_id, run=1, kind=kind, plan=plan)

    async def _verdict(self, done: TaskChanged) -> Handled:
        outcome = ProbeOutcome(**orjson.loads(done.outcome or "{}"))
        if outcome.finding is not None:
            return await self._found(done, outcome)
        await self.quarantine.let_go(done.job_id)
        if outcome.code is not None:
            if not await self.media.others_want(outcome.location, but=done.job_id):
                await self.blobs.remove(outcome.location)
            return Handled([self._rejected(done, outcome.code, outcome.reason or outcome.code)])
        return Handled([self._probed(done, outcome), *await self._check(done)])

    async def _found(self, done: TaskChanged, outcome: ProbeOutcome) -> Handled:
        """The scanner found something: the medium is held, unless someone has let these bytes in before."""
        if await self.quarantine.lets_in(done.job_id, outcome):
            return Handled(await self._probe_again(done.job_id, done.meta))
        await self.quarantine.hold(done.job_id, outcome)
        if version_of(done.job_id):
            return await self._not_replaced(done, outcome)
        if "deleted" in await self.media.get(done.job_id):
            await self.quarantine.let_go(done.job_id)
        values = held(outcome.held_at or "", outcome.finding or "")
        return Handled([self._changed(done.meta, done.job_id, HELD, values)])

    async def _not_replaced(self, done: TaskChanged, outcome: ProbeOutcome) -> Handled:
        """What was to take a medium's place is not held for people: the medium goes on as it was."""
        reason = f"the virus scanner found {outcome.finding} in it"
        await self.media.record(done.job_id, "rejected", {"code": _MALWARE, "reason": reason})
        await self.quarantine.let_go(done.job_id)
        return Handled([self._rejected(done, _MALWARE, reason)])

    async def _released(self, review: MediaChanged) -> Handled:
        """Someone let a medium in: it is probed after all, and so are those held for the same."""
        alike = [each["_id"] for each in await self.quarantine.alike(review.media_id)]
        probes = [event for id in alike for event in await self._probe_again(id, review.meta)]
        others = [id for id in alike if id != review.media_id]
        told = [self._changed(review.meta, id, RELEASED, review.values) for id in others]

        async def settle() -> None:
            for id in alike:
                await self.media.record(id, RELEASED, {"at": review.meta.occurred_at})

        return Handled([*told, *probes], [settle])

    async def _destroyed(self, review: MediaChanged) -> Handled:
        """Someone has the bytes of a medium destroyed: it is rejected, and so is all that has them."""
        same = await self.quarantine.all_of(review.media_id)
        reason = f"its bytes were destroyed after a review: {review.values.get('reason', '')}"
        await self.quarantine.destroy(same)

        async def settle() -> None:
            for each in same:
                await self.media.record(each["_id"], "rejected", {"code": _MALWARE, "reason": reason})

        return Handled([self._refused(review.meta, each["_id"], _MALWARE, reason) for each in same], [settle])

    async def _probe_again(self, media_id: str, cause: Meta) -> list[Event]:
        probe = await self.ledger.get(derived_id(media_id, 1, PROBE, AFTER_UPLOAD))
        return [self._planned(cause, media_id, PROBE, released_plan(probe.plan))] if probe else []

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
        return self._refused(cause.meta, cause.job_id, code, reason)

    def _refused(self, cause: Meta, media_id: str, code: str, reason: str) -> Event:
        meta = cause.then(_ACTOR, self.clock.now(), media_id, "rejected")
        return MediaRejected(meta=meta, media_id=media_id, code=code, reason=reason)

    def _changed(self, cause: Meta, media_id: str, change: str, values: Mapping[str, str]) -> Event:
        meta = cause.then(_ACTOR, self.clock.now(), media_id, change)
        return MediaChanged(meta=meta, media_id=media_id, version=1, change=change, values=dict(values))
