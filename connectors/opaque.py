"""Texts that only who made them can read anything into: cursors and tokens. They hide nothing."""

from __future__ import annotations

import base64
from typing import Any

import orjson


def write(said: Any) -> str:
    """A text for addresses and headers that stands for this value."""
    return base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip("=")


def read(text: str) -> Any:
    """The value that a text stands for. Raises ValueError for one that was not made here."""
    return orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
