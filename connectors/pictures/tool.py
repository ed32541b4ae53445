"""What all pictures are made with: ffmpeg behind the sandbox's walls, and the filters they share."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ffmpeg

from connectors.media_tools import BOUNDS
from connectors.pictures.orders import Footage, Size, Sound
from connectors.process import OnLine, ToolFailed, ToolRunner
from connectors.sandbox import Confinement
from connectors.tone_map import tone_mapped

_BASE_CPU_S, _CPU_PER_S, _LONGEST_S = 600, 10, 48 * 3600
"""An honest medium needs less: so much in any case, and so much for each second that it plays."""
_FILE_BYTES = 64 << 20
_MOMENT = re.compile(r"pts_time:([-+.e\d]+)")

JPEG = {"c:v": "mjpeg"}

OnFraction = Callable[[float], None]
"""Takes how much is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Tool:
    """Runs ffmpeg over one medium. What it makes is inside one folder."""

    runner: ToolRunner
    ffmpeg_path: Path
    gives_way: bool = False
    """Whatever else runs on the machine goes before."""
    _encoders: set[str] = field(default_factory=set)

    async def run(
        self, made: Any, order: Footage | Sound, folder: Path, on_line: OnLine | None = None
    ) -> None:
        """Makes files in the folder, giving each line that ffmpeg says to `on_line`. Raises ToolFailed."""
        cpu_s = _BASE_CPU_S + round(_CPU_PER_S * min(order.duration_ms / 1000, _LONGEST_S))
        walls = Confinement(
            read=(order.source,),
            write=folder,
            cpu_s=cpu_s,
            file_bytes=_FILE_BYTES,
            memory_bytes=order.memory_bytes,
            wall_s=2 * cpu_s,
            gives_way=self.gives_way,
        )
        await self.run_within(made, walls, on_line)

    async def run_within(self, made: Any, walls: Confinement, on_line: OnLine | None = None) -> None:
        """The same within walls of the caller's. Raises ToolFailed."""
        await self.runner.run(compiled(self.ffmpeg_path, made), walls, on_line)

    async def can_encode(self, name: str) -> bool:
        """Whether this ffmpeg has an encoder."""
        if not self._encoders:
            walls = Confinement(read=(), cpu_s=60, wall_s=120)
            await self.runner.run([str(self.ffmpeg_path), "-v", "error", "-encoders"], walls, self._learn)
        return name in self._encoders

    def _learn(self, line: str) -> None:
        """A line of ffmpeg's list: flags, name, description."""
        self._encoders.update(line.split()[1:2])


def compiled(ffmpeg_path: Path, made: Any) -> list[str]:
    """The command, quiet but for errors."""
    flags = ("-v", "error", "-nostdin", "-nostats")
    return list(made.global_args(*flags).overwrite_output().compile(cmd=str(ffmpeg_path)))


def all_there(folder: Path, names: Sequence[str]) -> tuple[Path, ...]:
    """The files that a run was to make: ffmpeg ends well even where there was nothing to show."""
    if not all((folder / name).exists() for name in names):
        raise ToolFailed("nothing_shown", "not one picture of it can be decoded")
    return tuple(folder / name for name in names)


def opened(footage: Footage, **options: Any) -> Any:
    """The video stream of a medium."""
    source = ffmpeg.input(str(footage.source), format=footage.demuxer, **BOUNDS, **options)
    return source[str(footage.video_stream)]


def framed(stream: Any, size: Size) -> Any:
    """Exactly this size; a picture of another shape than was probed gets bars, not another shape."""
    width, height = size.width, size.height
    across = f"min({width},round({height + 1}*dar/2)*2)"
    down = f"min({height},round({width + 1}/dar/2)*2)"
    stream = stream.filter("scale", across, down).filter("setsar", "1")
    return stream.filter("pad", width, height, "(ow-iw)/2", "(oh-ih)/2")


def plain(stream: Any, footage: Footage) -> Any:
    """HDR as plain screens show it."""
    return tone_mapped(stream) if footage.is_hdr else stream


def for_jpeg(stream: Any) -> Any:
    """The colours that JPEG means, whatever the source's are."""
    stream = stream.filter("scale", out_color_matrix="bt601", out_range="full")
    return stream.filter("format", "yuv420p")


class Moments:
    """Reads the moments that ffmpeg tells, and reports how far it has come."""

    def __init__(self, duration_ms: int, on_progress: OnFraction) -> None:
        self.duration_s = max(0.001, duration_ms / 1000)
        self._on_progress = on_progress

    def __call__(self, line: str) -> None:
        if found := _MOMENT.search(line):
            self.at(float(found[1]))

    def at(self, moment_s: float) -> None:
        """Takes a moment."""
        self._on_progress(max(0.0, min(1.0, moment_s / self.duration_s)))
