"""Events in, events out: an accepted medium becomes tasks, and their ends become what is known of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.ports import Clock, Delivery
from processors.pictures.plan import RUN, PictureOrder, PictureOutcome, Planned, first, read, rest
from processors.runtime import Handled, Stage
from processors.work.ledger import Ledger
from processors.work.tasks import plan_event
from schemas.events import Event, MediaChanged, MediaProbed, Meta, TaskChanged
from schemas.pictures import CHANGE, KINDS, POSTER, Drawn, NotDrawn, written
from schemas.renditions import Medium

NAME = "pictures"
TOPICS = ("media.probed", "task.changed")
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
                medium, owner_id = Medium.of(probed), await self._owner(probed.media_id)
                tasks = first(medium, probed.media_id, owner_id)
                return Handled(self._events(tasks, probed.media_id, probed.meta))
            case TaskChanged(state="completed", kind=kind) as done if kind in KINDS:
                drawn = read(PictureOutcome, done.outcome or "").drawn
                return await self._ended(done, drawn) if drawn else Handled()
            case TaskChanged(state="dead", kind=kind) as dead if kind in KINDS:
                return await self._ended(dead, _why(dead))
            case _:
                return Handled()

    async def _ended(self, task: TaskChanged, said: Drawn | NotDrawn) -> Handled:
        known = MediaChanged(
            meta=task.meta.then(_ACTOR, self.clock.now(), CHANGE),
            media_id=task.job_id,
            version=1,
            change=CHANGE,
            values={task.kind: written(said)},
        )
        return Handled([known, *(await self._rest(task) if task.kind == POSTER else ())])

    async def _rest(self, poster: TaskChanged) -> list[Event]:
        task = await self.ledger.get(poster.task_id)
        if task is None:
            return []
        medium = read(PictureOrder, task.plan.order).medium
        return self._events(rest(medium, task.job_id, task.plan.owner_id), task.job_id, poster.meta)

    def _events(self, tasks: Iterable[Planned], media_id: str, cause: Meta) -> list[Event]:
        now = self.clock.now()
        return [
            plan_event(cause, now, _ACTOR, job_id=media_id, run=RUN, kind=task.kind, plan=task.plan)
            for task in tasks
        ]

    async def _owner(self, media_id: str) -> str:
        """Whose medium it is: every medium was looked at in a task of its owner's."""
        tasks = await self.ledger.of_job(media_id)
        return next((task.plan.owner_id for task in tasks), _ACTOR)


def _why(dead: TaskChanged) -> NotDrawn:
    return NotDrawn(code=dead.code or "failed", reason=dead.error or "it failed")
