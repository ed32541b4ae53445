"""What attempts have in common: where the bytes are, and how much memory their tools may hold."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from connectors.ports import BlobArchived, BlobMissing, BlobStore
from connectors.rooted.located import is_in_root
from processors.work.execution import Execution, TaskFailed

ASK_BACK = "the source is in the archive: unarchive the medium, and retry when it is back"
SOURCE_GONE = "source_gone"
"""It was there when it was begun with, and is not any more: it may have been archived."""
_SPARE_MEMORY = 4


@asynccontextmanager
async def source_on_disk(blobs: BlobStore, location: str) -> AsyncIterator[Path]:
    """A file with the source's bytes. Raises TaskFailed, for good, where the store has none; a file in an
    operator's folder may just be on its way to another place.
    """
    async with AsyncExitStack() as stack:
        try:
            path = await stack.enter_async_context(blobs.on_disk(location))
        except BlobMissing as error:
            again = is_in_root(location)
            raise TaskFailed("bytes_missing", "the source is not in the store", again=again) from error
        except BlobArchived as error:
            raise TaskFailed("archived", ASK_BACK, again=False) from error
        yield path


@contextmanager
def unchanged(source: Path) -> Iterator[None]:
    """Raises TaskFailed, for good, where the source changes while it is read, whatever came of reading it.
    One that vanishes may be in the archive, and is looked for again.
    """
    before = _identity(source)
    try:
        yield
    except Exception as error:
        _refuse_changed(source, before, error)
        raise
    _refuse_changed(source, before)


def memory_allowed(execution: Execution) -> int:
    """How many bytes a task's tools may hold before they are taken for gone wrong."""
    return _SPARE_MEMORY * execution.task.plan.memory_mb << 20


def _identity(source: Path) -> tuple[int, int, int] | None:
    """What tells whether a file is still the one that it was; None where it is gone."""
    try:
        found = source.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _refuse_changed(
    source: Path, before: tuple[int, int, int] | None, cause: Exception | None = None
) -> None:
    """Raises TaskFailed where a file is not what it was."""
    now = _identity(source)
    if now is None:
        raise TaskFailed(SOURCE_GONE, "the source vanished while it was read", again=True) from cause
    if now != before:
        raise TaskFailed("source_changed", "the source changed while it was read", again=False) from cause
