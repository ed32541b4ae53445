"""Moments in queries and in JSON, taken at their word."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:.*", re.DOTALL)


def _is_written(said: object) -> object:
    """Refuses what would be read as seconds since 1970, or as the beginning of a day."""
    if isinstance(said, str) and not _WRITTEN.fullmatch(said):
        raise ValueError("a moment is written as in 2026-05-01T12:00:00Z")
    return said


Moment = Annotated[datetime | None, BeforeValidator(_is_written)]


_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,12})?([Zz]|[+-]\d\d:\d\d)")


def _is_an_instant(said: object) -> object:
    """Refuses numbers, which would be seconds since 1970, and what says no zone."""
    if said is not None and not (isinstance(said, str) and _INSTANT.fullmatch(said)):
        raise ValueError("a moment is written as in 2026-05-01T12:00:00Z")
    return said


Instant = Annotated[AwareDatetime | None, BeforeValidator(_is_an_instant)]
"""One in JSON."""
