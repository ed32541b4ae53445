"""What a worker runs to probe a medium: nothing here trusts the file."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson
import structlog

from connectors.media_tools import MediaRefused, MediaTools
from connectors.ports import BlobMissing, BlobStore
from connectors.process import ToolFailed
from processors.ingest.plan import ProbeOrder, ProbeOutcome
from processors.work.execution import Execution

log = structlog.get_logger()


class Straightener(Protocol):
    """What copies a medium whose clock restarts; see connectors.file_tools."""

    async def straighten(self, source: Path, demuxer: str, target: Path) -> None:
        """Writes the same medium with a clock that only goes forward, as Matroska. Raises ToolFailed."""
        ...


@dataclass(frozen=True, slots=True)
class Probe:
    """Reads a blob again from the store: its hash, its kind, its streams."""

    blobs: BlobStore
    tools: MediaTools
    files: Straightener

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises ToolFailed for what may go better next time."""
        order = ProbeOrder(**orjson.loads(execution.task.plan.order))
        return orjson.dumps(asdict(await self._probe(order, execution.folder))).decode()

    async def _probe(self, order: ProbeOrder, folder: Path) -> ProbeOutcome:
        def refused(code: str, reason: str) -> ProbeOutcome:
            return ProbeOutcome(location=order.location, code=code, reason=reason)

        try:
            path = await self.blobs.local_path(order.location)
        except BlobMissing:
            return refused("bytes_missing", "its bytes are not in the store; upload it again")
        if order.size_bytes == 0:
            return refused("empty", "the file is empty")
        digest, said = await asyncio.gather(asyncio.to_thread(_hash, path), self._looked_at(path))
        if digest != order.sha256:
            return refused("corrupt", "its bytes are not those that were uploaded; upload it again")
        if isinstance(said, MediaRefused):
            return refused(said.code, str(said))
        if isinstance(said, ToolFailed):
            raise said
        location = order.location
        if said.pop("clock_restarts"):
            location, said = await self._straightened(path, folder, location, said)
        return ProbeOutcome(location=location, size_bytes=order.size_bytes, sha256=digest, **said)

    async def _looked_at(self, path: Path) -> dict[str, Any] | MediaRefused | ToolFailed:
        """What the tool says; what it stumbles over is looked into once the bytes are known to be right."""
        try:
            return await self.tools.probe(path)
        except (MediaRefused, ToolFailed) as error:
            return error

    async def _straightened(
        self, path: Path, folder: Path, location: str, said: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Where the medium is with a clock that does not restart, for all that is made of it, and what it is
        then; as it was where that can't be had.
        """
        target = folder / "straight.mkv"
        try:
            await self.files.straighten(path, said["container"], target)
            straight = await self.tools.probe(target)
        except (ToolFailed, MediaRefused) as error:
            log.warning("what comes after its clock restarts is lost", location=location, error=str(error))
            return location, said
        straight.pop("clock_restarts")
        return (await self.blobs.adopt(target, "straight", target.suffix)).location, straight


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
