"""Reads files again to see what their bytes are, on what others leave of the machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from connectors.process import ToolRunner
from connectors.sandbox import Confinement

_TOOL = Path(__file__).with_name("digest_tool.py")
_BASE_CPU_S = 60
_SLOWEST = 20 << 20
"""Bytes a second of processor time: any machine does more."""


@dataclass(frozen=True, slots=True)
class Digests:
    """See processors.work.hashing.Hasher."""

    runner: ToolRunner

    async def sha256(self, path: Path, size_bytes: int) -> str:
        """The hash of a file of about this size, in hexadecimal. Raises ToolFailed."""
        said: list[str] = []
        cpu_s = _BASE_CPU_S + size_bytes // _SLOWEST
        walls = Confinement(read=(path, _TOOL), cpu_s=cpu_s, file_bytes=0, gives_way=True)
        await self.runner.run([sys.executable, "-I", "-S", str(_TOOL), str(path)], walls, said.append)
        return said[-1]
