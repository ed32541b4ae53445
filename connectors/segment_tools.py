"""Encodes runs of segments: ffmpeg writes one fragmented MP4 for each rendition into a pipe, and every
fragment is a segment, on an exact grid, ready the moment it closes.

Time is absolute throughout (`-copyts`): a picture's number on the grid is its own time, wherever the run
begins, so what separate runs make fits together without a seam.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import ffmpeg

from connectors.drawn_text import DrawnText
from connectors.encoders import audio_settings, timescale, video_settings
from connectors.fragments import decode_time, fragments
from connectors.hardware import HardwareEncoder, Settings
from connectors.media_tools import BOUNDS, Follower, Impatient, OnProgress
from connectors.pipes import Sink, out_of_tool
from connectors.process import ToolRunner
from connectors.sandbox import Confinement
from connectors.tone_map import tone_mapped
from schemas.renditions import AudioRendition, VideoRendition
from schemas.segments import INIT, Grid

OnSegment = Callable[[str, int, bytes], Awaitable[None]]
"""Takes a rendition's key, a segment's number (INIT for the first piece) and its bytes."""

_STATS_PERIOD_S = 0.25
_PREROLL_S = 0.5
"""Filters that look at neighbours, and pictures of uneven length, need those before the first."""
_PADDING_S = 0.4
_AUDIO_RUN_UP_S = 2
_EARLY_PACKETS = 4
_PRIMING = {"aac": 1, "opus": 0}
"""Packets that the encoder puts before the first sound."""
_CONTAINED = "frag_keyframe+empty_moov+default_base_moof+frag_discont+negative_cts_offsets"


class Misaligned(Exception):
    """What came does not lie on the grid: the run must begin to read earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRun:
    """Consecutive segments of one or more rungs of the same picture."""

    source: Path
    demuxer: str
    start_us: int = 0
    rungs: tuple[VideoRendition, ...]
    first: int
    count: int
    preroll_s: float = 0.0
    text: DrawnText | None = None
    memory_bytes: int | None = None
    hardware: HardwareEncoder | None = None
    """What makes the sizes that suit it."""

    @property
    def grid(self) -> Grid:
        """The grid that all rungs lie on."""
        return self.rungs[0].grid

    @property
    def begin(self) -> int:
        """The first picture."""
        return self.grid.first(self.first)

    @property
    def end(self) -> int:
        """The picture after the last."""
        return min(self.grid.units, self.grid.first(self.first + self.count))


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioRun:
    """Consecutive segments of one track."""

    source: Path
    demuxer: str
    start_us: int = 0
    rendition: AudioRendition
    source_rate: int
    first: int
    count: int
    memory_bytes: int | None = None

    @property
    def begin(self) -> int:
        """The first packet."""
        return self.rendition.grid.first(self.first)

    @property
    def packets(self) -> int:
        """How many packets."""
        grid = self.rendition.grid
        return min(grid.units, grid.first(self.first + self.count)) - self.begin


@dataclass(frozen=True, slots=True)
class SegmentTools:
    """Runs ffmpeg behind the sandbox's walls."""

    runner: ToolRunner
    ffmpeg_path: Path
    gives_way: bool = False
    """Whether it gets of the processor what nobody else wants."""

    async def video(self, run: VideoRun, on_segment: OnSegment, on_progress: OnProgress) -> None:
        """Encodes a run. Raises Misaligned, ToolFailed, and what `on_segment` raises."""
        cutters = [_Cutter(rung.key, _ticks(rung), run.first, on_segment) for rung in run.rungs]
        walls = Confinement(
            read=(run.source, *(run.text.needs if run.text else ())),
            memory_bytes=run.memory_bytes,
            gives_way=self.gives_way,
            hardware=run.hardware is not None,
        )
        watched = Impatient(on_progress) if run.hardware is not None else on_progress
        await self._run(walls, cutters, watched, lambda to: video_command(run, to))

    async def audio(self, run: AudioRun, on_segment: OnSegment, on_progress: OnProgress) -> None:
        """Encodes a run. Raises Misaligned, ToolFailed, and what `on_segment` raises."""
        ticks = run.rendition.grid.per_segment * run.rendition.samples
        cutter = _Cutter(run.rendition.key, ticks, run.first, on_segment)
        walls = Confinement(read=(run.source,), memory_bytes=run.memory_bytes)
        await self._run(walls, [cutter], on_progress, lambda to: audio_command(run, to[0]))

    async def _run(
        self,
        walls: Confinement,
        sinks: Sequence[Sink],
        on_progress: OnProgress,
        command: Callable[[list[str]], Any],
    ) -> None:
        with out_of_tool(sinks) as pipes:
            argv = command(pipes.names).compile(cmd=str(self.ffmpeg_path))
            await self.runner.run(argv, walls, Follower(on_progress), pipes)


@dataclass(slots=True)
class _Cutter:
    """Reads one rendition's pipe and hands its segments on, each only if it lies where it must."""

    key: str
    ticks: int
    first: int
    on_segment: OnSegment

    async def __call__(self, reader: asyncio.StreamReader) -> None:
        number = INIT
        async for piece in fragments(reader):
            if number != INIT and decode_time(piece) != number * self.ticks:
                raise Misaligned(
                    f"segment {number} begins at {decode_time(piece)}, not {number * self.ticks}"
                )
            await self.on_segment(self.key, number, piece)
            number = self.first if number == INIT else number + 1


def _ticks(rung: VideoRendition) -> int:
    """A segment's length in its track's ticks."""
    return int(rung.grid.per_segment / rung.grid.rate * timescale(rung))


def video_command(run: VideoRun, targets: Sequence[str]) -> Any:
    """ffmpeg's arguments for a run."""
    outputs = video_outputs(run, targets)
    return quietly(ffmpeg.merge_outputs(*outputs), "-copyts", *device_flags(run.hardware))


def video_outputs(run: VideoRun, targets: Sequence[str]) -> list[Any]:
    """Each size of a run, in a file of its own."""
    pictures = on_grid(opened(run.source, run.demuxer, where_read(run)), run)
    several = pictures.filter_multi_output("split", len(run.rungs)) if len(run.rungs) > 1 else [pictures]
    return [
        ffmpeg.output(given(several[number], rung, run.hardware), target, **_contained(rung, run))
        for number, (rung, target) in enumerate(zip(run.rungs, targets, strict=True))
    ]


def where_read(run: VideoRun) -> Fraction:
    """Half a picture before the first one wanted, and as much earlier as is asked for."""
    picture = run.rungs[0].picture
    at_the_end = run.end == run.grid.units  # where the last picture may have to stand for some more
    run_up = max(run.preroll_s, _PREROLL_S if picture.deinterlace or at_the_end else 0.0)
    return (run.begin - Fraction(1, 2)) / run.grid.rate - Fraction(run_up)


def on_grid(source: Any, run: VideoRun) -> Any:
    """The run's pictures, each with its number on the grid as its time."""
    picture = run.rungs[0].picture
    stream = source[str(picture.stream)].filter("setpts", _from_start(run.start_us))
    if picture.deinterlace:
        stream = stream.filter("bwdif", mode="send_frame", deint="interlaced")
    rate: Settings = {"fps": picture.rate}
    if where_read(run) <= 0:
        rate["start_time"] = 0  # what begins late shows its first picture from the start
    stream = stream.filter("fps", **rate)
    if run.end == run.grid.units:  # a container's word about its end may be some pictures off
        stream = stream.filter("tpad", stop_mode="clone", stop_duration=_PADDING_S)
    stream = stream.filter("trim", start_pts=run.begin, end_pts=run.end)
    stream = tone_mapped(stream) if picture.tone_map else stream
    return run.text.on(stream, run.begin, run.grid.rate) if run.text else stream


def _from_start(start_us: int) -> str:
    """Times counted from the container's start: ffmpeg's own choice of it follows what it reads."""
    return f"PTS-({start_us})/1000000/TB"


def sized(stream: Any, rung: VideoRendition) -> Any:
    return stream.filter("scale", rung.width, rung.height, flags="bicubic").filter("setsar", "1")


def given(stream: Any, rung: VideoRendition, hardware: HardwareEncoder | None) -> Any:
    """The pictures in the rung's size, where its encoder reads them from."""
    pictures = sized(stream, rung)
    return hardware.uploaded(pictures) if hardware is not None and hardware.suits(rung) else pictures


def device_flags(hardware: HardwareEncoder | None) -> tuple[str, ...]:
    """What ffmpeg is told of the device."""
    return () if hardware is None else hardware.flags


def _contained(rung: VideoRendition, run: VideoRun) -> Settings:
    return {
        **video_settings(rung, run.grid.per_segment, run.hardware),
        "fps_mode": "passthrough",
        "video_track_timescale": timescale(rung),
        **_CONTAINER,
    }


def audio_command(run: AudioRun, target: str) -> Any:
    """ffmpeg's arguments for a run: it begins some packets early, and these are dropped again."""
    made, spf = run.rendition, run.rendition.samples
    early = min(run.begin, _EARLY_PACKETS)
    begin, end = (run.begin - early) * spf, (run.begin + run.packets + _EARLY_PACKETS) * spf
    seek = max(0, begin // made.sample_rate - _AUDIO_RUN_UP_S)
    stream = opened(run.source, run.demuxer, Fraction(seek))[str(made.stream)]
    stream = stream.filter("asetpts", _from_start(run.start_us))
    resample: Settings = {"async": 1, "first_pts": seek * run.source_rate}
    stream = stream.filter("aresample", made.sample_rate, **resample)
    stream = stream.filter("aformat", channel_layouts=_LAYOUTS[made.channels])
    stream = stream.filter("apad").filter("atrim", start_pts=begin, end_pts=end)
    settings = {
        **audio_settings(made),
        "bsf:a": _exactly(early + _PRIMING[made.codec], run.packets, run.begin, spf, made.sample_rate),
        "frag_duration": int((made.grid.per_segment - 0.5) * spf * 1_000_000 / made.sample_rate),
        **_CONTAINER,
    }
    return quietly(ffmpeg.output(stream, target, **settings), "-copyts")


def _exactly(drop: int, keep: int, first: int, samples: int, rate: int) -> str:
    """A bitstream filter that keeps so many packets after the dropped ones, and numbers them."""
    at = f"(N+{first})*{samples}"
    kept = f"noise=drop='lt(n,{drop})+gte(n,{drop + keep})'"
    return f"{kept},setts=pts='{at}':dts='{at}':duration={samples}:time_base=1/{rate}"


_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}
_CONTAINER: Settings = {
    "format": "mp4",
    "movflags": _CONTAINED,
    "use_editlist": 0,
    "map_metadata": -1,
    "map_chapters": -1,
    "fflags": "+bitexact",
}


def opened(source: Path, demuxer: str, seek: Fraction = Fraction(0)) -> Any:
    """A source as ffmpeg's input. Its pictures may change their size: the filters go on, and scale them."""
    where = {"ss": f"{float(seek):.6f}"} if seek > 0 else {}
    return ffmpeg.input(str(source), format=demuxer, **BOUNDS, reinit_filter=0, **where)


def quietly(made: Any, *more: str) -> Any:
    """With nothing said but progress and errors."""
    flags = ("-v", "error", "-nostdin", "-nostats", "-stats_period", str(_STATS_PERIOD_S))
    return made.global_args(*flags, *more, "-progress", "pipe:1").overwrite_output()
