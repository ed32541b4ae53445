"""What a worker runs to copy a source's tracks into segments: all of it in one go, for that is as fast as the
disk. What was copied before is not copied again; the list of the cuts is the last thing that is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from connectors.copy_tools import Copy, NotCopyable, OnPiece, Piece, Track
from connectors.fragments import NotFragmented
from connectors.media_tools import OnProgress
from connectors.ports import BlobMissing, BlobStore, Clock, content_of
from connectors.process import ToolFailed
from processors.transcode.orders import CopyOrder, CopyOutcome, read, written
from processors.transcode.pace import Pace
from processors.work.execution import Execution, TaskFailed
from processors.work.sources import SOURCE_GONE, memory_allowed, source_on_disk, unchanged
from schemas import cuts as cutting
from schemas.copies import NOT_COPYABLE, CopiedPicture
from schemas.cuts import Cuts, cuts_location
from schemas.events import StoredSegment
from schemas.segments import segment_location

_SHORT_S = 1.0
"""A copy that ends so much earlier than its probe said has lost something."""


class Copier(Protocol):
    """What copies; see connectors.copy_tools."""

    async def copy(self, order: Copy, on_piece: OnPiece, on_progress: OnProgress) -> None:
        """Copies all tracks."""
        ...


@dataclass(frozen=True, slots=True)
class CopyWork:
    """Does tasks that copy."""

    blobs: BlobStore
    tools: Copier
    clock: Clock

    async def __call__(self, execution: Execution) -> str:
        """The outcome as JSON. Raises TaskFailed, ClaimLost."""
        order = read(CopyOrder, execution.task.plan.order)
        known = [await self._known(track) for track in order.tracks]
        lacking = [track for track, cuts in zip(order.tracks, known, strict=True) if cuts is None]
        copying = Copying(execution, self.blobs, order, self._pace(execution, order))
        if lacking:
            await copying.copy(self.tools, lacking)
        copying.finish()
        kept = {track.key: cuts for track, cuts in zip(order.tracks, known, strict=True) if cuts}
        segments = {key: cuts.segments for key, cuts in (kept | copying.cuts).items()}
        return written(CopyOutcome(segments=segments, copied=[track.key for track in lacking]))

    def _pace(self, execution: Execution, order: CopyOrder) -> Pace:
        share = 0 if execution.task.spare else order.total
        return Pace(execution, self.clock, order.total, share, order.total / max(0.001, order.duration_s))

    async def _known(self, track: Track) -> Cuts | None:
        """What is listed of a track that was copied before."""
        try:
            return cutting.read(await content_of(self.blobs, cuts_location(track)))
        except BlobMissing:
            return None


@dataclass(slots=True)
class Copying:
    """One attempt at copying some of an order's tracks."""

    execution: Execution
    blobs: BlobStore
    order: CopyOrder
    pace: Pace
    cuts: dict[str, Cuts] = field(default_factory=dict)
    _stored: list[str] = field(default_factory=list)
    """What this attempt was the first to store."""

    async def copy(self, tools: Copier, tracks: Sequence[Track]) -> None:
        """Copies the tracks and lists their cuts. Raises TaskFailed."""
        async with source_on_disk(self.blobs, self.order.location) as source:
            try:
                await self._run(tools, source, tracks)
                for track in tracks:
                    self._refuse_short(track)
            except TaskFailed as error:
                if not error.again or error.code == SOURCE_GONE:
                    await self._take_back()
                raise
        for track in tracks:
            await self._list(track)

    async def _run(self, tools: Copier, source: Path, tracks: Sequence[Track]) -> None:
        order = Copy(
            source=source,
            demuxer=self.order.demuxer,
            start_us=self.order.start_us,
            tracks=tuple(tracks),
            memory_bytes=memory_allowed(self.execution),
        )
        try:
            with unchanged(source):
                await tools.copy(order, self._keep, _unheard)
        except (NotCopyable, NotFragmented) as error:
            raise TaskFailed(NOT_COPYABLE, str(error), again=False) from error
        except ToolFailed as error:
            raise TaskFailed(error.code, f"ffmpeg: {error}") from error

    async def _take_back(self) -> None:
        """Removes what this attempt stored: it is of a source that cannot be trusted, or not be copied."""
        for location in self._stored:
            await self.blobs.remove(location)

    def finish(self) -> None:
        """Tells that all is there."""
        self.pace.reached(self.pace.share)
        self.pace.tell()

    async def _keep(self, key: str, piece: Piece) -> None:
        track = next(track for track in self.order.tracks if track.key == key)
        location = segment_location(track.source, key, piece.number)
        if await self.blobs.put(location, piece.content):
            self._stored.append(location)
        size = len(piece.content)
        if piece.shape is None:
            self.cuts[key] = Cuts(timescale=piece.timescale)
        else:
            self.cuts[key] = self.cuts[key].then(piece.shape.ticks, size)
            self.execution.demands.stored(key, piece.number)
            self._reached()
        self.pace.tell([StoredSegment(rendition=key, segment=piece.number, size_bytes=size)])

    def _reached(self) -> None:
        """As far as the track is that lags behind the others."""
        done_s = min(cuts.duration_s for cuts in self.cuts.values())
        self.pace.reached(round(self.order.total * min(1.0, done_s / max(0.001, self.order.duration_s))))

    def _refuse_short(self, track: Track) -> None:
        """Raises TaskFailed where a track ended earlier than its probe said."""
        cuts, end_s = self.cuts.get(track.key), self.order.ends_s.get(track.stream)
        if cuts is None or not cuts.segments:
            raise TaskFailed(NOT_COPYABLE, "there is nothing in it to copy", again=False)
        if end_s is not None and cuts.duration_s < end_s - _SHORT_S:
            reason = f"its {_kind(track)} ends after {cuts.duration_s:.1f} s, not after {end_s:.1f} s"
            raise TaskFailed("source_short", reason, again=False)

    async def _list(self, track: Track) -> None:
        whole = self.cuts[track.key] = self.cuts[track.key].ended()
        await self.blobs.put(cuts_location(track), cutting.written(whole))


def _kind(track: Track) -> str:
    return "picture" if isinstance(track, CopiedPicture) else "sound"


def _unheard(_report: object) -> None:
    return None
