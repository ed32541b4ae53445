"""Programs that tests need and that the environment does not bring: found, or on a Debian installed."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import pytest

HANDBRAKE = ("handbrake-cli", "HandBrakeCLI")
CLAMD = ("clamav-daemon", "clamd")
_STEPS = (("update",), ("install", "-y", "--no-install-recommends"))
_WITHIN_S = 600
_SERVERS = ("/usr/sbin", "/sbin")
"""Where Debian has programs that users seldom start."""


@cache
def program(package: str, *names: str) -> str | None:
    """Where a program is that goes by one of these names; on a Debian that we are root of, its package is
    installed where it lacks.
    """
    found = _found(names)
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        _install(package)
        found = _found(names)
    return found


def _install(package: str) -> None:
    """apt-get refuses to run beside itself, and tests run in several processes."""
    with (Path(tempfile.gettempdir()) / "sluice-tests-apt.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for step in _STEPS:
            command = ["apt-get", "-qq", *step, *([package] if step[0] == "install" else [])]
            subprocess.run(command, capture_output=True, timeout=_WITHIN_S, check=False)


def required(package: str, *names: str) -> str:
    """The program; skips the test where there is none."""
    found = program(package, *names)
    if found is None:
        pytest.skip(f"there is no {names[0]} here, and it cannot be installed without root")
    return found


def _found(names: tuple[str, ...]) -> str | None:
    where = os.pathsep.join([os.environ.get("PATH", os.defpath), *_SERVERS])
    return next((path for name in names if (path := shutil.which(name, path=where))), None)
