"""Which version of the software this is: the installed one, or the source's own where it runs uninstalled."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

_SOURCE = Path(__file__).parent.parent / "pyproject.toml"


@cache
def version() -> str:
    """The version."""
    if _SOURCE.is_file():
        return str(tomllib.loads(_SOURCE.read_text())["project"]["version"])
    return metadata.version("sluice")
