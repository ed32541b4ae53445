"""Standing still is told from waiting one's turn."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from processors.transcode.handle import requested_job
from processors.work.jobs import PLANNED, WAITING, Jobs
from processors.work.ledger import MEDIA, Ledger
from processors.work.observer import Silent
from processors.work.stuck import Standstill, stuck
from processors.work.tasks import Task
from schemas.codec import Codec
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase

PATIENCE = timedelta(minutes=1)
NOTHING_YET = "it has no tasks yet, and nobody looks at its medium"
NOTHING_LEFT = "all its tasks have ended, and it has not"


def task(**more: Any) -> Task:
    return Task.planned(samples.task_changed(**more))


@pytest.mark.parametrize(
    ("tasks", "age_s", "state", "reason"),
    [
        pytest.param([], 30, WAITING, None, id="young"),
        pytest.param([], 90, WAITING, NOTHING_YET, id="nothing-yet"),
        pytest.param([], 90, PLANNED, NOTHING_LEFT, id="nothing-left"),
        pytest.param([task()], 90, PLANNED, None, id="waits-its-turn"),
        pytest.param([task(job_id="m1", kind="probe")], 90, WAITING, None, id="waits-for-its-probe"),
        pytest.param(
            [task(job_id="m1", kind="poster")], 90, PLANNED, NOTHING_LEFT, id="its-medium-s-pictures"
        ),
        pytest.param([task(job_id="j2")], 90, PLANNED, NOTHING_LEFT, id="another-s-task"),
        pytest.param(
            [task(plan=samples.plan(tools=["ffmpeg", "gpu", "handbrake"]))],
            90,
            PLANNED,
            "no living worker has gpu, handbrake",
            id="no-tools",
        ),
    ],
)
def test_a_job_stands_still_when_no_waiting_will_move_it(
    tasks: list[Task], age_s: float, state: str, reason: str | None
) -> None:
    job = replace(requested_job(samples.requested()), state=state)
    found = stuck([job], tasks, {"ffmpeg"}, job.requested_at + timedelta(seconds=age_s), PATIENCE)
    assert found == ({} if reason is None else {job.id: reason})


@pytest.mark.parametrize(
    ("facts", "still"),
    [({}, True), ({"held": {"location": "x"}}, False), ({"held": {"location": "x"}, "released": {}}, True)],
)
async def test_a_job_whose_medium_is_held_waits_for_people(facts: dict[str, Any], still: bool) -> None:
    database = MemoryDatabase()
    ledger = Ledger(database, Codec())
    job = requested_job(samples.requested())
    await Jobs(ledger, FakeClock(), "service:x").record(job)
    await database.insert(MEDIA, {"_id": job.media_id, **facts})
    standstill = Standstill(ledger, Silent(), PATIENCE)
    for _ in range(2):
        await standstill.look([], {"ffmpeg"}, job.requested_at + 2 * PATIENCE)
    assert bool(standstill.found) == still
