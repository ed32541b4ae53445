"""Moments in queries, taken at their word."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import BeforeValidator

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:.*", re.DOTALL)


def _is_written(said: object) -> object:
    """Refuses what would be read as seconds since 1970, or as the beginning of a day."""
    if isinstance(said, str) and not _WRITTEN.fullmatch(said):
        raise ValueError("a moment is written as in 2026-05-01T12:00:00Z")
    return said


Moment = Annotated[datetime | None, BeforeValidator(_is_written)]
