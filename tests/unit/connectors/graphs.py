"""What the tests of pictures share: a medium, and the filters of a command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from connectors.pictures.orders import Footage, Sound
from connectors.pictures.tool import compiled

HOUR_MS = 3_600_000
FOOTAGE = Footage(
    source=Path("/in/a.mkv"),
    demuxer="matroska",
    duration_ms=60_000,
    video_stream=3,
    width=1280,
    height=720,
    memory_bytes=1,
)
SOUND = Sound(
    source=Path("/in/a.mkv"),
    demuxer="matroska",
    duration_ms=60_000,
    audio_stream=1,
    sample_rate=48_000,
    memory_bytes=1,
)
OPENED = ["-f", "matroska", "-max_pixels", str(8192 * 8192), "-protocol_whitelist", "file"]
QUIETLY = ["-v", "error", "-nostdin", "-nostats", "-y"]
_FRAMED = r"scale=min({0}\,round({3}*dar/2)*2):min({1}\,round({2}/dar/2)*2)"
"""A size as a filter: width, height, and each with one more."""


def command_of(made: Any) -> list[str]:
    """The command as it is run."""
    return compiled(Path("/bin/ffmpeg"), made)


def graph(command: list[str]) -> list[str]:
    """The filters of a command in their order, without their labels."""
    chains = command[command.index("-filter_complex") + 1].split(";")
    return [chain[chain.index("]") + 1 :].split("[")[0] for chain in chains]


def framed(width: int, height: int) -> list[str]:
    """The filters that bring a picture to exactly this size."""
    scale = _FRAMED.format(width, height, width + 1, height + 1)
    return [scale, "setsar=1", f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2"]
