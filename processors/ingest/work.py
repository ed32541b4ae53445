"""What a worker runs to probe a medium: nothing here trusts the file."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from connectors.media_tools import MediaRefused, MediaTools
from connectors.ports import BlobMissing, BlobStore
from processors.ingest.plan import ProbeOrder, ProbeOutcome
from processors.work.execution import Execution


@dataclass(frozen=True, slots=True)
class Probe:
    """Reads a blob again from the store: its hash, its kind, its streams."""

    blobs: BlobStore
    tools: MediaTools

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
        digest = await asyncio.to_thread(_hash, path)
        if digest != order.sha256:
            return refused("corrupt", "its bytes are not those that were uploaded; upload it again")
        try:
            said = await self.tools.probe(path)
            location = order.location
            if said.pop("clock_restarts"):
                location = await self._straightened(path, said["container"], folder)
                said = await self.tools.probe(await self.blobs.local_path(location))
                said.pop("clock_restarts")
        except MediaRefused as error:
            return refused(error.code, str(error))
        return ProbeOutcome(location=location, size_bytes=order.size_bytes, sha256=digest, **said)

    async def _straightened(self, path: Path, demuxer: str, folder: Path) -> str:
        """Where the medium is with a clock that does not restart: all that is made of it is made of that."""
        target = folder / "straight.mkv"
        await self.tools.straighten(path, demuxer, target)
        return (await self.blobs.adopt(target, "straight", target.suffix)).location


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
