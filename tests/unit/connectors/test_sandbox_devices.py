"""Devices that encode pictures are open to runs in hardware, and to no others."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from connectors.process import ToolRunner
from connectors.sandbox import Confinement, Isolation, Sandbox, find_isolation

PROGRAM = """
import sys
for path in sys.argv[1:]:
    try:
        with open(path, "r+b", buffering=0) as device:
            device.write(b"x")
        print("open")
    except OSError as error:
        print("shut", error.strerror)
"""


@pytest.fixture(scope="module")
def isolation() -> Isolation:
    found = find_isolation()
    if sys.platform != "linux" or found.weak:
        pytest.skip("walls that hold are what this is about")
    return found


@pytest.fixture
def devices(tmp_path: Path) -> list[Path]:
    """Two nodes that swallow what is written, as a graphics driver's do."""
    made = [tmp_path / "card0", tmp_path / "other"]
    try:
        for path in made:
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
            path.open("wb").close()
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")
    return made


@pytest.mark.parametrize("bubblewrap", [True, False])
async def test_only_a_run_in_hardware_reaches_the_devices(
    isolation: Isolation, devices: list[Path], bubblewrap: bool
) -> None:
    walls = isolation if bubblewrap else Isolation(isolation.layers)
    runner = ToolRunner(Sandbox(walls, graphics=(str(devices[0].with_name("card*")), "/dev/none*")))
    program = [sys.executable, "-I", "-S", "-c", PROGRAM, *map(str, devices)]
    for hardware in (True, False):
        lines: list[str] = []
        await runner.run(program, Confinement(read=(), wall_s=60, hardware=hardware), lines.append)
        assert [line.split()[0] for line in lines] == ["open" if hardware else "shut", "shut"], lines
