"""Which version of Sluice this is."""

from __future__ import annotations

import tomllib
from functools import cache

from deploy.local.settings import ROOT


@cache
def version() -> str:
    """The version that pyproject.toml names."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
