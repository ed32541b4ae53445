"""What the system tells of changes in folders, over watchfiles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from pathlib import Path

import psutil
from watchfiles import awatch

_STEP_MS, _DEBOUNCE_MS = 50, 400
_SILENT = ("nfs", "cifs", "smb", "9p", "afp", "ceph", "glusterfs", "fuse", "vboxsf", "drvfs", "virtiofs")
"""File systems whose changes are made elsewhere, and not told of here: what their names begin with."""


class SystemNotices:
    """See processors.folders.watching.Notices."""

    def refusal(self, folder: Path) -> str | None:
        """Why nothing would be told of a folder: it is on a disk of another machine."""
        mounts = [each for each in psutil.disk_partitions(all=True) if folder.is_relative_to(each.mountpoint)]
        kind = max(mounts, key=lambda each: len(each.mountpoint)).fstype.lower() if mounts else ""
        return f"the system tells of no changes on {kind}" if kind.startswith(_SILENT) else None

    async def changed(self, folders: Collection[Path]) -> AsyncIterator[set[Path]]:
        """What has changed. Raises OSError where the system watches no more folders."""
        there = [folder for folder in folders if folder.is_dir() and not folder.is_symlink()]
        async for changes in awatch(
            *there,
            watch_filter=None,
            recursive=False,
            debounce=_DEBOUNCE_MS,
            step=_STEP_MS,
            ignore_permission_denied=True,
        ):
            yield {Path(path) for _, path in changes}
