"""From a medium to what the tools are told, and from what they made to the files that are kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from connectors.pictures.orders import Footage, Picture, Size, Sound
from connectors.pictures.sheets import Sheets, vtt
from connectors.pictures.tool import OnFraction
from connectors.pictures.waveform import Wave
from processors.pictures.plan import shown
from schemas.medium import Medium, is_hdr
from schemas.pictures import Tiles

_TRACK = "thumbnails.vtt"
_USUAL_RATE = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """What to draw pictures of, and where."""

    medium: Medium
    source: Path
    folder: Path
    memory_bytes: int
    key: str
    """What names the set."""


@dataclass(frozen=True, slots=True)
class Set:
    """Files that were made."""

    files: list[tuple[Path, Size | None]]
    tiles: Tiles | None = None


Draw = Callable[[Canvas], Awaitable[Set]]
"""Draws the pictures of one kind. Raises ToolFailed."""


class PosterTool(Protocol):
    """See connectors.pictures.poster."""

    async def draw(self, footage: Footage, folder: Path) -> list[Picture]:
        """Takes posters."""
        ...


class ThumbnailsTool(Protocol):
    """See connectors.pictures.sheets."""

    async def draw(self, footage: Footage, folder: Path, on_progress: OnFraction) -> Sheets:
        """Takes thumbnails."""
        ...


class WaveformTool(Protocol):
    """See connectors.pictures.waveform."""

    async def draw(self, sound: Sound, folder: Path, on_progress: OnFraction) -> Wave:
        """Draws a waveform."""
        ...


def poster(tool: PosterTool) -> Draw:
    """Draws posters."""

    async def draw(canvas: Canvas) -> Set:
        made = await tool.draw(footage(canvas), canvas.folder)
        return Set([(picture.path, picture.size) for picture in made])

    return draw


def thumbnails(tool: ThumbnailsTool) -> Draw:
    """Draws sheets of thumbnails, and writes the track that names them: relative, and by their key, so that
    it holds under every address of the set.
    """

    async def draw(canvas: Canvas) -> Set:
        made = await tool.draw(footage(canvas), canvas.folder, _unheard)
        tiles, track = made.tiles, canvas.folder / _TRACK
        track.write_text(vtt(tiles, [f"{name}?v={canvas.key}" for name in tiles.sheets]))
        size = Size(tiles.columns * tiles.width, tiles.rows * tiles.height)
        return Set([*((path, size) for path in made.paths), (track, None)], tiles)

    return draw


def waveform(tool: WaveformTool) -> Draw:
    """Draws waveforms."""

    async def draw(canvas: Canvas) -> Set:
        made = await tool.draw(sound(canvas), canvas.folder, _unheard)
        return Set([(made.picture.path, made.picture.size), (made.data, None)])

    return draw


def footage(canvas: Canvas) -> Footage:
    """What posters and thumbnails show."""
    stream = shown(canvas.medium)
    known = Footage(
        source=canvas.source,
        demuxer=canvas.medium.container,
        duration_ms=canvas.medium.duration_ms,
        video_stream=None,
        memory_bytes=canvas.memory_bytes,
    )
    if stream is None:
        return known
    return replace(
        known,
        video_stream=stream.index,
        width=stream.width or known.width,
        height=stream.height or known.height,
        rotation=stream.rotation,
        pixel_aspect=Fraction(stream.aspect or 1),
        is_hdr=is_hdr(stream),
        is_cover=stream.is_attached_picture,
    )


def sound(canvas: Canvas) -> Sound:
    """What a waveform shows."""
    stream = canvas.medium.main("audio")
    return Sound(
        source=canvas.source,
        demuxer=canvas.medium.container,
        duration_ms=canvas.medium.duration_ms,
        audio_stream=stream.index if stream else None,
        sample_rate=(stream.sample_rate if stream else None) or _USUAL_RATE,
        memory_bytes=canvas.memory_bytes,
    )


def _unheard(_done: float) -> None:
    return None
