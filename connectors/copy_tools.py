"""Copies streams into segments without decoding them: one ffmpeg reads the whole source once, and writes one
fragmented MP4 for each track into a pipe. Every fragment is a segment, ready the moment it closes.

Pictures are cut at the source's own key frames. What cannot be cut cleanly is noticed here, for headers do
not say it: pictures without an entry, clocks that go back, pictures that change on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from connectors.fragment_shape import Shape, shape, timescale
from connectors.fragments import fragments
from connectors.media_tools import BOUNDS, Follower, OnProgress
from connectors.parameter_sets import Pictures
from connectors.pipes import out_of_tool
from connectors.process import ToolRunner
from connectors.sandbox import Confinement
from connectors.segment_tools import quietly
from schemas.copies import LONGEST_S, SHORTEST_S, CopiedPicture, CopiedSound
from schemas.segments import INIT

Track = CopiedPicture | CopiedSound


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a track: the initialisation segment, or a segment."""

    number: int
    content: bytes
    timescale: int
    shape: Shape | None
    """None for the initialisation segment."""


OnPiece = Callable[[str, Piece], Awaitable[None]]
"""Takes a track's key and a piece of it, in order."""

_SHORTEST_US = round((SHORTEST_S - 0.1) * 1_000_000)
"""A little less, for sources whose clocks count in milliseconds."""
_WITH_HEADERS = frozenset({"mpegts", "aac"})
"""Containers whose AAC has a header before each packet, which MP4 does not."""
_LAG_S = Fraction(1, 10)


class NotCopyable(Exception):
    """This source's packets do not make segments that play; it has to be encoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What is to be copied, all of it."""

    source: Path
    demuxer: str
    start_us: int
    tracks: tuple[Track, ...]
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class CopyTools:
    """Runs ffmpeg behind the sandbox's walls."""

    runner: ToolRunner
    ffmpeg_path: Path

    async def copy(self, order: Copy, on_piece: OnPiece, on_progress: OnProgress) -> None:
        """Copies all tracks. Raises NotCopyable, ToolFailed, and what `on_piece` raises."""
        cutters = [_Cutter(track, on_piece) for track in order.tracks]
        walls = Confinement(read=(order.source,), memory_bytes=order.memory_bytes)
        with out_of_tool(cutters) as pipes:
            argv = copy_command(order, pipes.names).compile(cmd=str(self.ffmpeg_path))
            await self.runner.run(argv, walls, Follower(on_progress), pipes)


@dataclass(slots=True)
class _Cutter:
    """Reads one track's pipe and hands its pieces on, as long as they can be played."""

    track: Track
    on_piece: OnPiece
    _timescale: int = 0
    _end: int = 0
    _pictures: Pictures = field(init=False)

    async def __call__(self, reader: asyncio.StreamReader) -> None:
        number = INIT
        async for content in fragments(reader):
            if number == INIT:
                self._timescale = timescale(content)
                self._pictures = Pictures(self.track.codec, content)
                found = None
            else:
                found = shape(content)
                self._check(content, found)
                self._end = found.begin + found.ticks
            await self.on_piece(self.track.key, Piece(number, content, self._timescale, found))
            number += 1

    def _check(self, content: bytes, found: Shape) -> None:
        if found.begin < 0 or not found.samples:
            raise NotCopyable("it begins before its own beginning, in the middle of a group of pictures")
        if found.description != 1:
            raise NotCopyable("its coding changes on the way")
        if isinstance(self.track, CopiedPicture):
            self._check_pictures(content, found)

    def _check_pictures(self, content: bytes, found: Shape) -> None:
        if found.begin != self._end:
            raise NotCopyable("its clock jumps on the way")
        if not found.samples[0].is_key or found.ticks > (LONGEST_S + 1) * self._timescale:
            raise NotCopyable(f"it has no key frame for more than {LONGEST_S} s")
        if any(sample.ticks <= 1 for sample in found.samples):
            raise NotCopyable("its clock goes back, or stands still, on the way")
        if found.begin == 0 and min(s.shown_at for s in found.samples) < -_LAG_S * self._timescale:
            raise NotCopyable("it begins before its own beginning, in the middle of a group of pictures")
        if not self._pictures.can_begin(content, found):
            raise NotCopyable("its groups of pictures are open: a player cannot begin at most of them")
        if self._pictures.change(content, found):
            raise NotCopyable("its picture changes its size or coding on the way")


def copy_command(order: Copy, targets: Sequence[str]) -> Any:
    """ffmpeg's arguments. Times are counted from the container's start, as everywhere."""
    source = ffmpeg.input(str(order.source), format=order.demuxer, **BOUNDS)
    outputs = [
        ffmpeg.output(source[str(track.stream)], target, **_settings(order, track))
        for track, target in zip(order.tracks, targets, strict=True)
    ]
    return quietly(ffmpeg.merge_outputs(*outputs), "-copyts")


def _settings(order: Copy, track: Track) -> dict[str, Any]:
    start = f"({order.start_us}/1000000/TB)"
    if isinstance(track, CopiedPicture):
        tag = {"tag:v": "hvc1"} if track.codec == "hevc" else {}
        own = {"c:v": "copy", "bsf:v": _pictures_from(start), **tag, "min_frag_duration": _SHORTEST_US}
        return {**own, "frag_duration": LONGEST_S * 1_000_000, **_CONTAINER}
    plain = "aac_adtstoasc," if track.codec == "aac" and order.demuxer in _WITH_HEADERS else ""
    own = {"c:a": "copy", "bsf:a": plain + _sound_from(order.start_us, start)}
    return {**own, "frag_duration": SHORTEST_S * 1_000_000, **_CONTAINER}


def _pictures_from(start: str) -> str:
    """What begins late shows its first picture from the start."""
    late = f"eq(N,0)*gt(PTS,{start})"
    return f"setts=pts='if({late},0,PTS-{start})':dts='if({late},DTS-PTS,DTS-{start})'"


def _sound_from(start_us: int, start: str) -> str:
    """Without the packets that are over before the start, which only prime the decoder."""
    over = f"noise=drop='lte(pts+duration,{start_us}/1000000/tb)'"
    return f"{over},setts=ts='max(PTS-{start},0)'"


_CONTAINER: dict[str, Any] = {
    "format": "mp4",
    "movflags": "frag_keyframe+empty_moov+delay_moov+default_base_moof+frag_discont+negative_cts_offsets",
    "use_editlist": 0,
    "map_metadata": -1,
    "map_chapters": -1,
    "fflags": "+bitexact",
}
