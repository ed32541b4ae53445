"""The ledger: which tasks there are and who has them. Every change is one compare-and-set on one document.

`task.changed` owns a task's plan; the lease fields (state, epoch, worker, lease, …) belong to whoever
wins the compare-and-set. What a transition has to tell is stored with it in the task's outbox, so that it is
told even if whoever won dies at once.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from connectors.ports import Database, Document, FromNow, OneOf, Plus
from connectors.read_models import STATE
from processors.work.tasks import CANCELLED, COMPLETED, DEAD, READY, RUNNING, WAITING, Task
from schemas.codec import Codec
from schemas.events import Event, TaskChanged

TASKS = "tasks"
JOBS = "ledger_jobs"
MEDIA = "ledger_media"
EARLY = "ledger_early"
SCHEDULES = "ledger_schedules"
"""For each schedule the last moment at which it was heeded."""
LEDGER = "ledger"
"""The id of the document that says which life of the ledger this is."""

INDEXES: dict[str, list[list[str]]] = {
    TASKS: [["state"], ["job_id"], ["outbox.topic"], ["plan.makes"]],
    JOBS: [["media_id"], ["state"], ["outbox.topic"], ["pause.on"]],
    MEDIA: [["uploaded.location"], ["probed.location"], ["probed.sha256"], ["held.location"]],
    EARLY: [["job_id"]],
    SCHEDULES: [["outbox.topic"]],
}


class Hold(enum.Enum):
    """Whether a claim holds, and whether anybody wants it to."""

    KEPT = "kept"
    PAUSED = "paused"
    """It holds, but its job is paused."""
    LOST = "lost"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Told:
    """An outbox: an event that is decided but perhaps not yet published."""

    collection: str
    id: str
    event: Event


@dataclass(frozen=True, slots=True)
class Ledger:
    """The tasks, over a database."""

    database: Database
    codec: Codec

    async def incarnation(self) -> str | None:
        """Which life of the ledger this is; None while claims are shut, for a rebuild is under way."""
        document = await self.database.get(STATE, LEDGER)
        return document["incarnation"] if document and document["open"] else None

    async def get(self, task_id: str) -> Task | None:
        """One task."""
        document = await self.database.get(TASKS, task_id)
        return Task.read(document) if document else None

    async def in_state(self, state: str, limit: int = 100_000) -> list[Task]:
        """The tasks in one state."""
        return [Task.read(d) for d in await self.database.select(TASKS, {"state": state}, limit)]

    async def of_job(self, job_id: str) -> list[Task]:
        """The tasks of all of a job's runs."""
        return [Task.read(d) for d in await self.database.select(TASKS, {"job_id": job_id}, 100_000)]

    async def record(self, *planned: TaskChanged) -> None:
        """Takes planned tasks in; those that are known already stay as they are."""
        await self.database.insert_all(TASKS, [Task.planned(event).written() for event in planned])

    async def admit(self, task: Task) -> bool:
        """Lets a waiting task into the window; False where it is not waiting any more."""
        if await self._let_in(task):
            return True
        # The leader may hear of a task before its plan is projected: then it writes the plan itself. The
        # projection may come between the two steps, hence the third.
        if task.epoch == 0 and await self.database.insert(TASKS, replace(task, state=READY).written()):
            return True
        return await self._let_in(task)

    async def _let_in(self, task: Task) -> bool:
        where = {"state": WAITING, "epoch": task.epoch, "attempts": task.attempts}
        return await self.database.change(TASKS, task.id, where, {"state": READY})

    async def claim(
        self, task_id: str, epoch: int, worker: str, lease: timedelta, incarnation: str | None = None
    ) -> Task | None:
        """Takes a ready task; None where someone else was faster or claims are shut.

        `incarnation` is what a moment ago was the ledger's, for who has just asked.
        """
        incarnation = incarnation or await self.incarnation()
        if incarnation is None:
            return None
        return await self._take(task_id, epoch, {"state": READY}, worker, lease, incarnation)

    async def claim_planned(self, task: Task, worker: str, lease: timedelta, incarnation: str) -> Task | None:
        """Takes a task that was only just planned, past the window; None where someone else was faster, or
        makes the same.
        """
        if await self._made_by_others(task):
            return None
        idle = {"state": OneOf((WAITING, READY)), "attempts": 0, "lost": 0}
        claimed = await self._take(task.id, 0, idle, worker, lease, incarnation)
        if claimed is None:  # perhaps its plan is not projected yet, or was between these steps
            await self.database.insert(TASKS, task.written())
            claimed = await self._take(task.id, 0, idle, worker, lease, incarnation)
        if claimed and any(other.id < task.id for other in await self._made_by_others(task)):
            await self.release(claimed)  # both looked before either began
            return None
        return claimed

    async def _made_by_others(self, task: Task) -> list[Task]:
        """The tasks that make the same and are let in or running."""
        found = await self.database.select(TASKS, {"plan.makes": task.plan.makes}) if task.plan.makes else []
        under_way = [Task.read(document) for document in found if document["state"] in (READY, RUNNING)]
        return [other for other in under_way if other.id != task.id]

    async def _take(
        self, task_id: str, epoch: int, idle: Mapping[str, Any], worker: str, lease: timedelta, life: str
    ) -> Task | None:
        where = {**idle, "epoch": epoch, "cancel": False}
        to = {
            "state": RUNNING,
            "epoch": Plus(1),
            "incarnation": life,
            "worker": worker,
            "lease_until": FromNow(lease),
            "pause": False,
        }
        if not await self.database.change(TASKS, task_id, where, to):
            return None
        task = await self.get(task_id)
        return task if task and task.worker == worker and task.epoch == epoch + 1 else None

    async def renew(self, task: Task, lease: timedelta) -> Hold:
        """Keeps a claim for another lease."""
        where, to = {**task.fence, "cancel": False}, {"lease_until": FromNow(lease)}
        if await self.database.change(TASKS, task.id, {**where, "pause": False}, to):
            return Hold.KEPT
        renewed = await self.database.change(TASKS, task.id, where, to)
        now = await self.get(task.id)
        if renewed:
            return Hold.PAUSED if now and now.pause else Hold.KEPT
        return Hold.CANCELLED if now and now.cancel and now.fence == task.fence else Hold.LOST

    async def complete(self, task: Task, event: TaskChanged) -> bool:
        """Ends a task well; False where the claim is lost or the task was cancelled meanwhile."""
        to = {"state": COMPLETED, "lease_until": None, "outbox": self.outbox(event)}
        return await self.database.change(TASKS, task.id, {**task.fence, "cancel": False}, to)

    async def fail(self, task: Task, event: TaskChanged, retry_in: timedelta | None) -> bool:
        """Ends an attempt badly; with `retry_in` None the task is dead."""
        to: dict[str, Any] = {
            "state": DEAD if retry_in is None else WAITING,
            "attempts": event.attempts,
            "worker": None,
            "lease_until": None,
            "not_before": None if retry_in is None else FromNow(retry_in),
            "outbox": self.outbox(event),
        }
        return await self.database.change(TASKS, task.id, task.fence, to)

    async def release(self, task: Task, again_in: timedelta | None = None) -> bool:
        """Gives a task back unfinished, without counting it as a failure; nobody has it before that time."""
        to: dict[str, Any] = {"state": WAITING, "worker": None, "lease_until": None}
        if again_in is not None:
            to["not_before"] = FromNow(again_in)
        return await self.database.change(TASKS, task.id, task.fence, to)

    async def expire(self, task: Task, event: TaskChanged) -> bool:
        """Takes a task from a worker that is gone or seems so; harmless where it has renewed its lease."""
        where = {**task.fence, "lease_until": task.lease_until}
        to = {
            "state": DEAD if event.state == DEAD else CANCELLED if task.cancel else WAITING,
            "lost": task.lost + 1,
            "worker": None,
            "lease_until": None,
            "outbox": self.outbox(event),
        }
        return await self.database.change(TASKS, task.id, where, to)

    async def wanted(self, task: Task) -> Hold:
        """Whether the task's job still wants what was just claimed: cancelled where its run is over."""
        job = await self.database.get(JOBS, task.job_id)
        if job is None:
            return Hold.KEPT
        if job["run"] != task.run or job["verdict"] is not None:
            return Hold.CANCELLED
        pause = job.get("pause") or {}
        return Hold.PAUSED if pause.get("on") and pause["run"] == task.run else Hold.KEPT

    async def drop(self, task: Task) -> bool:
        """Ends a claimed task whose result nobody wants."""
        to = {"state": CANCELLED, "worker": None, "lease_until": None, "cancel": True}
        return await self.database.change(TASKS, task.id, task.fence, to)

    async def cancel_run(self, job_id: str, run: int) -> None:
        """Ends the tasks of a run: at once where nobody has them, by its next renewal where someone has."""
        for task in await self.of_job(job_id):
            if task.run != run:
                continue
            idle = {"state": OneOf((WAITING, READY))}
            if not await self.database.change(TASKS, task.id, idle, {"state": CANCELLED, "cancel": True}):
                await self.database.change(TASKS, task.id, {"state": RUNNING}, {"cancel": True})

    async def pause_run(self, job_id: str, run: int, on: bool) -> None:
        """Takes a run's tasks out of the window and asks for those that run; or asks for them no more."""
        for task in await self.of_job(job_id):
            if task.run != run:
                continue
            if not (on and await self.database.change(TASKS, task.id, {"state": READY}, {"state": WAITING})):
                await self.database.change(TASKS, task.id, {"state": RUNNING}, {"pause": on})

    async def set_priority(self, job_id: str, priority: str) -> None:
        """Changes the priority of a job's tasks."""
        for task in await self.of_job(job_id):
            idle = {"state": OneOf((WAITING, READY, RUNNING))}
            await self.database.change(TASKS, task.id, idle, {"plan.priority": priority})

    async def outboxes(self) -> list[Told]:
        """What is decided and perhaps not yet told."""
        return [
            Told(collection, document["_id"], self.decoded(document["outbox"]))
            for collection in (TASKS, JOBS, SCHEDULES)
            for document in await self._with_outbox(collection)
        ]

    async def settle(self, told: Told) -> None:
        """Empties an outbox whose event the broker has."""
        where = {"outbox.event_id": told.event.meta.event_id}
        await self.database.change(told.collection, told.id, where, {"outbox": None})

    async def now(self) -> datetime:
        """The clock by which leases are measured."""
        return await self.database.now()

    def outbox(self, event: Event) -> Document:
        """An event as an outbox keeps it."""
        record = self.codec.encode(event)
        return {"topic": record.topic, "event_id": event.meta.event_id, "value": record.value}

    def decoded(self, outbox: Document) -> Event:
        """The event in an outbox."""
        return self.codec.decode(outbox["topic"], bytes(outbox["value"]))

    async def _with_outbox(self, collection: str) -> list[Document]:
        topics = OneOf(("task.changed", "media.processed", "chore.requested"))
        return await self.database.select(collection, {"outbox.topic": topics}, 100)
