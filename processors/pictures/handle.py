"""Events in, events out: an accepted medium becomes tasks, an image that was given or found becomes one, and
their ends become what is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.ports import Clock, Delivery
from processors.pictures import artworks
from processors.pictures.plan import RUN, PictureOutcome, read, tasks
from processors.runtime import Handled, Stage
from processors.work.ledger import Ledger
from processors.work.tasks import plan_event
from schemas import artwork
from schemas.events import Event, ItemChanged, MediaChanged, MediaProbed, TaskChanged
from schemas.medium import Medium
from schemas.pictures import CHANGE, KINDS, Drawn, NotDrawn, written

NAME = "pictures"
TOPICS = ("media.probed", "media.changed", "item.changed", "task.changed")
_ACTOR = f"service:{NAME}"


@dataclass(frozen=True, slots=True)
class Pictures:
    """The stage's handlers over their ports.

    Its tasks belong to no job, so that nothing fails or waits with them.
    """

    ledger: Ledger
    clock: Clock

    def stage(self) -> Stage:
        """The stage, for whatever process hosts it."""
        return Stage(name=NAME, topics=TOPICS, handle=self.handle)

    async def handle(self, deliveries: Sequence[Delivery]) -> Handled:
        """One event at a time."""
        match deliveries[0].event:
            case MediaProbed() as probed:
                return Handled(await self._planned(probed))
            case TaskChanged(state="completed", kind=kind) as done if kind in KINDS:
                drawn = read(PictureOutcome, done.outcome or "").drawn
                return Handled([self._known(done, drawn)] if drawn else [])
            case TaskChanged(state="dead", kind=kind) as dead if kind in KINDS:
                why = NotDrawn(code=dead.code or "failed", reason=dead.error or "it failed")
                return Handled([self._known(dead, why)])
            case MediaChanged(change=artwork.WANTED) | ItemChanged(change=artwork.WANTED) as wanted:
                return Handled(await self._wanted(wanted))
            case TaskChanged(state="completed" | "dead", kind=artwork.TASK) as ended:
                return Handled(await self._made(ended))
            case _:
                return Handled()

    async def _planned(self, probed: MediaProbed) -> list[Event]:
        owner_id, now = await self._owner(probed.media_id), self.clock.now()
        return [
            plan_event(
                probed.meta, now, _ACTOR, job_id=probed.media_id, run=RUN, kind=task.kind, plan=task.plan
            )
            for task in tasks(Medium.of(probed), probed.media_id, owner_id)
        ]

    def _known(self, task: TaskChanged, said: Drawn | NotDrawn) -> Event:
        return MediaChanged(
            meta=task.meta.then(_ACTOR, self.clock.now(), CHANGE),
            media_id=task.job_id,
            version=1,
            change=CHANGE,
            values={task.kind: written(said)},
        )

    async def _wanted(self, event: MediaChanged | ItemChanged) -> list[Event]:
        """A task for each image: what it is made of may be anything, and is opened behind the walls."""
        media_id = event.media_id if isinstance(event, MediaChanged) else None
        owner_id = await self._owner(media_id) if media_id else _ACTOR
        now, orders = self.clock.now(), artworks.orders(event)
        return [
            plan_event(
                event.meta,
                now,
                _ACTOR,
                job_id=artworks.job_id(order),
                run=RUN,
                kind=artwork.TASK,
                plan=artworks.plan(order, owner_id),
            )
            for order in orders
        ]

    async def _made(self, ended: TaskChanged) -> list[Event]:
        task = await self.ledger.get(ended.task_id)
        if task is None:
            return []
        order = artworks.read(task.plan.order)
        said: Drawn | NotDrawn | None
        if ended.state == "completed":
            said = read(PictureOutcome, ended.outcome or "").drawn
        else:
            said = NotDrawn(code=ended.code or "failed", reason=ended.error or "it failed")
        meta = ended.meta.then(_ACTOR, self.clock.now(), artwork.CHANGE)
        return [artworks.told(meta, order, said)] if said else []

    async def _owner(self, media_id: str) -> str:
        """Whose medium it is: every medium was looked at in a task of its owner's."""
        known = await self.ledger.of_job(media_id)
        return next((task.plan.owner_id for task in known), _ACTOR)
