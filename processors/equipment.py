"""What a worker's machine has beside its processor: encoders in hardware, and HandBrake's presets.

Both are found out by running the tools, in the background: a worker begins without waiting for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import orjson
import structlog

from connectors.handbrake import Preset
from connectors.hardware import Hardware
from connectors.process import ToolFailed

log = structlog.get_logger()


class Trials(Protocol):
    """See connectors.hardware_trials."""

    async def run(self, hardware: Hardware) -> None:
        """Tells which encoders work. Raises ToolFailed, OSError."""
        ...


class Presets(Protocol):
    """See connectors.handbrake."""

    async def presets(self) -> list[Preset]:
        """What there is. Raises ToolFailed."""
        ...


@dataclass(slots=True)
class Equipment:
    """One worker's."""

    trials: Trials
    handbrake: Presets | None
    hardware: Hardware = field(default_factory=Hardware)
    _presets: dict[str, list[str]] = field(default_factory=dict)
    """By category."""

    async def look(self) -> None:
        """Finds out what there is. Never raises: what cannot be found out is not there."""
        try:
            if self.handbrake is not None:
                for preset in await self.handbrake.presets():
                    self._presets.setdefault(preset.category, []).append(preset.name)
        except (ToolFailed, OSError) as error:
            log.warning("HandBrake does not list its presets", error=str(error))
        try:
            await self.trials.run(self.hardware)
        except (ToolFailed, OSError) as error:
            log.warning("no encoder in hardware could be tried", error=str(error))

    def details(self) -> Mapping[str, str]:
        """What the worker's beat says of it."""
        listed = {"handbrake_presets": orjson.dumps(self._presets).decode()} if self._presets else {}
        return {**self.hardware.details(), **listed}
