"""What the tests of pictures share: real ffmpeg behind the real walls, and eyes for what it draws."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from connectors.pictures.orders import Footage, Sound
from connectors.pictures.tool import Tool
from connectors.process import ToolRunner
from connectors.sandbox import Sandbox, find_isolation
from tests.clips import ffmpeg

MEMORY = 1 << 30
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")

Luma = NDArray[np.float64]


@cache
def tool() -> Tool:
    """ffmpeg as workers run it."""
    return Tool(ToolRunner(Sandbox(find_isolation())), Path(ffmpeg()))


def lavfi(graph: str) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", graph)


def footage(
    source: Path,
    seconds: float,
    width: int = 64,
    height: int = 36,
    demuxer: str = "mov",
    stream: int | None = 0,
) -> Footage:
    return Footage(
        source=source,
        demuxer=demuxer,
        duration_ms=round(seconds * 1000),
        video_stream=stream,
        width=width,
        height=height,
        memory_bytes=MEMORY,
    )


def sound(source: Path, seconds: float, demuxer: str = "wav", stream: int | None = 0) -> Sound:
    return Sound(
        source=source,
        demuxer=demuxer,
        duration_ms=round(seconds * 1000),
        audio_stream=stream,
        sample_rate=48_000,
        memory_bytes=MEMORY,
    )


def colours(path: Path) -> Luma:
    """A picture's red, green and blue, by row and column."""
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(np.float64)


def luma(path: Path) -> Luma:
    """A picture's brightness, by row and column."""
    return np.asarray(colours(path) @ (0.299, 0.587, 0.114))


def nothing(_done: float) -> None:
    """Hears of progress, and does nothing."""
