"""Media for tests, made by ffmpeg when they run."""

from __future__ import annotations

import hashlib
import subprocess
from functools import cache
from pathlib import Path

import av
import imageio_ffmpeg

from connectors.media_tools import MAX_PIXELS
from connectors.probe_tool import probe
from connectors.sniff import sniff
from schemas.events import Stream
from schemas.medium import Medium


@cache
def ffmpeg() -> str:
    """The ffmpeg that the product runs."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def clip(
    path: Path, *, seconds: float = 2, size: str = "640x360", rate: str = "30", sound: bool = True
) -> Path:
    """A moving test picture with a tone, encoded quickly."""
    inputs = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}"]
    if sound:
        inputs += ["-f", "lavfi", "-i", "sine=440:sample_rate=48000"]
    made = ["-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    if sound:
        made += ["-c:a", "aac"]
    return run(*inputs, *made, to=path)


def natural_clip(path: Path, *, seconds: float, size: str) -> Path:
    """A film that costs its encoder about what filmed pictures do: it moves everywhere, and has grain."""
    pictures = f"testsrc2=size={size}:rate=30,noise=alls=6:allf=t"
    tone = ("-f", "lavfi", "-i", "sine=440:sample_rate=48000", "-c:a", "aac")
    made = (
        "-t",
        str(seconds),
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        "20",
        "-pix_fmt",
        "yuv420p",
    )
    return run("-f", "lavfi", "-i", pictures, *tone, *made, to=path)


def run(*arguments: str, to: Path) -> Path:
    """Runs ffmpeg to write a file."""
    subprocess.run([ffmpeg(), "-v", "error", "-y", *arguments, str(to)], check=True, timeout=600)
    return to


def slow_clip(path: Path, seconds: int = 24) -> Path:
    """A clip that takes some seconds to transcode, and is small all the same."""
    source = f"testsrc2=size=1280x720:rate=30:duration={seconds}"
    sound = ("-f", "lavfi", "-i", f"sine=440:sample_rate=48000:duration={seconds}", "-c:a", "aac")
    made = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "40")
    return run("-f", "lavfi", "-i", source, *sound, *made, to=path)


def marked(source: Path, target: Path, mark: object) -> Path:
    """The same film in other bytes, so that nothing of it is known yet."""
    return run("-i", str(source), "-c", "copy", "-metadata", f"comment={mark}", to=target)


def looked_at(path: Path) -> Medium:
    """What the probe says of a file, without the sandbox."""
    demuxer = sniff(path)
    assert demuxer is not None
    said = probe(str(path), demuxer, MAX_PIXELS)
    streams = tuple(Stream(**stream) for stream in said["streams"])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Medium(
        location=f"raw/{digest[:2]}/{digest}",
        container=demuxer,
        sha256=digest,
        duration_ms=said["duration_ms"],
        start_us=said["start_us"],
        streams=streams,
    )


def frames(path: Path) -> int:
    """How many pictures a file really has, by decoding them all."""
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))
