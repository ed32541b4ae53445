"""Probing and encoding media: commands are built from typed values and run behind the sandbox's walls."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import ffmpeg
import orjson

from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Confinement
from connectors.sniff import sniff

_PROBE_TOOL = Path(__file__).with_name("probe_tool.py")
_PROBE_CPU_S = 60
_PROBE_WALL_S = 120
_PROBE_MEMORY = 1 << 30
_STATS_PERIOD_S = 0.25


class MediaRefused(Exception):
    """This medium cannot be taken: `code` for programs, the message for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    """One file to one MP4 with H.264 and AAC."""

    source: Path
    demuxer: str
    target: Path
    video_stream: int | None
    audio_stream: int | None
    height: int
    """The result's height; even."""
    crf: int
    preset: str
    audio_bit_rate: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class EncodeProgress:
    """How far an encode has come."""

    frames: int
    """Pictures written."""
    out_time_ms: int
    """Time written."""


class MediaTools(Protocol):
    """What stages may ask of the media tools."""

    async def probe(self, path: Path) -> dict[str, Any]:
        """The container, duration, streams and tags. Raises MediaRefused, or ToolFailed."""
        ...

    async def encode(self, order: Encode, on_progress: Callable[[EncodeProgress], None]) -> None:
        """Writes the target. Raises ToolFailed."""
        ...


@dataclass(frozen=True, slots=True)
class FfmpegTools:
    """See MediaTools."""

    runner: ToolRunner
    ffmpeg_path: Path

    async def probe(self, path: Path) -> dict[str, Any]:
        """See MediaTools."""
        demuxer = sniff(path)
        if demuxer is None:
            raise MediaRefused(
                "unknown_format", "its first bytes are those of no video or audio format we read"
            )
        said: list[str] = []
        walls = Confinement(
            read=(path, _PROBE_TOOL),
            cpu_s=_PROBE_CPU_S,
            wall_s=_PROBE_WALL_S,
            memory_bytes=_PROBE_MEMORY,
            file_bytes=0,
        )
        command = [sys.executable, "-I", str(_PROBE_TOOL), str(path), demuxer]
        try:
            await self.runner.run(command, walls, said.append)
        except ToolFailed as error:
            raise _refusal(error, said) from error
        return {"container": demuxer, **orjson.loads(said[-1])}

    async def encode(self, order: Encode, on_progress: Callable[[EncodeProgress], None]) -> None:
        """See MediaTools."""
        walls = Confinement(read=(order.source,), write=order.target.parent, memory_bytes=order.memory_bytes)
        await self.runner.run(encode_command(self.ffmpeg_path, order), walls, _Follower(on_progress))


def encode_command(ffmpeg_path: Path, order: Encode) -> list[str]:
    """ffmpeg's arguments for an encode."""
    source = ffmpeg.input(str(order.source), format=order.demuxer, protocol_whitelist="file")
    streams = []
    if order.video_stream is not None:
        video = source[str(order.video_stream)].filter("scale", -2, order.height)
        streams.append(video.filter("format", "yuv420p").filter("setsar", "1"))
    if order.audio_stream is not None:
        streams.append(source[str(order.audio_stream)])
    made = ffmpeg.output(*streams, str(order.target), **_settings(order))
    flags = ("-v", "error", "-nostdin", "-nostats", "-stats_period", str(_STATS_PERIOD_S))
    return list(
        made.global_args(*flags, "-progress", "pipe:1").overwrite_output().compile(cmd=str(ffmpeg_path))
    )


def _settings(order: Encode) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "format": "mp4",
        "movflags": "+faststart",
        "map_metadata": 0,
        "map_chapters": 0,
    }
    if order.video_stream is not None:
        settings |= {"c:v": "libx264", "preset": order.preset, "crf": order.crf, "profile:v": "high"}
    if order.audio_stream is not None:
        settings |= {"c:a": "aac", "b:a": order.audio_bit_rate, "ac": 2}
    return settings


class _Follower:
    """Gathers the `key=value` lines of ffmpeg's progress into reports."""

    def __init__(self, on_progress: Callable[[EncodeProgress], None]) -> None:
        self._on_progress = on_progress
        self._said: dict[str, str] = {}

    def __call__(self, line: str) -> None:
        name, _, value = line.partition("=")
        self._said[name.strip()] = value.strip()
        if name == "progress":
            self._on_progress(EncodeProgress(self._number("frame"), self._number("out_time_us") // 1000))

    def _number(self, name: str) -> int:
        value = self._said.get(name, "")
        return max(0, int(value)) if value.lstrip("-").isdigit() else 0


def _refusal(error: ToolFailed, said: list[str]) -> Exception:
    """The probe's own word where it gave one; a tool that a file can crash or stall refuses that file."""
    if said and said[-1].startswith('{"code"'):
        verdict = orjson.loads(said[-1])
        return MediaRefused(verdict["code"], verdict["reason"])
    if error.code in ("too_slow", "too_much_memory", "crashed", "killed"):
        return MediaRefused("hostile", f"it cannot be probed safely: {error}")
    return error
