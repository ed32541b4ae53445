"""What to draw pictures of, as the probe describes it, and how large they become."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from connectors.process import ToolFailed

_TALLEST = 4


class NoPictures(ToolFailed):
    """The medium has no video."""

    def __init__(self) -> None:
        super().__init__("no_pictures", "it has no video to take pictures of")


class NoSound(ToolFailed):
    """The medium has no audio."""

    def __init__(self) -> None:
        super().__init__("no_sound", "it has no sound to draw")


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """What to take pictures of."""

    source: Path
    demuxer: str
    duration_ms: int
    video_stream: int | None
    width: int = 2
    height: int = 2
    rotation: int = 0
    pixel_aspect: Fraction = Fraction(1)
    is_hdr: bool = False
    is_cover: bool = False
    """The stream is an attached picture."""
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """What to draw the waveform of."""

    source: Path
    demuxer: str
    duration_ms: int
    audio_stream: int | None
    sample_rate: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Size:
    """In square pixels; of what is taken from media both are even."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was made."""

    path: Path
    size: Size


def shown_size(footage: Footage, width: int) -> Size:
    """The size as shown (turned, with square pixels), at most so wide, and not absurdly tall."""
    across, down = max(1, footage.width) * footage.pixel_aspect, Fraction(max(1, footage.height))
    if footage.rotation in (90, 270):
        across, down = down, across
    fitting = max(2, int(min(Fraction(width), across)) // 2 * 2)
    return Size(fitting, min(max(2, round(fitting * down / across / 2) * 2), _TALLEST * fitting))
