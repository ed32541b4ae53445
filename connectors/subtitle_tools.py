"""Subtitle files of strangers, read, edited and converted by a tool behind the sandbox's walls."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Confinement
from connectors.subtitles.refusal import MOST_BYTES, SubtitleRefused

_ROOT = Path(__file__).parents[1]
_TOOL = Path(__file__).with_name("subtitles") / "tool.py"
_NEEDS = (_ROOT / "connectors", _ROOT / "schemas")
"""Where the tool's own code is."""
_CPU_S, _WALL_S = 60, 120
_MEMORY = 1 << 30
_FILE_BYTES = 16 * MOST_BYTES
"""Cues as JSON are larger than the file that they are from."""


@dataclass(frozen=True, slots=True)
class SubtitleTools:
    """What is made is in a folder that the caller gives."""

    runner: ToolRunner

    async def read(self, source: Path, folder: Path, options: Mapping[str, Any]) -> Path:
        """A line of JSON about the file, then one for each cue. Raises SubtitleRefused, ToolFailed."""
        cues = folder / "cues.jsonl"
        await self._run(source, folder, "read", str(source), str(cues), _saved(folder, options))
        return cues

    async def edit(
        self, source: Path, folder: Path, options: Mapping[str, Any], edits: Sequence[Mapping[str, Any]]
    ) -> tuple[Path, Path]:
        """The changed file, and its cues. Raises SubtitleRefused, ToolFailed."""
        cues, order, out = folder / "cues.jsonl", folder / "edits.json", folder / "edited"
        order.write_bytes(orjson.dumps(edits))
        await self._run(
            source, folder, "edit", str(source), str(cues), _saved(folder, options), str(order), str(out)
        )
        return out, cues

    async def convert(self, source: Path, folder: Path, options: Mapping[str, Any]) -> tuple[Path, Path]:
        """The file in the format `to`, and a line of JSON for each loss.

        Raises SubtitleRefused, ToolFailed.
        """
        out, losses = folder / "converted", folder / "lost.jsonl"
        await self._run(
            source, folder, "convert", str(source), str(out), _saved(folder, options), str(losses)
        )
        return out, losses

    async def _run(self, source: Path, folder: Path, *words: str) -> None:
        walls = Confinement(
            read=(source, *_NEEDS),
            write=folder,
            cpu_s=_CPU_S,
            wall_s=_WALL_S,
            memory_bytes=_MEMORY,
            file_bytes=_FILE_BYTES,
        )
        said: list[str] = []
        try:
            await self.runner.run([sys.executable, "-I", "-B", str(_TOOL), *words], walls, said.append)
        except ToolFailed as error:
            raise _refusal(error, said) from error


def _saved(folder: Path, options: Mapping[str, Any]) -> str:
    path = folder / "options.json"
    path.write_bytes(orjson.dumps(options))
    return str(path)


def _refusal(error: ToolFailed, said: Sequence[str]) -> Exception:
    """The tool's own word where it gave one; a file that crashes or stalls it is refused."""
    if said and said[-1].startswith('{"code"'):
        return SubtitleRefused(**orjson.loads(said[-1]))
    if error.code in ("too_slow", "too_much_memory", "crashed", "killed"):
        return SubtitleRefused("hostile", f"it can't be read safely: {error}")
    return error
