"""Background work gives way to others on the machine: a table, and real processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from connectors.brakes import Brakes
from processors.work.admission import Limits
from processors.work.attempt import Attempt
from processors.work.giving_way import Load, memory_is_short, share
from processors.work.governor import Governor
from processors.work.load import LoadMeter
from processors.work.minder import Minder
from processors.work.standing import Standing
from processors.work.tasks import Task
from tests import samples
from tests.fakes import FakeClock

SPIN = ("/bin/sh", "-c", "while :; do :; done")


def limits(cpu: float = 80.0, memory: float = 90.0) -> Limits:
    return Limits(max_jobs=1, cpu_percent=cpu, memory_percent=memory)


@pytest.mark.parametrize(
    ("before", "cpu", "own", "limit", "after"),
    [
        (1.0, 100.0, 98.0, 50.0, 1.0),  # nobody else works
        (1.0, 60.0, 30.0, 80.0, 1.0),  # there is room for all
        (1.0, 100.0, 50.0, 80.0, 0.8),  # 30 are left of 50 that we would take: half way there
        (0.6, 80.0, 30.0, 80.0, 0.6),  # as it should be
        (0.1, 100.0, 1.0, 80.0, 0.1),  # others take it all: never less than this
        (0.1, 100.0, 0.0, 80.0, 0.2),  # nothing of ours was seen: a little more, to see
        (0.5, 100.0, 30.0, 100.0, 1.0),  # without a limit the system shares
    ],
)
def test_others_come_first(before: float, cpu: float, own: float, limit: float, after: float) -> None:
    assert share(before, Load(cpu, own, 0.0), limits(limit)) == pytest.approx(after)


def test_it_settles_where_all_together_are_at_the_limit() -> None:
    running = 1.0
    for _ in range(20):
        running = share(running, Load(40 + 60 * running, 60 * running, 0.0), limits(70))
    assert 40 + 60 * running == pytest.approx(70, abs=0.5)
    for _ in range(3):
        running = share(running, Load(60 * running, 60 * running, 0.0), limits(70))
    assert running == 1.0


@pytest.mark.parametrize(("used", "short"), [(89.0, False), (90.0, False), (91.0, True)])
def test_memory_is_short_above_its_limit(used: float, short: bool) -> None:
    assert memory_is_short(Load(0.0, 0.0, used), limits()) is short


@asynccontextmanager
async def spinning() -> AsyncIterator[int]:
    """A process that takes all of one processor."""
    tool = await asyncio.create_subprocess_exec(*SPIN, start_new_session=True)
    try:
        yield tool.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(tool.pid, signal.SIGKILL)
        await tool.wait()


def minder_with_one_task(brakes: Brakes) -> Minder:
    task = Task.planned(samples.task_changed(task_id="t1", plan=samples.plan(makes="film/p:0+8")))
    attempt = Attempt(task, None, None)  # type: ignore[arg-type]
    return Minder(FakeClock(), {"t1": attempt}, Standing("w1"), 1, brakes=brakes)


async def test_a_real_tool_is_slowed_while_others_take_the_processor() -> None:
    brakes = Brakes()
    minder = minder_with_one_task(brakes)
    governor = Governor(minder, limits(cpu=40), LoadMeter(lambda: brakes.groups), moment_s=0.2)
    async with contextlib.AsyncExitStack() as others, spinning() as tool:
        for _ in range(psutil.cpu_count() or 1):
            await others.enter_async_context(spinning())
        with brakes.owned("t1"), brakes.running(tool):
            governing = asyncio.create_task(governor.run())
            states: set[bool] = set()
            async with asyncio.timeout(60):
                while governor.share > 0.3 or len(states) < 2:
                    await asyncio.sleep(0.01)
                    states.add(psutil.Process(tool).status() == psutil.STATUS_STOPPED)
            governing.cancel()
            await asyncio.gather(governing, return_exceptions=True)
            minder.let_all_go()
    assert states == {True, False}, "it is stopped for a part of each moment, and goes on"


async def test_what_is_ours_is_told_from_what_is_others() -> None:
    brakes = Brakes()
    meter = LoadMeter(lambda: brakes.groups)
    async with spinning() as tool, spinning():
        with brakes.owned("t1"), brakes.running(tool):
            meter()
            async with asyncio.timeout(60):
                while True:
                    await asyncio.sleep(0.3)
                    load = meter()
                    if load.own_percent > 5 and load.others_percent > 5:
                        break
    assert load.own_percent < load.cpu_percent <= 100
    assert 0 < load.memory_percent < 100
