"""What a worker runs to probe a medium and to check its bytes: nothing here trusts the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson
import structlog

from connectors.kinds import refuse_other_kinds
from connectors.media_tools import MediaRefused, MediaTools
from connectors.ports import BlobArchived, BlobMissing, BlobStore, Clock, is_there
from connectors.process import ToolFailed
from connectors.rooted.located import is_in_root
from processors.ingest.plan import CheckOrder, CheckOutcome, ProbeOrder, ProbeOutcome
from processors.ingest.scanning import QUARANTINE, RAW, Scanning, beside, copy
from processors.work.execution import Execution, TaskFailed
from processors.work.hashing import Hasher

log = structlog.get_logger()


class Straightener(Protocol):
    """What copies a medium whose clock restarts; see connectors.file_tools."""

    async def straighten(self, source: Path, demuxer: str, target: Path) -> None:
        """Writes the same medium with a clock that only goes forward, as Matroska. Raises ToolFailed."""
        ...


@dataclass(frozen=True, slots=True)
class Check:
    """Reads a blob again, to see whether its bytes are still what they were."""

    blobs: BlobStore
    hasher: Hasher

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises ToolFailed."""
        order = CheckOrder(**orjson.loads(execution.task.plan.order))
        try:
            async with self.blobs.on_disk(order.location) as path:
                sound = await self.hasher.sha256(path, order.size_bytes) == order.sha256
        except (BlobMissing, BlobArchived):  # the medium was deleted meanwhile, or archived, or still is
            sound = True
        return orjson.dumps(asdict(CheckOutcome(location=order.location, sound=sound))).decode()


@dataclass(frozen=True, slots=True)
class Probe:
    """Looks at a blob in the store: what the scanner says of it, its kind, its streams."""

    blobs: BlobStore
    tools: MediaTools
    files: Straightener
    scanning: Scanning
    clock: Clock

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises ToolFailed for what may go better next time, and ScannerUnavailable."""
        order = ProbeOrder(**orjson.loads(execution.task.plan.order))
        return orjson.dumps(asdict(await self._probe(order, execution))).decode()

    async def _probe(self, order: ProbeOrder, execution: Execution) -> ProbeOutcome:
        def refused(code: str, reason: str) -> ProbeOutcome:
            return ProbeOutcome(location=order.location, code=code, reason=reason)

        try:
            if order.size_bytes == 0:
                return refused("empty", "the file is empty")
            if (finding := await self._scanned(order)) is not None:
                return await self._held(order, finding)
            if (await self.blobs.stat(order.location)).size_bytes != order.size_bytes:
                return refused("corrupt", "it is not as long as what was uploaded; upload it again")
            async with self.blobs.on_disk(order.location) as path:
                refuse_other_kinds(order.name, path)
                location, said = await self._looked_at(path, execution.folder, order.location)
        except BlobMissing as error:
            if is_in_root(order.location):
                raise TaskFailed("bytes_missing", "the file is not where it was found") from error
            return refused("bytes_missing", "its bytes are not in the store; upload it again")
        except BlobArchived:
            return refused("archived", "its bytes are in the archive; bring them back first")
        except MediaRefused as error:
            return refused(error.code, str(error))
        return ProbeOutcome(location=location, size_bytes=order.size_bytes, sha256=order.sha256, **said)

    async def _scanned(self, order: ProbeOrder) -> str | None:
        """What is found in the bytes. Where that is nothing, they are where they were uploaded to: others
        with the same bytes may have been held meanwhile. Raises BlobMissing, MediaRefused, and what a scanner
        that is away raises.
        """
        there, finding = await self._whereabouts(order.location), None
        if not order.released:
            finding = await self.scanning.finding(self.blobs, there)
        if finding is None and there != order.location:
            await copy(self.blobs, there, RAW)
        return finding

    async def _whereabouts(self, location: str) -> str:
        if await is_there(self.blobs, location):
            return location
        await self.blobs.stat(aside := beside(location, QUARANTINE))
        return aside

    async def _held(self, order: ProbeOrder, finding: str) -> ProbeOutcome:
        """Brings the bytes apart. Those that were uploaded go once nobody's accepted medium has them."""
        held_at = await copy(self.blobs, await self._whereabouts(order.location), QUARANTINE)
        return ProbeOutcome(location=order.location, sha256=order.sha256, finding=finding, held_at=held_at)

    async def _looked_at(self, path: Path, folder: Path, location: str) -> tuple[str, dict[str, Any]]:
        """What a medium is, and where it is with one clock. Raises MediaRefused."""
        said = await self.tools.probe(path)
        if said.pop("clock_restarts"):
            return await self._straightened(path, folder, location, said)
        return location, said

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
