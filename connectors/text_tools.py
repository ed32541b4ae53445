"""Takes text tracks out of a medium: as WebVTT for players, or in a form that can be drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ffmpeg
import structlog

from connectors.fonts import FAMILY
from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Confinement
from connectors.segment_tools import opened, quietly
from schemas.texts import Form

log = structlog.get_logger()

_FFMPEGS_STYLE = b"Style: Default,Arial,"
_MOST_BYTES: Mapping[Form, int] = {"webvtt": 64 << 20, "ass": 64 << 20, "matroska": 256 << 20}
"""No film has so much to say."""
_CODECS: Mapping[Form, str] = {"webvtt": "webvtt", "ass": "ass", "matroska": "copy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Tracks of one medium, to be written into a folder."""

    source: Path
    demuxer: str
    streams: tuple[int, ...]
    form: Form
    folder: Path
    memory_bytes: int | None = None

    def target(self, stream: int) -> Path:
        """The file of one track."""
        return self.folder / f"{stream}.{self.form}"


@dataclass(frozen=True, slots=True)
class TextTools:
    """Runs ffmpeg behind the sandbox's walls."""

    runner: ToolRunner
    ffmpeg_path: Path

    async def extract(self, order: Texts) -> Mapping[int, Path]:
        """The file of each track that can be read; the medium is read once where all can be."""
        try:
            await self._run(order)
        except ToolFailed as error:
            if len(order.streams) == 1:
                log.warning("a text track can't be read", stream=order.streams[0], why=str(error))
                return {}
            return await self._one_by_one(order)
        found = {stream: order.target(stream) for stream in order.streams}
        if order.form == "ass":
            for path in found.values():
                _in_our_font(path)
        return found

    async def _one_by_one(self, order: Texts) -> Mapping[int, Path]:
        found: dict[int, Path] = {}
        for stream in order.streams:
            found |= await self.extract(replace(order, streams=(stream,)))
        return found

    async def _run(self, order: Texts) -> None:
        walls = Confinement(
            read=(order.source,),
            write=order.folder,
            file_bytes=_MOST_BYTES[order.form],
            memory_bytes=order.memory_bytes,
        )
        await self.runner.run(command(self.ffmpeg_path, order), walls)


def _in_our_font(path: Path) -> None:
    """Text that had no style of its own got ffmpeg's, whose font few machines have."""
    path.write_bytes(path.read_bytes().replace(_FFMPEGS_STYLE, f"Style: Default,{FAMILY},".encode()))


def command(ffmpeg_path: Path, order: Texts) -> Sequence[str]:
    """ffmpeg's arguments: times are counted from the container's start, as the pictures' are."""
    source = opened(order.source, order.demuxer)
    outputs = (
        ffmpeg.output(
            source[str(stream)], str(order.target(stream)), format=order.form, **{"c:s": _CODECS[order.form]}
        )
        for stream in order.streams
    )
    made: list[str] = quietly(ffmpeg.merge_outputs(*outputs)).compile(cmd=str(ffmpeg_path))
    return made
