"""Posters: the best of a few moments, in several widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from connectors.pictures.orders import Footage, NoPictures, Picture, Size, shown_size
from connectors.pictures.tool import JPEG, Tool, all_there, for_jpeg, framed, opened, plain
from connectors.process import ToolFailed

_EARLY_MS = 300_000
_LOOKED_AT = 24
_GOOD_SCORE = 60
"""Of 219: about what an evenly lit picture has."""
_WEBP = "libwebp"
_DARK, _BRIGHT = "lavfi.signalstats.YLOW", "lavfi.signalstats.YHIGH"


@dataclass(frozen=True, slots=True)
class Posters:
    """Takes posters."""

    tool: Tool

    async def draw(
        self, footage: Footage, folder: Path, widths: Sequence[int] = (320, 640, 1280)
    ) -> list[Picture]:
        """The best of a few moments, in each width, never scaled up: as JPEG, and WebP if this ffmpeg can.

        Raises NoPictures, ToolFailed.
        """
        if footage.video_stream is None:
            raise NoPictures
        suffixes = (".jpg", ".webp") if await self.tool.can_encode(_WEBP) else (".jpg",)
        files = {f"poster-{size.width}{s}": size for size in poster_sizes(footage, widths) for s in suffixes}
        await self._shoot(footage, folder, files)
        return [Picture(path, files[path.name]) for path in all_there(folder, list(files))]

    async def _shoot(self, footage: Footage, folder: Path, files: dict[str, Size]) -> None:
        scores: dict[int, float] = {}
        for at_ms in moments(footage):
            scores[at_ms] = await self._scored(footage, folder, files, at_ms)
            if scores[at_ms] >= _GOOD_SCORE:
                return
        best = max(scores, key=lambda at_ms: scores[at_ms])
        await self.tool.run(poster_command(footage, files, best), footage, folder)

    async def _scored(self, footage: Footage, folder: Path, files: dict[str, Size], at_ms: int) -> float:
        said: list[str] = []
        try:
            await self.tool.run(poster_command(footage, files, at_ms), footage, folder, said.append)
        except ToolFailed as error:
            if error.code != "tool_error":
                raise
        return score(said)


def moments(footage: Footage) -> tuple[int, ...]:
    """Where to look for a poster, the likeliest first; the last one is there in every video."""
    tenth_ms = 0 if footage.is_cover else footage.duration_ms // 1000 * 100
    first = min(tenth_ms, _EARLY_MS)
    return tuple(dict.fromkeys((first, 2 * first, 3 * first, 5 * first, 0)))


def score(said: Sequence[str]) -> float:
    """How much there is to see: the span of brightness without its extremes (so noise and a title count for
    little); -1 for no picture.
    """
    levels = dict(line.split("=", 1) for line in said if "=" in line)
    return float(levels[_BRIGHT]) - float(levels[_DARK]) if _BRIGHT in levels and _DARK in levels else -1


def poster_sizes(footage: Footage, widths: Sequence[int]) -> list[Size]:
    """The sizes without those that would be scaled up; the source's own width stands in for them."""
    return list(dict.fromkeys(shown_size(footage, width) for width in sorted(widths)))


def poster_command(footage: Footage, files: Mapping[str, Size], at_ms: int) -> Any:
    """Writes the most usual of the pictures from a moment on, in each size, and says how much it shows."""
    largest = max(files.values(), key=lambda size: size.width)
    stream = opened(footage, **({"ss": at_ms / 1000} if at_ms else {}))
    stream = stream if footage.is_cover else stream.filter("bwdif", mode="send_frame", deint="interlaced")
    stream = plain(framed(stream, largest), footage).filter("format", "yuv420p")
    stream = stream if footage.is_cover else stream.filter("thumbnail", _LOOKED_AT)
    stream = stream.filter("metadata", "delete").filter("signalstats").filter("metadata", "print", file="-")
    copies = stream.filter_multi_output("split", len(files))
    outputs = [_still(copies[number], name, size) for number, (name, size) in enumerate(files.items())]
    return ffmpeg.merge_outputs(*outputs)


def _still(stream: Any, name: str, size: Size) -> Any:
    scaled = stream.filter("scale", size.width, size.height)
    once = {"format": "image2", "update": 1, "frames:v": 1}
    if name.endswith(".webp"):
        return ffmpeg.output(scaled.filter("format", "bgra"), name, **once, **{"c:v": _WEBP, "quality": 80})
    return ffmpeg.output(for_jpeg(scaled), name, **once, **JPEG, **{"q:v": 3})
