"""A process with all that it started."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from connectors.family import family

_NEST = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
_BY_THREAD = f"import threading; threading.Thread(target=lambda: exec({_NEST!r})).start()"


@pytest.fixture(params=[True, False], ids=["the kernel", "all processes"])
def asked(request: pytest.FixtureRequest) -> Callable[[int], list[int]]:
    return lambda pid: [member.pid for member in family(pid, quickly=request.param)]


@pytest.mark.parametrize("script", [_NEST, _BY_THREAD], ids=["main thread", "another thread"])
def test_it_is_whole_whichever_thread_started_whom(asked: Callable[[int], list[int]], script: str) -> None:
    outer = subprocess.Popen([sys.executable, "-c", script])
    try:
        deadline = time.monotonic() + 30
        while len(asked(outer.pid)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        found = asked(outer.pid)
        assert found[0] == outer.pid
        assert psutil.Process(found[1]).ppid() == outer.pid
    finally:
        for pid in reversed(asked(outer.pid)):
            psutil.Process(pid).kill()
        outer.wait()


def test_who_is_gone_has_none(asked: Callable[[int], list[int]]) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert asked(gone.pid) == []
