"""Tests over several processes: one runs a folder whose tests share servers, or a file."""

from __future__ import annotations

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

_WHOLE = ("e2e", "drills", "ui", "contract")
"""Folders that stay together; those that take longest begin first."""
_OF_ITS_OWN = frozenset(
    f"test_{name}.py"
    for name in (
        "backups",
        "crashes",
        "exactness",
        "full_disks",
        "hardware",
        "hardware_jobs",
        "s3",
        "tls",
        "uploads",
    )
)
"""Files in them that share nothing with the others: they start what they need themselves."""


def part(nodeid: str) -> str:
    """Which part a test belongs to."""
    path = PurePosixPath(nodeid.partition("::")[0])
    folder = next((name for name in _WHOLE if name in path.parts[:2]), None)
    return path.as_posix() if folder is None or path.name in _OF_ITS_OWN else folder


def rank(nodeid: str) -> int:
    """Where a test's part stands."""
    name = part(nodeid)
    if name in _WHOLE:
        return _WHOLE.index(name)
    return len(_WHOLE) + (PurePosixPath(name).name not in _OF_ITS_OWN)


class Parts(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process one part after another, in the order in which the tests are."""

    def _split_scope(self, nodeid: str) -> str:
        return part(nodeid)
