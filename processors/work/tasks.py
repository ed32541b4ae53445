"""A task as the ledger keeps it, and the events that tell of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors.ports import Document
from processors.work.demand import Want
from schemas import events
from schemas.events import Meta, TaskChanged, TaskPlan, derived_id, to_millis
from schemas.segments import Made

WAITING, READY, RUNNING = "waiting", "ready", "running"
COMPLETED, DEAD, CANCELLED = "completed", "dead", "cancelled"

WAITS = "waits"
"""The code under which a task is given back that waits for what is away or full."""

NOW, BACKGROUND = "now", "background"
"""What only the platform gives: someone waits for it; nobody does, not even for the whole."""

_PRIORITY_CLASSES = {NOW: 0, "high": 1, "normal": 2, "low": 3, BACKGROUND: 4}

SPARE_INDEX = 1_000_000
"""From here on tasks are second ones for what another task is late with: no job waits for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task: its plan, and where it stands."""

    id: str
    job_id: str
    run: int
    kind: str
    plan: TaskPlan
    created_at: datetime
    correlation_id: str
    planned_by: str
    """The event that planned it."""
    state: str
    epoch: int
    incarnation: str
    attempts: int
    """How often it failed."""
    lost: int = 0
    """How many workers went away while they had it."""
    worker: str | None = None
    lease_until: datetime | None = None
    not_before: datetime | None = None
    cancel: bool = False
    pause: bool = False
    """Whoever has it is to leave it: its job is paused."""
    wanted_at: datetime | None = None
    """When a viewer needs it; known to whoever listens, and kept nowhere."""
    awaited: bool = False
    """Whether someone sees nothing until some of it is there."""

    def wanted(self, want: Want | None) -> Task:
        """The same, as viewers want it now."""
        awaited = want is not None and want.waiting
        return replace(self, wanted_at=want.deadline if want else None, awaited=awaited)

    @classmethod
    def planned(cls, event: TaskChanged, state: str = WAITING) -> Task:
        """The task that a `planned` event tells of. Raises ValueError for another event."""
        if event.plan is None:
            raise ValueError(f"task.changed ({event.state}) carries no plan")
        return cls(
            id=event.task_id,
            job_id=event.job_id,
            run=event.run,
            kind=event.kind,
            plan=event.plan,
            created_at=event.meta.occurred_at,
            correlation_id=event.meta.correlation_id,
            planned_by=event.meta.event_id,
            state=state,
            epoch=event.epoch,
            incarnation=event.incarnation,
            attempts=event.attempts,
        )

    @classmethod
    def read(cls, document: Document) -> Task:
        """The task in a document."""
        kept = {name: document.get(name) for name in _PLAIN} | {"lost": document.get("lost", 0)}
        return cls(id=document["_id"], plan=TaskPlan(**document["plan"]), **kept)  # type: ignore[arg-type]

    def written(self) -> Document:
        """The document for a new task."""
        plan = {name: getattr(self.plan, name) for name in TaskPlan.__slots__}
        return {"_id": self.id, "plan": plan, "outbox": None, **{n: getattr(self, n) for n in _PLAIN}}

    @property
    def fence(self) -> dict[str, Any]:
        """What must still hold for whoever has this claim."""
        return {
            "state": RUNNING,
            "epoch": self.epoch,
            "incarnation": self.incarnation,
            "worker": self.worker,
        }

    @property
    def urgency(self) -> tuple[int, datetime, datetime, int]:
        """What sorts tasks: class, deadline, age, place in the run."""
        if self.wanted_at is not None:
            return (priority_class(NOW), self.wanted_at, self.created_at, self.plan.index)
        deadline = self.plan.deadline_at or self.created_at
        return (priority_class(self.plan.priority), deadline, self.created_at, self.plan.index)

    @property
    def shown(self) -> TaskPlan:
        """The plan as those who hear of it should see it now."""
        if self.wanted_at is None:
            return self.plan
        return replace(self.plan, priority=NOW, deadline_at=to_millis(self.wanted_at))

    @property
    def spare(self) -> bool:
        """Whether it only stands in for another."""
        return self.plan.index >= SPARE_INDEX

    @property
    def made(self) -> Made | None:
        """The segments it encodes; None for other work."""
        return Made.parse(self.plan.makes)

    @property
    def light(self) -> bool:
        """Over in a moment: it takes no job's place and waits for none."""
        return 0 < self.plan.cpu < 1

    @property
    def idle(self) -> bool:
        """It lives on what others leave of the processor: it takes no job's place either."""
        return self.plan.cpu == 0

    def told(self, state: str, actor: str, now: datetime, **more: Any) -> TaskChanged:
        """The event that says that this task, at this epoch, is now so."""
        meta = Meta(
            event_id=derived_id(self.id, self.incarnation, self.epoch, state),
            occurred_at=now,
            correlation_id=self.correlation_id,
            causation_id=self.planned_by,
            actor=actor,
        )
        said: dict[str, Any] = {"attempts": self.attempts, "worker": self.worker, **more}
        return TaskChanged(
            meta=meta,
            task_id=self.id,
            job_id=self.job_id,
            run=self.run,
            kind=self.kind,
            state=state,
            epoch=self.epoch,
            incarnation=self.incarnation,
            **said,
        )

    def again(self, plan: TaskPlan, actor: str, now: datetime) -> TaskChanged:
        """The event that plans a second task beside this one."""
        cause = Meta(
            event_id=self.planned_by,
            occurred_at=self.created_at,
            correlation_id=self.correlation_id,
            causation_id=None,
            actor=actor,
        )
        return plan_event(cause, now, actor, job_id=self.job_id, run=self.run, kind=self.kind, plan=plan)


_PLAIN: Sequence[str] = tuple(name for name in Task.__slots__ if name not in ("id", "plan", "wanted_at"))


def priority_class(name: str) -> int:
    """Where a priority stands: lower goes first; a name nobody knows counts as normal."""
    return _PRIORITY_CLASSES.get(name, _PRIORITY_CLASSES["normal"])


def plan_event(
    cause: Meta, now: datetime, actor: str, *, job_id: str, run: int, kind: str, plan: TaskPlan
) -> TaskChanged:
    """The event that plans a task; planning the same task again gives the same ids."""
    task_id = derived_id(job_id, run, kind, plan.index)
    return events.TaskChanged(
        meta=cause.decided(actor, now, task_id, "planned"),
        task_id=task_id,
        job_id=job_id,
        run=run,
        kind=kind,
        state="planned",
        epoch=0,
        incarnation="",
        plan=plan,
        attempts=0,
    )
