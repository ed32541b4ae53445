"""What a worker runs to encode consecutive segments of pictures or of sound."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from connectors.drawn_text import DrawnText
from connectors.hardware import Hardware
from connectors.media_tools import OnProgress
from connectors.ports import BlobStore, Clock
from connectors.segment_tools import AudioRun, OnSegment, VideoRun
from processors.transcode.choice import Choice
from processors.transcode.drawing import Drawing
from processors.transcode.filling import Filling, Span
from processors.transcode.orders import AudioOrder, VideoOrder, read, written
from processors.work.execution import Execution
from processors.work.sources import memory_allowed, source_on_disk, unchanged
from schemas.renditions import VideoRendition


class Encoder(Protocol):
    """What encodes runs; see connectors.segment_tools."""

    async def video(self, run: VideoRun, on_segment: OnSegment, on_progress: OnProgress) -> None:
        """Encodes pictures."""
        ...

    async def audio(self, run: AudioRun, on_segment: OnSegment, on_progress: OnProgress) -> None:
        """Encodes sound."""
        ...


@dataclass(frozen=True, slots=True)
class VideoWork:
    """Does tasks of pictures."""

    blobs: BlobStore
    tools: Encoder
    clock: Clock
    drawing: Drawing
    hardware: Hardware = field(default_factory=Hardware)

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed, ClaimLost."""
        order = read(VideoOrder, execution.task.plan.order)
        drawn = self.drawing.file(execution, order.location, order.demuxer, order.text)
        async with source_on_disk(self.blobs, order.location) as source, drawn as text:
            choice = Choice(self.hardware)
            outcome = await self._filling(execution, order, source, text, choice).finish()
            return written(replace(outcome, encoder=choice.told))

    def _filling(
        self,
        execution: Execution,
        order: VideoOrder,
        source: Path,
        text: DrawnText | None,
        choice: Choice,
    ) -> Filling:
        async def encode(
            span: Span, preroll_s: float, on_segment: OnSegment, on_progress: OnProgress
        ) -> None:
            rungs = tuple(r for r in span.renditions if isinstance(r, VideoRendition))
            run = VideoRun(
                source=source,
                demuxer=order.demuxer,
                start_us=order.start_us,
                rungs=rungs,
                first=span.first,
                count=span.count,
                preroll_s=max(preroll_s, order.preroll_s),
                text=text,
                memory_bytes=memory_allowed(execution),
                hardware=choice.encoder(rungs),
            )
            with unchanged(source):
                await self.tools.video(run, on_segment, on_progress)

        return Filling(
            execution, self.blobs, self.clock, order, order.rungs, encode, falls_back=choice.falls_back
        )


@dataclass(frozen=True, slots=True)
class AudioWork:
    """Does tasks of sound."""

    blobs: BlobStore
    tools: Encoder
    clock: Clock

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed, ClaimLost."""
        order = read(AudioOrder, execution.task.plan.order)
        async with source_on_disk(self.blobs, order.location) as source:
            return written(await self._filling(execution, order, source).finish())

    def _filling(self, execution: Execution, order: AudioOrder, source: Path) -> Filling:
        async def encode(
            span: Span, preroll_s: float, on_segment: OnSegment, on_progress: OnProgress
        ) -> None:
            run = AudioRun(
                source=source,
                demuxer=order.demuxer,
                start_us=order.start_us,
                rendition=order.rendition,
                source_rate=order.source_rate,
                first=span.first,
                count=span.count,
                memory_bytes=memory_allowed(execution),
            )
            with unchanged(source):
                await self.tools.audio(run, on_segment, on_progress)

        return Filling(execution, self.blobs, self.clock, order, (order.rendition,), encode)
