"""Copies a source as a worker does, and keeps what comes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg

from connectors.copy_tools import Copy, CopyTools, Piece
from connectors.process import ToolRunner
from connectors.sandbox import Isolation, Sandbox
from schemas.copies import Copies, copies, remux
from schemas.medium import Medium
from schemas.profiles import Profile
from tests.clips import looked_at, run

TOOLS = CopyTools(ToolRunner(Sandbox(Isolation(()))), Path(imageio_ffmpeg.get_ffmpeg_exe()))
EVERY_SOUND = remux({"aac", "ac3", "eac3", "opus"})
H264 = ("-c:v", "libx264", "-preset", "superfast", "-bf", "2", "-pix_fmt", "yuv420p")


@dataclass
class Copied:
    """What became of a source."""

    medium: Medium
    made: Copies
    pieces: dict[str, list[Piece]] = field(default_factory=lambda: defaultdict(list))

    async def keep(self, key: str, piece: Piece) -> None:
        """Takes a piece in."""
        self.pieces[key].append(piece)

    def segments(self, key: str) -> list[Piece]:
        """A track's pieces but for the first."""
        return self.pieces[key][1:]


async def copied(source: Path, profile: Profile = EVERY_SOUND) -> Copied:
    """Copies all that can be. Raises CannotRender, NotCopyable."""
    medium = looked_at(source)
    done = Copied(medium, copies(medium, profile))
    order = Copy(source=source, demuxer=medium.container, start_us=medium.start_us, tracks=done.made.tracks)
    await TOOLS.copy(order, done.keep, lambda _: None)
    return done


def film(path: Path, *, seconds: int = 14, group: int = 40, coded: tuple[str, ...] = ()) -> Path:
    """Pictures with B-pictures and a key frame in so many, and a tone."""
    picture = f"testsrc2=size=320x180:rate=25:duration={seconds}"
    tone = f"sine=440:sample_rate=48000:duration={seconds}"
    inputs = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone)
    return run(*inputs, *H264, "-g", str(group), *coded, "-c:a", "aac", to=path)
