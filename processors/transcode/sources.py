"""What attempts have in common: where the bytes are, and how much memory their tools may hold."""

from __future__ import annotations

from pathlib import Path

from connectors.ports import BlobMissing, BlobStore
from processors.work.execution import Execution, TaskFailed

_SPARE_MEMORY = 4


async def local_source(blobs: BlobStore, location: str) -> Path:
    """Where the source's bytes are. Raises TaskFailed, for good."""
    try:
        return await blobs.local_path(location)
    except BlobMissing as error:
        raise TaskFailed("bytes_missing", "the source is not in the store", again=False) from error


async def is_there(blobs: BlobStore, location: str) -> bool:
    """Whether the store has it."""
    try:
        await blobs.local_path(location)
    except BlobMissing:
        return False
    return True


def memory_allowed(execution: Execution) -> int:
    """How many bytes a task's tools may hold before they are taken for gone wrong."""
    return _SPARE_MEMORY * execution.task.plan.memory_mb << 20
