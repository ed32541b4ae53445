"""Pictures of an image that somebody gave: decoded behind the walls, and nothing of it stays but pixels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from connectors.media_tools import BOUNDS
from connectors.pictures.orders import Picture
from connectors.pictures.stills import HEAD_BYTES, demuxer_of, size_of
from connectors.pictures.tool import JPEG, Tool, all_there, for_jpeg
from connectors.process import ToolFailed
from connectors.sandbox import Confinement
from schemas.artwork import LOGO

_WIDTHS = (320, 1280)
_TALLEST = 4096
_CPU_S, _FILE_BYTES = 60, 32 << 20


class NoImage(ToolFailed):
    """The bytes are no image that we read."""

    def __init__(self) -> None:
        super().__init__("no_image", "it is no JPEG, PNG or WebP")


@dataclass(frozen=True, slots=True)
class Artworks:
    """Makes pictures of images."""

    tool: Tool

    async def draw(self, source: Path, kind: str, folder: Path, memory_bytes: int) -> list[Picture]:
        """A small and a large one, never scaled up: JPEG, and PNG where what is clear has to stay so.

        Raises NoImage, ToolFailed.
        """
        with source.open("rb") as file:
            demuxer = demuxer_of(file.read(HEAD_BYTES))
        if demuxer is None:
            raise NoImage
        names = {f"{kind}-{width}.{'png' if kind == LOGO else 'jpg'}": width for width in _WIDTHS}
        walls = Confinement(
            read=(source,),
            write=folder,
            cpu_s=_CPU_S,
            wall_s=2 * _CPU_S,
            file_bytes=_FILE_BYTES,
            memory_bytes=memory_bytes,
        )
        await self.tool.run_within(artwork_command(source, demuxer, names), walls)
        return [_sized(path) for path in all_there(folder, list(names))]


def artwork_command(source: Path, demuxer: str, names: dict[str, int]) -> Any:
    """Writes the first picture of an image in several widths."""
    stream = ffmpeg.input(str(source), format=demuxer, **BOUNDS)["v:0"]
    copies = stream.filter_multi_output("split", len(names))
    made = [_still(copies[number], name, width) for number, (name, width) in enumerate(names.items())]
    return ffmpeg.merge_outputs(*made)


def _still(stream: Any, name: str, width: int) -> Any:
    fitting = f"min(1,min({width}/iw,{_TALLEST}/ih))"
    stream = stream.filter("scale", f"max(1,trunc(iw*{fitting}))", f"max(1,trunc(ih*{fitting}))")
    once = {"format": "image2", "update": 1, "frames:v": 1, "map_metadata": -1}
    if name.endswith(".png"):
        return ffmpeg.output(stream.filter("format", "rgba"), name, **once, **{"c:v": "png"})
    return ffmpeg.output(for_jpeg(stream), name, **once, **JPEG, **{"q:v": 3})


def _sized(path: Path) -> Picture:
    size = size_of(path.read_bytes())
    if size is None:
        raise ToolFailed("nothing_shown", "not one picture of it can be decoded")
    return Picture(path, size)
