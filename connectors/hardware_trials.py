"""Trials of encoders in hardware: each encodes a few pictures behind the walls, as a job would have it, and
counts only if every one of them can be decoded again.
"""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass, replace
from fractions import Fraction
from glob import glob
from pathlib import Path

import structlog

from connectors.fragments import NotFragmented
from connectors.hardware import Hardware, HardwareEncoder, candidates
from connectors.media_tools import EncodeProgress
from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Confinement
from connectors.segment_tools import Misaligned, SegmentTools, VideoRun
from schemas.renditions import Picture, VideoRendition
from schemas.segments import Grid

log = structlog.get_logger()

_NODES = "/dev/dri/renderD*"
_WIDTH, _HEIGHT, _PICTURES, _PER_SEGMENT = 320, 240, 16, 8
_MEMORY = 2 << 30
_LIST_S = 30.0


class NoGood(Exception):
    """What came out is not what went in."""


@dataclass(frozen=True, slots=True)
class Trials:
    """Finds out what this machine's hardware can do."""

    runner: ToolRunner
    ffmpeg_path: Path
    folder: Path
    """Of the trials' own: empty when they begin, and gone afterwards."""
    one_s: float = 120.0
    """How long one trial may take, of what others leave of the processor."""

    async def run(self, hardware: Hardware) -> None:
        """Tries every encoder that this ffmpeg lists, one after another. Raises ToolFailed, OSError."""
        found, refused = candidates(await self._listed(), sorted(glob(_NODES))), dict[str, str]()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        try:
            source = _clip(self.folder / "pictures.y4m")
            for encoder in found:
                if why := await self._failure(encoder, source):
                    refused[encoder.name] = why
                else:
                    hardware.works(encoder)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        hardware.tried = True
        log.info("encoders in hardware", **hardware.details(), refused=refused)

    async def _listed(self) -> list[str]:
        said: list[str] = []
        command = [str(self.ffmpeg_path), "-hide_banner", "-encoders"]
        await self.runner.run(command, Confinement(read=(), wall_s=_LIST_S), said.append)
        return [words[1] for line in said if len(words := line.split()) > 1 and words[0].startswith("V")]

    async def _failure(self, encoder: HardwareEncoder, source: Path) -> str | None:
        """What is wrong with an encoder; None where it works."""
        try:
            async with asyncio.timeout(self.one_s):
                await self._try(encoder, source)
        except TimeoutError:
            return f"it took longer than {self.one_s:g} s"
        except ToolFailed as error:
            return next(iter(error.stderr.splitlines()), str(error))
        except (Misaligned, NotFragmented, NoGood) as error:
            return str(error)
        return None

    async def _try(self, encoder: HardwareEncoder, source: Path) -> None:
        """Both ways in which profiles ask for quality, at once, after the first piece that software made.

        Raises whatever is wrong.
        """
        run = VideoRun(
            source=source,
            demuxer="yuv4mpegpipe",
            rungs=_rungs(encoder.codec),
            first=0,
            count=_PICTURES // _PER_SEGMENT,
            memory_bytes=_MEMORY,
            hardware=encoder,
        )
        made = await self._made(run)
        plain = await self._made(replace(run, hardware=None))
        for number, rung in enumerate(run.rungs):
            path = source.with_name(f"{encoder.name}.{number}.mp4")
            path.write_bytes(plain[rung.key][0] + b"".join(made[rung.key][1:]))
            await self._decode(path)

    async def _made(self, run: VideoRun) -> dict[str, list[bytes]]:
        """The pieces of each rendition, the initialisation segment first."""
        made: dict[str, list[bytes]] = {rung.key: [] for rung in run.rungs}

        async def keep(key: str, _number: int, content: bytes) -> None:
            made[key].append(content)

        tools = SegmentTools(self.runner, self.ffmpeg_path, gives_way=True)
        await tools.video(run, keep, _unheard)
        return made

    async def _decode(self, path: Path) -> None:
        """Raises NoGood, ToolFailed."""
        said: list[str] = []
        command = [str(self.ffmpeg_path), "-v", "error", "-nostdin", "-i", str(path), "-f", "framecrc", "-"]
        walls = Confinement(read=(path,), memory_bytes=_MEMORY, gives_way=True)
        done = await self.runner.run(command, walls, said.append)
        pictures = sum(not line.startswith("#") for line in said)
        if done.stderr or pictures != _PICTURES:
            raise NoGood(done.stderr or f"{pictures} of {_PICTURES} pictures came out")


def _rungs(codec: str) -> tuple[VideoRendition, ...]:
    free = VideoRendition(
        source="trial",
        picture=Picture(stream=0, rate="30", deinterlace=False, tone_map=False),
        grid=Grid(rate=Fraction(30), units=_PICTURES, per_segment=_PER_SEGMENT),
        codec=codec,
        width=_WIDTH,
        height=_HEIGHT,
        crf=28,
        max_bit_rate=None,
        bit_rate=None,
        speed="fast",
        ten_bit=False,
        variant="hardware",
    )
    return (free, replace(free, max_bit_rate=1_000_000))


def _clip(path: Path) -> Path:
    """A grey slope that moves, as bare pictures."""
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{_WIDTH} H{_HEIGHT} F30:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(_PICTURES):
            row = bytes((x + 8 * number) % 256 for x in range(_WIDTH))
            file.write(b"FRAME\n" + row * _HEIGHT + bytes([128]) * (_WIDTH * _HEIGHT // 2))
    return path


def _unheard(_report: EncodeProgress) -> None:
    return None
