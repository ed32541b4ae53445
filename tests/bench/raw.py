"""What ffmpeg alone takes for the same: the baselines of encoding."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import ffmpeg

from connectors.encoders import audio_settings, video_settings
from connectors.segment_tools import VideoRun, on_grid, opened, quietly, sized, video_outputs, where_read
from schemas.medium import Medium
from schemas.profiles import Profile
from schemas.renditions import renditions
from schemas.segments import SEGMENT_S
from tests.clips import ffmpeg as ffmpeg_path


def timed(command: Sequence[str], within_s: float = 900) -> float:
    """Seconds that a command takes."""
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=within_s)
    return time.monotonic() - began


def ladder(source: Path, medium: Medium, profile: Profile, folder: Path) -> tuple[float, int]:
    """Seconds in which ffmpeg alone makes all sizes and the sound, decoding once; and their bytes."""
    made = renditions(medium, profile)
    grid = made.video[0].grid
    run = VideoRun(source=source, demuxer=medium.container, rungs=made.video, first=0, count=grid.segments)
    pictures = on_grid(opened(source, medium.container), run).filter_multi_output("split", len(made.video))
    targets = [folder / f"raw-{number}.mp4" for number in range(len(made.video) + 1)]
    sizes = [
        ffmpeg.output(
            sized(pictures[number], rung),
            str(target),
            **video_settings(rung, grid.per_segment),
            fps_mode="passthrough",
        )
        for number, (rung, target) in enumerate(zip(made.video, targets, strict=False))
    ]
    track = made.audio[0]
    sound = ffmpeg.output(
        opened(source, medium.container)[str(track.stream)], str(targets[-1]), **audio_settings(track)
    )
    command = quietly(ffmpeg.merge_outputs(*sizes, sound)).compile(cmd=ffmpeg_path())
    return timed(command), sum(target.stat().st_size for target in targets)


def segment(source: Path, medium: Medium, profile: Profile, number: int) -> float:
    """Seconds until ffmpeg alone has made one segment: the picture in the size that players begin with, and
    its sound.
    """
    made = renditions(medium, profile)
    rung, track = made.video[0], made.audio[0]
    run = VideoRun(
        source=source,
        demuxer=medium.container,
        start_us=medium.start_us,
        rungs=(rung,),
        first=number,
        count=1,
    )
    begin = number * SEGMENT_S
    heard = opened(source, medium.container, where_read(run))[str(track.stream)]
    heard = heard.filter("atrim", start=begin, end=begin + SEGMENT_S)
    picture, sound = (str(source.with_suffix(f".raw-{kind}.mp4")) for kind in ("picture", "sound"))
    outputs = (*video_outputs(run, [picture]), ffmpeg.output(heard, sound, **audio_settings(track)))
    return timed(quietly(ffmpeg.merge_outputs(*outputs), "-copyts").compile(cmd=ffmpeg_path()))
