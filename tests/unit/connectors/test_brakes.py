"""Whole process groups are stopped and go on, for their owners; with real processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

import psutil
import pytest

from connectors.brakes import Brakes

NOBODY: frozenset[str] = frozenset()


@asynccontextmanager
async def group(members: int = 2) -> AsyncIterator[int]:
    """A process group: a tool, and a child of it unless it is to be alone."""
    argv = ("/bin/sh", "-c", "sleep 60 & wait") if members == 2 else ("/bin/sh", "-c", "exec sleep 60")
    tool = await asyncio.create_subprocess_exec(*argv, start_new_session=True)
    try:
        async with asyncio.timeout(20):
            while len(psutil.Process(tool.pid).children()) != members - 1:
                await asyncio.sleep(0.005)
        yield tool.pid
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(tool.pid, signal.SIGKILL)
        await tool.wait()


def stopped(pid: int) -> bool:
    """Whether all of a group stand still; fails where some do and some don't."""
    tool = psutil.Process(pid)
    states = {one.status() == psutil.STATUS_STOPPED for one in (tool, *tool.children())}
    assert len(states) == 1
    return states.pop()


async def becomes(pid: int, wanted: bool) -> None:
    async with asyncio.timeout(10):
        while True:
            with contextlib.suppress(AssertionError):
                if stopped(pid) is wanted:
                    return
            await asyncio.sleep(0.002)


async def stays(pid: int, wanted: bool) -> None:
    for _ in range(5):
        await asyncio.sleep(0.002)
        assert stopped(pid) is wanted


async def is_gone(pid: int) -> None:
    async with asyncio.timeout(10):
        while psutil.pid_exists(pid):
            await asyncio.sleep(0.002)


async def test_what_runs_for_someone_is_held_and_let_go() -> None:
    brakes = Brakes()
    async with group() as pid:
        with brakes.owned("ann"), brakes.running(pid):
            await stays(pid, False)
            brakes.hold(frozenset({"ann"}))
            await becomes(pid, True)
            brakes.hold(frozenset({"ann", "bob"}))
            await stays(pid, True)
            brakes.hold(frozenset({"bob"}))
            await becomes(pid, False)


async def test_the_others_go_on() -> None:
    brakes = Brakes()
    async with group() as one, group() as other:
        with brakes.owned("ann"), brakes.running(one), brakes.owned("bob"), brakes.running(other):
            brakes.hold(frozenset({"ann"}))
            await becomes(one, True)
            await stays(other, False)
            brakes.hold(frozenset({"bob"}))
            await becomes(one, False)
            await becomes(other, True)
            brakes.hold(NOBODY)
            await becomes(other, False)


async def test_what_begins_while_its_owner_is_held_is_held_from_the_start() -> None:
    brakes = Brakes()
    brakes.hold(frozenset({"ann"}))
    async with group() as pid:
        with brakes.owned("ann"), brakes.running(pid):
            await becomes(pid, True)
            brakes.hold(NOBODY)
            await becomes(pid, False)


async def test_what_has_ended_is_never_signalled() -> None:
    brakes = Brakes()
    async with group() as pid:
        with brakes.owned("ann"), brakes.running(pid):
            pass
        brakes.hold(frozenset({"ann"}))
        await stays(pid, False)


async def test_what_runs_for_nobody_is_never_held() -> None:
    brakes = Brakes()
    async with group() as pid:
        with brakes.running(pid):
            brakes.hold(frozenset({"ann", ""}))
            await stays(pid, False)


async def test_a_tool_that_has_died_meanwhile_is_no_matter() -> None:
    brakes = Brakes()
    async with group(1) as pid:
        with brakes.owned("ann"), brakes.running(pid):
            os.killpg(pid, signal.SIGKILL)
            await is_gone(pid)
            brakes.hold(frozenset({"ann"}))
            brakes.hold(NOBODY)
        assert brakes._groups == {}


async def test_a_held_tool_can_still_be_killed() -> None:
    brakes = Brakes()
    async with group(1) as pid:
        with brakes.owned("ann"), brakes.running(pid):
            brakes.hold(frozenset({"ann"}))
            await becomes(pid, True)
            os.killpg(pid, signal.SIGKILL)
            await is_gone(pid)


async def test_an_owner_is_one_of_the_task_that_named_it() -> None:
    brakes = Brakes()

    async def run_for(owner: str, pid: int, check: Awaitable[None]) -> None:
        with brakes.owned(owner):
            await asyncio.sleep(0)
            with brakes.running(pid):
                await check

    async def hold() -> None:
        while len(brakes._groups) < 2:
            await asyncio.sleep(0)
        brakes.hold(frozenset({"ann"}))

    async with group() as one, group() as other:
        async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
            tasks.create_task(run_for("ann", one, becomes(one, True)))
            tasks.create_task(run_for("bob", other, becomes(one, True)))
            tasks.create_task(hold())
        assert (stopped(one), stopped(other)) == (True, False)


def test_an_owner_is_forgotten_when_its_work_fails() -> None:
    brakes = Brakes()
    with pytest.raises(RuntimeError, match="broken"), brakes.owned("ann"), brakes.running(1 << 30):
        raise RuntimeError("broken")
    assert brakes._groups == {}
    with brakes.running(1 << 30):
        assert brakes._groups == {}
