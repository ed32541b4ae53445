"""The demonstration: a clip is made, uploaded and followed through the event log to a file that plays."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.brokers import Brokers
from deploy.local import transfers
from deploy.local.client import Gateway
from deploy.local.console import Output, size_text, span_text
from deploy.local.failures import Failure
from deploy.local.home import Home
from deploy.local.narrator import Narrator
from deploy.local.watching import ended_well, watch

_SECONDS = 20
_SIZE = "1280x720"
_PROFILE = "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What a file turned out to be when it was played."""

    video: str
    audio: str | None
    width: int
    height: int
    frames: int
    seconds: float


def run(home: Home, gateway: Gateway, brokers: Brokers, output: Output) -> dict[str, Any]:
    """The whole tour; returns what came of it. Raises Failure with the reason where it breaks off."""
    began = time.monotonic()
    output.note(f"Making a clip: {_SECONDS} s, {_SIZE}, with sound")
    clip = make_clip(home.scratch / "demo-source.mp4")
    with Narrator(brokers, output) as narrator:
        output.note(f"Uploading it: {size_text(clip.stat().st_size)}")
        answer = transfers.upload(gateway, clip, lambda sent: None, profile=_PROFILE, priority="normal")
        media_id, job_id = answer["media"]["id"], answer["job"]["id"]
        narrator.about(media_id, job_id)
        jobs = watch(gateway, [job_id], output)
    ended_well(jobs)
    result = home.root / "demo.mp4"
    transfers.download(gateway, f"/jobs/{job_id}/output", result, lambda done, total: None)
    film = play(result)
    clip.unlink(missing_ok=True)
    return {
        "media_id": media_id,
        "job_id": job_id,
        "file": result,
        "address": f"{gateway.url}/api/v1/jobs/{job_id}/output",
        "size_bytes": result.stat().st_size,
        "seconds": round(time.monotonic() - began, 1),
        "film": film,
    }


def make_clip(file: Path) -> Path:
    """A moving test picture with a tone."""
    import imageio_ffmpeg

    picture = ("-f", "lavfi", "-i", f"testsrc2=size={_SIZE}:rate=30:duration={_SECONDS}")
    tone = ("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={_SECONDS}")
    codecs = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest")
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    quiet = ("-hide_banner", "-nostdin", "-loglevel", "error", "-y")
    done = subprocess.run(
        [ffmpeg, *quiet, *picture, *tone, *codecs, str(file)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Failure(f"ffmpeg could not make the clip: {done.stderr.strip() or done.returncode}")
    return file


def play(file: Path) -> Film:
    """Decodes every frame of a file. Raises Failure where it does not play to its end."""
    import av

    try:
        with av.open(str(file)) as container:
            video, sound = container.streams.video[0], next(iter(container.streams.audio), None)
            frames = sum(1 for _ in container.decode(video))
            film = Film(
                video=video.codec_context.name,
                audio=None if sound is None else sound.codec_context.name,
                width=video.codec_context.width,
                height=video.codec_context.height,
                frames=frames,
                seconds=float(container.duration or 0) / 1_000_000,
            )
    except (av.FFmpegError, IndexError, OSError) as error:
        raise Failure(f"{file} does not play: {error}") from error
    if not film.frames or abs(film.seconds - _SECONDS) > 1:
        raise Failure(
            f"{file} plays {film.seconds:.1f} s and {film.frames} frames; the clip has {_SECONDS} s"
        )
    return film


def show(result: dict[str, Any], output: Output) -> None:
    """What came of it, for people."""
    film: Film = result["film"]
    sound = film.audio or "no sound"
    output.line(
        f"It plays: {film.video} {film.width}x{film.height}, {sound}, {film.frames} frames, "
        f"{span_text(film.seconds)}, {size_text(result['size_bytes'])}"
    )
    output.line(f"The file: {result['file']}")
    output.line(f"Its address: {result['address']} (with the token of `sluice token --show`)")
