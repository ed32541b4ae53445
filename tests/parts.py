"""Tests over several processes: one runs a folder whose tests share servers, or a file."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

_WHOLE = ("e2e", "drills", "ui", "contract")
"""Folders that stay together; those that take longest begin first."""


def part(nodeid: str) -> str:
    """Which part a test belongs to."""
    path = PurePosixPath(nodeid.partition("::")[0])
    return next((name for name in _WHOLE if name in path.parts[:2]), path.as_posix())


def rank(nodeid: str) -> int:
    """Where a test's part stands."""
    name = part(nodeid)
    return _WHOLE.index(name) if name in _WHOLE else len(_WHOLE)


class Parts(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process one part after another, in the order in which the tests are."""

    def _split_scope(self, nodeid: str) -> str:
        return part(nodeid)
