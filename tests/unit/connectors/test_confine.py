"""Tools give way to services, and what nobody waits for to everything else that runs."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from connectors.process import ToolRunner
from connectors.sandbox import Confinement, Isolation, Sandbox

AUTOGROUP = Path("/proc/self/autogroup")
SAYS = "import os; print(os.nice(0))"
SAYS_GROUP = f"print(open('{AUTOGROUP}').read())"


async def said(program: str, *, gives_way: bool) -> str:
    lines: list[str] = []
    walls = Confinement(read=(), wall_s=60, gives_way=gives_way)
    runner = ToolRunner(Sandbox(Isolation(())))
    await runner.run([sys.executable, "-I", "-S", "-c", program], walls, lines.append)
    return lines[0]


async def test_a_tool_comes_after_services_or_last_of_all() -> None:
    assert await said(SAYS, gives_way=True) == "19"
    assert await said(SAYS, gives_way=False) == str(min(19, os.nice(0) + 5))


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel does not weigh sessions")
async def test_its_session_gives_way_with_it() -> None:
    assert (await said(SAYS_GROUP, gives_way=True)).endswith(" nice 19")
    assert not (await said(SAYS_GROUP, gives_way=False)).endswith(" nice 19")
