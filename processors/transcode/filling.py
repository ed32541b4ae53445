"""One attempt at one run of segments: what is in the store already is never encoded again, and what a viewer
waits for goes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog

from connectors.fragments import NotFragmented, sample_count
from connectors.media_tools import EncodeProgress, OnProgress
from connectors.ports import BlobStore, Clock, content_of
from connectors.process import ToolFailed
from connectors.segment_tools import Misaligned, OnSegment
from processors.transcode.border import Border
from processors.transcode.orders import AudioOrder, RunOutcome, Stored, VideoOrder
from processors.transcode.pace import Pace
from processors.work.demand import Want
from processors.work.execution import Execution, TaskFailed
from schemas.events import StoredSegment
from schemas.renditions import AudioRendition, VideoRendition
from schemas.segments import INIT, SEGMENT_S, Made, rendition_folder, segment_location, segment_name

log = structlog.get_logger()

PREROLLS_S = (8.0, 64.0, 1e9)
"""How much earlier to begin to read when pictures came out off the grid; the last is the beginning."""
_WORTH_WAITING_FOR = 0.4
_AT_ONCE, _NEXT = 1, 2
"""Segments in the one size that someone waits for, and after them, before all sizes are encoded again."""

Rendition = VideoRendition | AudioRendition


@dataclass(frozen=True, slots=True)
class Span:
    """Consecutive segments that the same renditions lack."""

    renditions: tuple[Rendition, ...]
    first: int
    count: int


Encode = Callable[[Span, float, OnSegment, OnProgress], Awaitable[None]]
"""Encodes a span, beginning to read so many seconds early."""


@dataclass(slots=True)
class Filling:
    """One attempt at one run."""

    execution: Execution
    blobs: BlobStore
    clock: Clock
    order: VideoOrder | AudioOrder
    renditions: Sequence[Rendition]
    encode: Encode
    falls_back: Callable[[TaskFailed], bool] = lambda _: False
    """Whether `encode` has another way after such a failure."""
    have: dict[str, dict[int, Stored]] = field(default_factory=dict)
    encoded: int = 0
    _served: tuple[str | None, int] | None = None
    """The size and segment that a viewer waited for last."""
    _now: int = -1
    """The last segment that closed."""
    _of_the_next: float = 0.0
    """How much of the one after it is encoded."""
    _border: Border = field(init=False)

    def __post_init__(self) -> None:
        self._border = Border(self.execution.leave)

    async def finish(self) -> RunOutcome:
        """Encodes what is missing until nothing is. Raises TaskFailed, and GivenBack where it is asked to."""
        for rendition in self.renditions:
            self.have[rendition.key] = await self._stored(rendition)
        began, pace = time.monotonic(), self._pace()
        pace.found(self._units())
        while (span := self._next()) is not None:
            self._border.reached()
            await self._encode(span, pace)
        pace.reached(pace.share)
        pace.tell()
        kept = {key: [stored[n] for n in sorted(stored)] for key, stored in self.have.items()}
        made_s = SEGMENT_S * self.encoded / len(self.renditions)
        return RunOutcome(stored=kept, encoded=self.encoded, took_s=time.monotonic() - began, made_s=made_s)

    def _pace(self) -> Pace:
        grid = self.renditions[0].grid
        counted = not isinstance(self.order, AudioOrder) or self.order.counts
        counted = counted and not self.execution.task.spare
        share = sum(grid.length(n) for n in self._numbers) if counted else 0
        return Pace(self.execution, self.clock, self.order.total, share, float(grid.rate))

    @property
    def _numbers(self) -> range:
        made = self.execution.task.made or Made("", self.order.first, self.order.count)
        return range(made.first, made.first + made.count)

    def _lacking(self, segment: int) -> tuple[Rendition, ...]:
        return tuple(r for r in self.renditions if segment not in self.have[r.key])

    def _next(self) -> Span | None:
        """What to encode now: what someone waits for, in that size; else all sizes, from the viewers on."""
        missing = [n for n in self._numbers if self._lacking(n)]
        if not missing:
            return None
        want = self._want()
        if want is None:
            return self._from(missing[0], self._lacking(missing[0]))
        return self._wanted(want) or self._from(want.segment, self._lacking(want.segment))

    def _wanted(self, want: Want) -> Span | None:
        """What is encoded by itself for someone, and what comes right after it.

        A segment alone is there sooner: an encoder gives a picture out once it has looked some further on,
        and that took a seventh of the time.
        """
        waited = tuple(r for r in self._lacking(want.segment) if r.key == want.rendition)
        if not waited or isinstance(self.order, AudioOrder):
            return None
        follows, several = self._served == (want.rendition, want.segment - 1), len(self.renditions) > 1
        if want.waiting and (several or not follows):
            self._served = (want.rendition, want.segment)
            return Span(waited, want.segment, _AT_ONCE)
        if not follows or not several:
            return None
        self._served = None
        return self._from(want.segment, waited, _NEXT)

    def _from(self, first: int, renditions: tuple[Rendition, ...], most: int | None = None) -> Span:
        """The segments from there on that lack these sizes; and no others, where there is no bound."""
        count = 1
        while first + count in self._numbers and count != most:
            lacking = self._lacking(first + count)
            if not (set(renditions) <= set(lacking) if most else renditions == lacking):
                break
            count += 1
        return Span(renditions, first, count)

    def _want(self) -> Want | None:
        made = Made(self.renditions[0].group, self._numbers.start, len(self._numbers))
        there = [n for n in self._numbers if not self._lacking(n)]
        want = self.execution.demands.want(made, self.clock.now(), there)
        if want is not None and want.waiting and want.rendition is not None:
            wanted = {r.key for r in self._lacking(want.segment)}
            return want if want.rendition in wanted else None
        return want

    async def _encode(self, span: Span, pace: Pace) -> None:
        """Encodes a span, or what comes out before something more pressing or a failure with a way round it.

        Raises TaskFailed.
        """
        try:
            await self._try(span, pace)
        except TaskFailed as error:
            if not self.falls_back(error):
                raise

    async def _try(self, span: Span, pace: Pace) -> None:
        before = self._units()
        self._now, self._of_the_next = span.first - 1, 0.0

        def progressed(report: EncodeProgress) -> None:
            grid = span.renditions[0].grid
            begun = report.frames - (self._now + 1 - span.first) * grid.per_segment
            self._of_the_next = begun / grid.per_segment
            whole = len(span.renditions) == len(self.renditions)
            pace.reached(max(self._units(), before + report.frames if whole else 0))

        async def closed(key: str, number: int, content: bytes) -> None:
            await self._keep(key, number, content, pace)
            if number != INIT and not self._lacks(span, number):
                self._border.reached()

        for preroll_s in (0.0, *PREROLLS_S):
            encoding = asyncio.ensure_future(self.encode(span, preroll_s, closed, progressed))
            try:
                if not await self._unless_pressed(encoding, span):
                    return None
                return self._check(span)
            except (Misaligned, NotFragmented) as error:
                log.warning(
                    "pictures off the grid", task=self.execution.task.id, why=str(error), preroll_s=preroll_s
                )
            except ToolFailed as error:
                raise TaskFailed(error.code, f"ffmpeg: {error}") from error
        raise TaskFailed("off_the_grid", "its pictures cannot be put on a regular grid", again=False)

    async def _unless_pressed(self, encoding: asyncio.Future[None], span: Span) -> bool:
        """Waits for the end; False where something more pressing came, and this was stopped for it."""
        try:
            while True:
                await self._border.news(encoding, self.execution.demands.changed.wait())
                if encoding.done():
                    await encoding
                    return True
                if self._pressed(span):
                    return False
        finally:
            encoding.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await encoding

    def _pressed(self, span: Span) -> bool:
        """Whether someone waits for what this span comes to late, or not at all."""
        want = self._want()
        if want is None or not want.waiting:
            return False
        if want.segment not in range(self._now + 1, self._now + 3):
            return True
        if want.rendition is None or len(span.renditions) == 1:
            return all(r.key != want.rendition for r in span.renditions)
        # Alone, the size that is waited for is there sooner than with all others, but for the last part.
        return want.segment != self._now + 1 or self._of_the_next < _WORTH_WAITING_FOR

    async def _keep(self, key: str, number: int, content: bytes, pace: Pace) -> None:
        """Stores a piece, if it is whole, and says so. Raises Misaligned, TaskFailed."""
        rendition = next(r for r in self.renditions if r.key == key)
        units = self._counted(rendition, number, content) if number != INIT else 0
        await self.blobs.put(segment_location(rendition.source, key, number), content)
        if number != INIT:
            self._now = max(self._now, number)
            self.have[key][number] = described(number, content, units)
            self.encoded += 1
            self.execution.demands.stored(key, number)
            self._reached(pace)
        pace.tell([StoredSegment(rendition=key, segment=number, size_bytes=len(content))])

    def _counted(self, rendition: Rendition, number: int, content: bytes) -> int:
        units, wanted = sample_count(content), rendition.grid.length(number)
        if units < wanted:
            raise _short(number)
        if units > wanted:
            raise Misaligned(f"segment {number} has {units} units, not {wanted}")
        return units

    def _check(self, span: Span) -> None:
        """ffmpeg ended well: so everything must be there. Raises TaskFailed."""
        missing = [n for n in range(span.first, span.first + span.count) if self._lacks(span, n)]
        if missing:
            raise _short(missing[0])

    def _lacks(self, span: Span, number: int) -> bool:
        return any(number not in self.have[r.key] for r in span.renditions)

    def _units(self) -> int:
        grid = self.renditions[0].grid
        return sum(grid.length(n) for n in self._numbers if not self._lacking(n))

    def _reached(self, pace: Pace) -> None:
        pace.reached(self._units())

    async def _stored(self, rendition: Rendition) -> dict[int, Stored]:
        """The segments of this run that someone has made before."""
        names = await self.blobs.names(rendition_folder(rendition.source, rendition.key))
        if segment_name(INIT) not in names:
            return {}
        return {n: await self._read(rendition, n) for n in self._numbers if segment_name(n) in names}

    async def _read(self, rendition: Rendition, number: int) -> Stored:
        content = await content_of(self.blobs, segment_location(rendition.source, rendition.key, number))
        return described(number, content, sample_count(content))


def _short(number: int) -> TaskFailed:
    reason = f"it ends in segment {number}, earlier than its container says"
    return TaskFailed("source_short", reason, again=False)


def described(number: int, content: bytes, units: int) -> Stored:
    """What is said of a piece in the store."""
    return Stored(
        segment=number, size_bytes=len(content), sha256=hashlib.sha256(content).hexdigest(), units=units
    )
