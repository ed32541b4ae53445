"""What a worker runs to take a medium's text tracks out of it, each as one WebVTT file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from connectors.ports import BlobStore, Clock, content_of, is_there
from connectors.text_tools import Texts
from processors.transcode.filling import described
from processors.transcode.orders import RunOutcome, Stored, TextOrder, read, written
from processors.transcode.pace import Pace
from processors.work.execution import Execution
from processors.work.sources import memory_allowed, source_on_disk
from schemas.events import StoredSegment
from schemas.texts import TextRendition

_BEGINS = b"WEBVTT"
_TIMES = b"X-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000"
"""Says that its times are those of the segments (RFC 8216, 3.5)."""
_NOTHING = b"WEBVTT\n" + _TIMES + b"\n\n"


class Extractor(Protocol):
    """What takes texts out of a medium; see connectors.text_tools."""

    async def extract(self, order: Texts) -> Mapping[int, Path]:
        """The file of each track that can be read."""
        ...


@dataclass(frozen=True, slots=True)
class TextWork:
    """Does tasks of text. A track that can't be read becomes an empty one: no film fails for that."""

    blobs: BlobStore
    tools: Extractor
    clock: Clock

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed."""
        order = read(TextOrder, execution.task.plan.order)
        missing = [track for track in order.tracks if not await is_there(self.blobs, track.location)]
        found = await self._extracted(execution, order, missing) if missing else {}
        for track in missing:
            path = found.get(track.stream)
            content = timed(await asyncio.to_thread(path.read_bytes)) if path else _NOTHING
            await self.blobs.put(track.location, content)
            execution.demands.stored(track.key, 0)
        stored = {track.key: [await self._described(track)] for track in order.tracks}
        Pace(execution, self.clock, order.total, 0, 1.0).tell(
            [
                StoredSegment(rendition=key, segment=0, size_bytes=each.size_bytes)
                for key, (each,) in stored.items()
            ]
        )
        return written(RunOutcome(stored=stored, encoded=len(missing)))

    async def _extracted(
        self, execution: Execution, order: TextOrder, tracks: Sequence[TextRendition]
    ) -> Mapping[int, Path]:
        async with source_on_disk(self.blobs, order.location) as source:
            texts = Texts(
                source=source,
                demuxer=order.demuxer,
                streams=tuple(track.stream for track in tracks),
                form="webvtt",
                folder=execution.folder,
                memory_bytes=memory_allowed(execution),
            )
            return await self.tools.extract(texts)

    async def _described(self, track: TextRendition) -> Stored:
        return described(0, await content_of(self.blobs, track.location), units=1)


def timed(content: bytes) -> bytes:
    """WebVTT that says which times its own are."""
    return content.replace(_BEGINS, _BEGINS + b"\n" + _TIMES, 1) if content.startswith(_BEGINS) else _NOTHING
