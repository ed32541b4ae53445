"""Some seconds out of the middle of a film with text drawn into them, by the tools that workers run."""

from __future__ import annotations

from pathlib import Path

from connectors.drawn_text import DrawnText
from connectors.process import ToolRunner
from connectors.segment_tools import SegmentTools, VideoRun
from schemas.medium import Medium
from schemas.renditions import VideoRendition
from schemas.segments import INIT
from tests.clips import ffmpeg

FIRST, COUNT = 1, 2
"""The segments that are made."""


async def out_of_the_middle(
    runner: ToolRunner, film: Path, medium: Medium, rung: VideoRendition, text: DrawnText, to: Path
) -> Path:
    """The run's segments, one behind the other, as a file."""
    pieces: dict[int, bytes] = {}

    async def keep(_: str, number: int, content: bytes) -> None:
        pieces[number] = content

    order = VideoRun(
        source=film,
        demuxer=medium.container,
        start_us=medium.start_us,
        rungs=(rung,),
        first=FIRST,
        count=COUNT,
        text=text,
    )
    await SegmentTools(runner, Path(ffmpeg())).video(order, keep, lambda _: None)
    to.write_bytes(b"".join(pieces[number] for number in (INIT, *range(FIRST, FIRST + COUNT))))
    return to
