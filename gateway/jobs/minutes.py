"""How many minutes of media an order is for."""

from __future__ import annotations

import math

from gateway.commands import Command
from gateway.media.schemas import Media

_USUAL_BYTES_A_SECOND = 1_000_000
"""Of a file that nobody has looked into yet."""


async def spend_minutes(command: Command, media: Media) -> None:
    """Spends a medium's minutes, by its size where its length is not known yet. Raises OverBudget."""
    known_ms = media.probe.duration_ms if media.probe else 0
    await _spend(command, known_ms / 1000 or media.size_bytes / _USUAL_BYTES_A_SECOND)


async def spend_minutes_of_bytes(command: Command, size_bytes: int) -> None:
    """Spends what a file of that size may be long. Raises OverBudget."""
    await _spend(command, size_bytes / _USUAL_BYTES_A_SECOND)


async def _spend(command: Command, seconds: float) -> None:
    """Spends whole minutes, and at least one."""
    minutes = max(1, math.ceil(seconds / 60))
    await command.services.limits.transcode(command.request, command.principal, minutes)
