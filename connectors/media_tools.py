"""Probing media behind the sandbox's walls, and following what the encoders say of their progress."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson

from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Confinement
from connectors.sniff import sniff

_PROBE_TOOL = Path(__file__).with_name("probe_tool.py")
_PROBE_CPU_S = 60
_PROBE_WALL_S = 120
_PROBE_MEMORY = 1 << 30
MAX_PIXELS = 8192 * 8192
"""Of one picture, be it a cover: more than screens and cameras for film have."""
BOUNDS: Mapping[str, Any] = {"max_pixels": MAX_PIXELS, "protocol_whitelist": "file"}
"""What every input of ffmpeg is held to that is a file of a user's: it is opened whole, covers and all."""
_MOST_ALIKE = 480
"""Two minutes: there are four reports a second."""


class MediaRefused(Exception):
    """This medium cannot be taken: `code` for programs, the message for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class EncodeProgress:
    """How far an encode has come."""

    frames: int
    """Pictures written."""
    out_time_ms: int
    """Time written."""


OnProgress = Callable[[EncodeProgress], None]


class MediaTools(Protocol):
    """What stages may ask of the tools that look at media."""

    async def probe(self, path: Path) -> dict[str, Any]:
        """The container, duration, streams and tags, and whether the clock restarts on the way.

        Raises MediaRefused, or ToolFailed.
        """
        ...


@dataclass(frozen=True, slots=True)
class FfmpegTools:
    """See MediaTools."""

    runner: ToolRunner

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
        command = [sys.executable, "-I", str(_PROBE_TOOL), str(path), demuxer, str(MAX_PIXELS)]
        try:
            await self.runner.run(command, walls, said.append)
        except ToolFailed as error:
            raise _refusal(error, said) from error
        return {"container": demuxer, **orjson.loads(said[-1])}


class Follower:
    """Gathers the `key=value` lines of ffmpeg's progress into reports."""

    def __init__(self, on_progress: OnProgress) -> None:
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


class Impatient:
    """Hands reports on, until so many in a row say the same: a device that hangs says nothing itself.

    Reports are counted, not seconds: a tool that is stopped for a while reports nothing.
    """

    def __init__(self, on_progress: OnProgress, most_alike: int = _MOST_ALIKE) -> None:
        self._on_progress = on_progress
        self._most_alike = most_alike
        self._last: EncodeProgress | None = None
        self._alike = 0

    def __call__(self, report: EncodeProgress) -> None:
        """Raises ToolFailed."""
        self._alike = self._alike + 1 if report == self._last else 0
        self._last = report
        if self._alike >= self._most_alike:
            raise ToolFailed("stalled", f"nothing has come out of it for {self._alike} reports")
        self._on_progress(report)


def _refusal(error: ToolFailed, said: list[str]) -> Exception:
    """The probe's own word where it gave one; a tool that a file can crash or stall refuses that file."""
    if said and said[-1].startswith('{"code"'):
        verdict = orjson.loads(said[-1])
        return MediaRefused(verdict["code"], verdict["reason"])
    if error.code in ("too_slow", "too_much_memory", "crashed", "killed"):
        return MediaRefused("hostile", f"it cannot be probed safely: {error}")
    return error
