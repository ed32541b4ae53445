"""What takes texts out of a medium, without one: each file says its stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.text_tools import Texts


@dataclass
class FakeExtractor:
    """Remembers what it was asked for."""

    broken: set[int] = field(default_factory=set)
    asked: list[Texts] = field(default_factory=list)

    async def extract(self, order: Texts) -> Mapping[int, Path]:
        self.asked.append(order)
        found = {stream: order.target(stream) for stream in order.streams if stream not in self.broken}
        for stream, path in found.items():
            path.write_text(f"WEBVTT\n\n{stream}")
        return found
