"""Hardware or software: what an attempt encodes with, until that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from connectors.hardware import Hardware, HardwareEncoder
from schemas.renditions import VideoRendition

log = structlog.get_logger()

_SOFTWARE = "software"
_MOST = 200


@dataclass(slots=True)
class Choice:
    """What one attempt uses. After a failure in hardware it goes on in software.

    Where software fails as well, it was the source, and the hardware stays in use.
    """

    hardware: Hardware
    _used: HardwareEncoder | None = None
    _suspect: HardwareEncoder | None = None
    _told: list[str] = field(default_factory=list)

    def encoder(self, rungs: Sequence[VideoRendition]) -> HardwareEncoder | None:
        """What makes these sizes; None is software."""
        self._used = None if self._suspect else self.hardware.encoder(rungs)
        name = self._used.name if self._used else _SOFTWARE
        if self._told[-1:] != [name]:
            self._told.append(name)
        return self._used

    @property
    def told(self) -> str:
        """What encoded, and what failed before it: for whoever asks why."""
        return "; then ".join(self._told)

    def falls_back(self, error: Exception) -> bool:
        """Whether there is another way after this failure."""
        if self._used is not None:
            self._suspect, self._used = self._used, None
            self.hardware.broke(self._suspect, str(error))
            self._told[-1] += f", which failed ({str(error)[:_MOST]})"
            log.warning("out of order, software goes on", encoder=self._suspect.name, why=str(error))
            return True
        if self._suspect is not None:
            self.hardware.mended(self._suspect)
            log.info("in order: software fails too", encoder=self._suspect.name, why=str(error))
        return False
