"""Waveforms: the lowest and the highest level at each point, as data and as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import ffmpeg
import orjson

from connectors.media_tools import BOUNDS
from connectors.pictures.orders import NoSound, Picture, Size, Sound
from connectors.pictures.tool import Moments, OnFraction, Tool, all_there
from connectors.process import ToolFailed

_POINTS, _MAX_POINTS, _POINTS_PER_S = 3_600, 4_000, 50
_SIZE, _COLOUR = Size(1800, 240), "0x5b8def"
_DATA, _PICTURE, _DRAFT = "waveform.json", "waveform.png", "waveform.u8"

Pair = tuple[int, int]
"""The lowest and the highest level, in 8 bits."""


@dataclass(frozen=True, slots=True)
class Wave:
    """A waveform that was made: data as audiowaveform's JSON (version 2), and a picture of it."""

    data: Path
    picture: Picture
    points: int


@dataclass(frozen=True, slots=True)
class Waveforms:
    """Draws waveforms."""

    tool: Tool

    async def draw(self, sound: Sound, folder: Path, on_progress: OnFraction) -> Wave:
        """The lowest and the highest level at each point. Memory does not grow with the sound's length.

        Raises NoSound, ToolFailed.
        """
        if sound.audio_stream is None:
            raise NoSound
        levels = Levels(sound, on_progress)
        await self.tool.run(levels_command(sound), sound, folder, levels)
        levels.close()
        if not levels.pairs:
            raise ToolFailed("nothing_heard", "not one sound of it can be decoded")
        (folder / _DATA).write_bytes(orjson.dumps(levels.document()))
        (folder / _DRAFT).write_bytes(draft(levels.pairs))
        await self.tool.run(wave_picture_command(folder), sound, folder)
        (folder / _DRAFT).unlink()
        data, picture = all_there(folder, (_DATA, _PICTURE))
        return Wave(data, Picture(picture, _SIZE), len(levels.pairs))


def samples_per_point(sound: Sound) -> int:
    """So many that points are neither closer nor more numerous than can be drawn."""
    spread = math.ceil(sound.sample_rate * sound.duration_ms / 1000 / _POINTS)
    return max(1, sound.sample_rate // _POINTS_PER_S, spread)


def levels_command(sound: Sound) -> Any:
    """Says the lowest and the highest level of each point."""
    source = ffmpeg.input(str(sound.source), format=sound.demuxer, **BOUNDS)
    mono = {"sample_fmts": "s16", "channel_layouts": "mono", "sample_rates": sound.sample_rate}
    stream = source[str(sound.audio_stream)].filter("aformat", **mono)
    stream = stream.filter("asetnsamples", samples_per_point(sound), pad=0).filter("ametadata", "delete")
    measured = {"measure_perchannel": "none", "measure_overall": "Min_level+Max_level"}
    stream = stream.filter("astats", metadata=1, reset=1, **measured)
    stream = stream.filter("ametadata", "print", file="-", direct=1)
    return ffmpeg.output(stream, "-", format="null")


def wave_picture_command(folder: Path) -> Any:
    """Draws the draft: of the whole sound ffmpeg would hold every sample."""
    drafted = ffmpeg.input(str(folder / _DRAFT), format="u8", ar=8000, protocol_whitelist="file")
    drawn = drafted.audio.filter(
        "showwavespic", f"{_SIZE.width}x{_SIZE.height}", colors=_COLOUR, filter="peak"
    )
    return ffmpeg.output(drawn, _PICTURE, format="image2", update=1, **{"frames:v": 1})


def draft(pairs: Sequence[Pair]) -> bytes:
    """The points as a sound so short that it can be drawn: two samples for each of the picture's columns."""
    across, points = _SIZE.width, len(pairs)
    starts = [column * points // across for column in range(across + 1)]
    columns = [_hull(pairs[begin : max(begin + 1, end)]) for begin, end in pairwise(starts)]
    return bytes(level + 128 for pair in columns for level in pair)


class Levels(Moments):
    """Gathers the points, merging neighbours whenever they become too many."""

    def __init__(self, sound: Sound, on_progress: OnFraction) -> None:
        super().__init__(sound.duration_ms, on_progress)
        self._sound = sound
        self._merged = 1
        self._open: list[Pair] = []
        self._lowest = 0
        self.pairs: list[Pair] = []

    def __call__(self, line: str) -> None:
        super().__call__(line)
        name, _, value = line.rpartition("=")
        if name.endswith("Min_level"):
            self._lowest = _byte(value)
        elif name.endswith("Max_level"):
            self.take((self._lowest, _byte(value)))

    def take(self, pair: Pair) -> None:
        """Takes the next pair."""
        if len(self.pairs) == _MAX_POINTS:
            self.pairs = [_hull(self.pairs[n : n + 2]) for n in range(0, _MAX_POINTS, 2)]
            self._merged *= 2
        self._open.append(pair)
        if len(self._open) == self._merged:
            self.close()

    def close(self) -> None:
        """What is open becomes a point."""
        if self._open:
            self.pairs.append(_hull(self._open))
            self._open = []

    def document(self) -> dict[str, Any]:
        """As audiowaveform writes it."""
        return {
            "version": 2,
            "channels": 1,
            "sample_rate": self._sound.sample_rate,
            "samples_per_pixel": samples_per_point(self._sound) * self._merged,
            "bits": 8,
            "length": len(self.pairs),
            "data": [level for pair in self.pairs for level in pair],
        }


def _hull(pairs: Sequence[Pair]) -> Pair:
    return min(lowest for lowest, _ in pairs), max(highest for _, highest in pairs)


def _byte(level: str) -> int:
    """A 16-bit level in 8 bits."""
    return int(float(level) / 256)
