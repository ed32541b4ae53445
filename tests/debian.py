"""Programs that tests need beside the product's own; on a Debian that we are root of they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess


def program(package: str, *names: str) -> str | None:
    """The first of these programs that there is, if need be from this package; None where there is none."""
    found = _found(names)
    if found is None and shutil.which("apt-get") and os.geteuid() == 0:
        for step in (("update",), ("install", "-y", "--no-install-recommends", package)):
            subprocess.run(["apt-get", "-qq", *step], capture_output=True, timeout=600, check=False)
        found = _found(names)
    return found


def _found(names: tuple[str, ...]) -> str | None:
    return next((path for name in names if (path := shutil.which(name))), None)
