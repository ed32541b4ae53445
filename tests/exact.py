"""Encodes a source in runs of segments and joins it, and measures what came of that."""

from __future__ import annotations

import math
import re
import subprocess
from array import array
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import av
import imageio_ffmpeg
from ffmpeg import output

from connectors.file_tools import FileTools, Join, Whole
from connectors.process import ToolRunner
from connectors.sandbox import Isolation, Sandbox
from connectors.segment_tools import (
    AudioRun,
    Misaligned,
    SegmentTools,
    VideoRun,
    on_grid,
    opened,
    quietly,
    sized,
)
from processors.transcode.filling import PREROLLS_S
from processors.transcode.plan import preroll_s
from schemas.medium import Medium
from schemas.profiles import Profile
from schemas.renditions import Renditions, renditions
from tests.clips import ffmpeg, looked_at

_FFMPEG = Path(imageio_ffmpeg.get_ffmpeg_exe())
_RUNNER = ToolRunner(Sandbox(Isolation(())))
_SEGMENTS, _FILES = SegmentTools(_RUNNER, _FFMPEG), FileTools(_RUNNER, _FFMPEG)
_SSIM = re.compile(r"All:([\d.]+)")


@dataclass
class Encoded:
    """What became of a source in a profile."""

    source: Path
    medium: Medium
    profile: Profile
    made: Renditions
    folder: Path
    pieces: dict[str, dict[int, Path]] = field(default_factory=lambda: defaultdict(dict))
    inits: dict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))

    async def keep(self, key: str, number: int, content: bytes) -> None:
        """Takes a segment in."""
        if number < 0:
            self.inits[key].add(content)
        self.pieces[key][number] = self.folder / f"{key}.{number + 1:06d}"
        self.pieces[key][number].write_bytes(content)

    def files(self, key: str) -> list[Path]:
        """One rendition's pieces, in order."""
        return [self.pieces[key][number] for number in sorted(self.pieces[key])]

    async def joined(self) -> Path:
        """All of it as one file."""
        target = self.folder / f"joined{self.profile.suffix}"
        order = Join(
            source=self.source,
            medium=self.medium,
            profile=self.profile,
            video=self.files(self.made.video[0].key) if self.made.video else (),
            audio=[self.files(track.key) for track in self.made.audio],
            audio_streams=[track.stream for track in self.made.audio],
            target=target,
        )
        await _FILES.join(order)
        return target


async def in_runs(source: Path, profile: Profile, folder: Path, cut: int) -> Encoded:
    """Encodes a source in runs of `cut` segments, each by a process of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    medium = looked_at(source)
    done = Encoded(source, medium, profile, renditions(medium, profile), folder)
    for first in range(0, done.made.video[0].grid.segments if done.made.video else 0, cut):
        await _pictures(done, first, cut)
    for track in done.made.audio:
        rate = next(s.sample_rate for s in medium.streams if s.index == track.stream) or track.sample_rate
        for first in range(0, track.grid.segments, cut):
            run = AudioRun(
                source=source,
                demuxer=medium.container,
                start_us=medium.start_us,
                rendition=track,
                source_rate=rate,
                first=first,
                count=cut,
            )
            await _SEGMENTS.audio(run, done.keep, _unheard)
    return done


async def _pictures(done: Encoded, first: int, cut: int) -> None:
    for early_s in (preroll_s(done.medium), *PREROLLS_S):
        run = VideoRun(
            source=done.source,
            demuxer=done.medium.container,
            start_us=done.medium.start_us,
            rungs=done.made.video,
            first=first,
            count=cut,
            preroll_s=early_s,
        )
        try:
            return await _SEGMENTS.video(run, done.keep, _unheard)
        except Misaligned as error:
            problem = error
    raise problem


async def whole(source: Path, profile: Profile, folder: Path) -> Path:
    """The same by one process."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"whole{profile.suffix}"
    medium = looked_at(source)
    await _FILES.whole(Whole(source=source, medium=medium, profile=profile, target=target), _unheard)
    return target


def likeness(one: Path, other: Path) -> float:
    """How alike the pictures of two files are, by structural similarity, picture by picture."""
    graph = "[0:v]settb=1/25,setpts=N[a];[1:v]settb=1/25,setpts=N[b];[a][b]ssim"
    said = _run("-v", "info", "-i", one, "-i", other, "-lavfi", graph, "-f", "null", "-")
    found = _SSIM.search(said)
    assert found is not None, said
    return float(found[1])


def decodes(path: Path) -> str:
    """What ffmpeg has against a file when it decodes all of it; nothing where it is sound."""
    command = [ffmpeg(), "-v", "error", "-nostdin", "-xerror", "-i", str(path), "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stderr if done.returncode or done.stderr else ""


def reference(encoded: Encoded) -> Path:
    """The source's pictures on the grid, in the size of the largest rung, without loss."""
    rung, medium = encoded.made.video[0], encoded.medium
    target = encoded.folder / "reference.mkv"
    run = VideoRun(
        source=encoded.source,
        demuxer=medium.container,
        start_us=medium.start_us,
        rungs=(rung,),
        first=0,
        count=rung.grid.segments,
    )
    lossless = {"c:v": "libx264", "qp": 0, "preset": "ultrafast", "fps_mode": "passthrough"}
    drawn = sized(on_grid(opened(encoded.source, medium.container), run), rung)
    command = quietly(output(drawn, str(target), **lossless), "-copyts").compile(cmd=ffmpeg())
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return target


def times(path: Path, kind: str) -> list[int]:
    """When each packet of a file's first stream of a kind is shown, in ticks."""
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == kind)
        return sorted(p.pts for p in container.demux(stream) if p.size and p.pts is not None)


def steps(path: Path, kind: str) -> set[int]:
    """The distinct distances between them."""
    found = times(path, kind)
    return {later - earlier for earlier, later in pairwise(found)}


def samples(path: Path) -> array[float]:
    """The first channel of a file's sound."""
    command = [
        ffmpeg(),
        "-v",
        "error",
        "-nostdin",
        "-i",
        str(path),
        "-f",
        "f32le",
        "-af",
        "pan=mono|c0=c0",
        "-",
    ]
    return array("f", subprocess.run(command, check=True, capture_output=True, timeout=120).stdout)


def difference(one: array[float], other: array[float], at: int, width: int = 2048) -> float:
    """By how much two sounds differ around a sample: the root of the mean square, of full scale."""
    span = range(at - width // 2, at + width // 2)
    return math.sqrt(sum((one[n] - other[n]) ** 2 for n in span) / width)


def _run(*arguments: object) -> str:
    command = [ffmpeg(), "-nostdin", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stderr


def _unheard(_report: object) -> None:
    return None
