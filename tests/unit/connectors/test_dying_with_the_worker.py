"""What a worker started is gone when the worker is, however it ended and whatever its tools were doing."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from tests.client import until

WORKER = """
import asyncio, dataclasses, sys
from connectors.brakes import Brakes
from connectors.process import ToolRunner
from connectors.sandbox import Confinement, Sandbox, find_isolation

async def work():
    isolation = find_isolation()
    if "bare" in sys.argv:
        isolation = dataclasses.replace(isolation, bubblewrap=None)
    brakes = Brakes()
    if "held" in sys.argv:
        brakes.hold(frozenset({"me"}))
    print("begins", flush=True)
    with brakes.owned("me"):
        await ToolRunner(Sandbox(isolation), brakes).run(
            [sys.executable, "-I", "-S", "-c", "import time; print('works', flush=True); time.sleep(600)"],
            Confinement(read=()), lambda line: print(line, flush=True))

asyncio.run(work())
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of a parent's death")


@contextlib.contextmanager
def worker(*how: str) -> Iterator[tuple[subprocess.Popen[str], list[psutil.Process]]]:
    """A worker that runs a tool, and a list for what it started, all of which is killed in the end."""
    family: list[psutil.Process] = []
    argv = [sys.executable, "-c", WORKER, *how]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as begun:
        try:
            assert begun.stdout is not None
            assert begun.stdout.readline() == "begins\n"
            yield begun, family
        finally:
            begun.kill()
            for one in family:
                with contextlib.suppress(psutil.Error):
                    one.kill()


def started_by(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).children(recursive=True)
    return []


def alive(family: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in family if is_alive(one)]


def is_alive(one: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    return False


def stands_still(family: list[psutil.Process]) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(family) and all(one.status() == psutil.STATUS_STOPPED for one in family)
    return False


@pytest.mark.parametrize("walls", ["whole", "bare"])
def test_a_tool_that_stands_still_dies_with_its_worker(walls: str) -> None:
    with worker("held", walls) as (begun, family):
        until(lambda: stands_still(started_by(begun.pid)), "the tool to stand still")
        family += started_by(begun.pid)
        os.kill(begun.pid, signal.SIGKILL)
        until(lambda: not alive(family), "the tool to be gone", 30)


@pytest.mark.parametrize("walls", ["whole", "bare"])
def test_a_tool_that_works_dies_with_its_worker(walls: str) -> None:
    with worker(walls) as (begun, family):
        assert begun.stdout is not None
        assert begun.stdout.readline() == "works\n"
        family += started_by(begun.pid)
        assert alive(family)
        os.kill(begun.pid, signal.SIGKILL)
        until(lambda: not alive(family), "the tool to be gone", 30)
