"""What a worker runs to make whole files: joined from segments that are all there, or encoded in one go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from connectors.file_tools import Join, Whole
from connectors.handbrake import Container, HandbrakeEncode, HandbrakeProgress, OrderRefused
from connectors.hardware import Hardware
from connectors.media_tools import EncodeProgress, OnProgress
from connectors.ports import BlobMissing, BlobStore, Clock
from connectors.process import ToolFailed
from processors.transcode.choice import Choice
from processors.transcode.drawing import Drawing
from processors.transcode.filling import Rendition
from processors.transcode.orders import FileOrder, FileOutcome, JoinOrder, read, written
from processors.transcode.pace import Pace
from processors.work.execution import Execution, TaskFailed
from processors.work.sources import memory_allowed, source_on_disk
from schemas.renditions import CannotRender
from schemas.segments import INIT, segment_location

_HANDBRAKE_CONTAINERS: dict[str, Container] = {"mp4": "av_mp4", "mkv": "av_mkv", "webm": "av_webm"}
_FETCHED_AT_ONCE = 16
_SOUND_UNIT_MS = 40
"""What counts as one picture in the progress of sound alone."""


class FileMaker(Protocol):
    """What makes files; see connectors.file_tools."""

    async def join(self, order: Join) -> None:
        """Joins segments."""
        ...

    async def whole(self, order: Whole, on_progress: OnProgress) -> None:
        """Encodes a file."""
        ...


@dataclass(frozen=True, slots=True)
class JoinWork:
    """Makes one file of a job's segments, without encoding."""

    blobs: BlobStore
    tools: FileMaker

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed, ClaimLost."""
        order = read(JoinOrder, execution.task.plan.order)
        target = execution.folder / f"out{order.profile.suffix}"
        async with AsyncExitStack() as held:
            join = Join(
                source=await held.enter_async_context(source_on_disk(self.blobs, order.medium.location)),
                medium=order.medium,
                profile=order.profile,
                video=await self._pieces(order.video, held) if order.video else (),
                audio=[await self._pieces(track, held) for track in order.audio],
                audio_streams=[track.stream for track in order.audio],
                self_contained=order.video is not None and order.video.self_contained,
                target=target,
                memory_bytes=memory_allowed(execution),
            )
            try:
                await self.tools.join(join)
            except ToolFailed as error:
                raise TaskFailed(error.code, f"ffmpeg: {error}") from error
        return await published(execution, self.blobs, target, order.name, order.profile.suffix)

    async def _pieces(self, rendition: Rendition, held: AsyncExitStack) -> Sequence[Path]:
        """The files of a rendition, in order, some fetched at once. Raises TaskFailed."""
        numbers = (INIT, *range(rendition.grid.segments))
        places = [segment_location(rendition.source, rendition.key, number) for number in numbers]
        found: list[Path] = []
        try:
            for first in range(0, len(places), _FETCHED_AT_ONCE):
                some = places[first : first + _FETCHED_AT_ONCE]
                found += await _all_on_disk(self.blobs, some, held)
        except BlobMissing as error:
            raise TaskFailed("segment_missing", str(error), again=False) from error
        return found


async def _all_on_disk(blobs: BlobStore, places: Sequence[str], held: AsyncExitStack) -> list[Path]:
    entering = (held.enter_async_context(blobs.on_disk(place)) for place in places)
    found = await asyncio.gather(*entering, return_exceptions=True)
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return [each for each in found if isinstance(each, Path)]


class Handbrake(Protocol):
    """The second engine; see connectors.handbrake."""

    async def encode(self, order: HandbrakeEncode, on_progress: Callable[[HandbrakeProgress], None]) -> None:
        """Encodes a file as one of its presets says."""
        ...


@dataclass(frozen=True, slots=True)
class FileWork:
    """Encodes a whole file, by ffmpeg or by HandBrake where the profile says so."""

    blobs: BlobStore
    tools: FileMaker
    clock: Clock
    drawing: Drawing
    handbrake: Handbrake | None = None
    hardware: Hardware = field(default_factory=Hardware)

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed, ClaimLost."""
        order = read(FileOrder, execution.task.plan.order)
        target = execution.folder / f"out{order.profile.suffix}"
        seconds = max(0.001, order.medium.duration_ms / 1000)
        pace = Pace(execution, self.clock, order.total, order.total, order.total / seconds)
        async with source_on_disk(self.blobs, order.medium.location) as source:
            began = time.monotonic()
            try:
                await self._make(execution, order, source, target, pace)
            except ToolFailed as error:
                raise TaskFailed(error.code, f"{order.profile.engine}: {error}") from error
            except (CannotRender, OrderRefused) as error:
                raise TaskFailed(error.code, str(error), again=False) from error
        took_s = time.monotonic() - began
        return await published(
            execution, self.blobs, target, order.name, order.profile.suffix, took_s, seconds
        )

    async def _make(
        self, execution: Execution, order: FileOrder, source: Path, target: Path, pace: Pace
    ) -> None:
        medium, memory_bytes = order.medium, memory_allowed(execution)
        if order.profile.engine == "handbrake":
            return await self._by_handbrake(order, source, target, memory_bytes, pace)
        drawn = self.drawing.file(execution, medium.location, medium.container, order.text)
        async with drawn as text:
            whole = Whole(
                source=source,
                medium=medium,
                profile=order.profile,
                target=target,
                text=text,
                memory_bytes=memory_bytes,
            )
            return await self._by_ffmpeg(whole, pace)

    async def _by_ffmpeg(self, whole: Whole, pace: Pace) -> None:
        pictures = whole.profile.video is not None and whole.medium.main("video") is not None

        def progressed(report: EncodeProgress) -> None:
            pace.reached(report.frames if pictures else report.out_time_ms // _SOUND_UNIT_MS)

        await self._encode(whole, progressed)

    async def _encode(self, whole: Whole, on_progress: OnProgress) -> None:
        """In hardware where that works; from the beginning again in software where it does not."""
        choice = Choice(self.hardware)
        rungs = [whole.rung] if whole.rung else []
        while True:
            order = replace(whole, hardware=choice.encoder(rungs))
            try:
                return await self.tools.whole(order, on_progress)
            except ToolFailed as error:
                if not choice.falls_back(error):
                    raise

    async def _by_handbrake(
        self, order: FileOrder, source: Path, target: Path, memory_bytes: int, pace: Pace
    ) -> None:
        if self.handbrake is None:
            raise TaskFailed("no_handbrake", "this worker has no HandBrakeCLI")
        encode = HandbrakeEncode(
            source=source,
            target=target,
            preset=order.profile.handbrake_preset or "",
            container=_HANDBRAKE_CONTAINERS[order.profile.container],
            memory_bytes=memory_bytes,
        )

        def progressed(report: HandbrakeProgress) -> None:
            pace.reached(int(report.fraction * order.total))

        await self.handbrake.encode(encode, progressed)


async def published(
    execution: Execution,
    blobs: BlobStore,
    target: Path,
    name: str,
    suffix: str,
    took_s: float = 0.0,
    made_s: float = 0.0,
) -> str:
    """Puts a finished file into the store if the claim holds; the outcome as JSON. Raises ClaimLost."""
    await execution.confirm()
    blob = await blobs.adopt(target, "processed", suffix)
    outcome = FileOutcome(
        location=blob.location, name=name, size_bytes=blob.size_bytes, took_s=took_s, made_s=made_s
    )
    return written(outcome)
