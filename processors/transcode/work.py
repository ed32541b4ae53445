"""What a worker runs to transcode a medium, and how it tells of its progress."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import orjson

from connectors.media_tools import Encode, EncodeProgress, MediaTools
from connectors.ports import Blob, BlobMissing, BlobStore, Clock
from connectors.process import ToolFailed
from processors.transcode.plan import TranscodeOrder, TranscodeOutcome
from processors.work.execution import Execution, TaskFailed
from schemas.events import Meta, TranscodeProgress
from schemas.profiles import PROFILES

_TELL_EVERY_S = 0.5
_SMOOTHING = 0.3
_SPARE_MEMORY = 4


@dataclass(frozen=True, slots=True)
class TranscodeWork:
    """Encodes a whole file and puts the result into the store."""

    blobs: BlobStore
    tools: MediaTools
    clock: Clock

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed, ClaimLost."""
        order = TranscodeOrder(**orjson.loads(execution.task.plan.order))
        profile = PROFILES[order.profile]
        target = execution.folder / f"out{profile.suffix}"
        try:
            source = await self.blobs.local_path(order.location)
        except BlobMissing as error:
            raise TaskFailed("bytes_missing", "the source is not in the store", again=False) from error
        encode = Encode(
            source=source,
            demuxer=order.demuxer,
            target=target,
            video_stream=order.video_stream,
            audio_stream=order.audio_stream,
            height=order.height,
            crf=profile.crf,
            preset=profile.preset,
            audio_bit_rate=profile.audio_bit_rate,
            memory_bytes=_SPARE_MEMORY * execution.task.plan.memory_mb << 20,
        )
        try:
            await self.tools.encode(encode, Pace(execution, order, self.clock))
        except ToolFailed as error:
            raise TaskFailed(error.code, f"ffmpeg: {error}") from error
        await execution.confirm()
        blob = await self.blobs.adopt(target, "processed", profile.suffix)
        return orjson.dumps(asdict(_made(blob, order))).decode()


def _made(blob: Blob, order: TranscodeOrder) -> TranscodeOutcome:
    return TranscodeOutcome(location=blob.location, name=order.name, size_bytes=blob.size_bytes)


class Pace:
    """Turns ffmpeg's reports into progress events, with a speed and a time left that settle down."""

    def __init__(self, execution: Execution, order: TranscodeOrder, clock: Clock) -> None:
        self._execution = execution
        self._order = order
        self._clock = clock
        self._started = self._last = time.monotonic()
        self._told_at = 0.0
        self._frames = 0
        self._rate: float | None = None

    def __call__(self, report: EncodeProgress) -> None:
        """Tells of a report, but not more often than people can read."""
        now = time.monotonic()
        frames = self._frames_of(report)
        self._learn(frames, now)
        if now - self._told_at >= _TELL_EVERY_S:
            self._told_at = now
            self._execution.tell(self._event())

    def _frames_of(self, report: EncodeProgress) -> int:
        done = report.frames if self._order.video_stream is not None else report.out_time_ms // 40
        return max(self._frames, min(done, self._order.frames_total))

    def _learn(self, frames: int, now: float) -> None:
        """Mixes the last report's frames a second into the smoothed rate."""
        if frames > self._frames and now > self._last:
            rate = (frames - self._frames) / (now - self._last)
            self._rate = rate if self._rate is None else (1 - _SMOOTHING) * self._rate + _SMOOTHING * rate
            self._frames, self._last = frames, now

    def _event(self) -> TranscodeProgress:
        task, order = self._execution.task, self._order
        rate, total = self._rate, order.frames_total
        speed = rate / total * order.duration_ms / 1000 if rate else 0.0
        actor = f"worker:{self._execution.worker}"
        meta = Meta.first(actor, self._clock.now(), task.correlation_id)
        return TranscodeProgress(
            meta=meta,
            job_id=task.job_id,
            run=task.run,
            media_id=task.plan.media_id or "",
            task_id=task.id,
            worker=self._execution.worker,
            frames_done=self._frames,
            frames_total=total,
            speed=round(speed, 3),
            eta_ms=round((total - self._frames) / rate * 1000) if rate else None,
        )
