"""Where a cue is on the screen, as far as the settings of WebVTT say one of nine places."""

from __future__ import annotations

import re

_LINE = re.compile(r"(?:^|\s)line:(-?\d{1,4})(?:\.\d+)?(%?)")
_ALIGN = re.compile(r"(?:^|\s)align:(start|left|end|right)\b")
_TOP_LINES, _TOP_PERCENT, _MIDDLE_PERCENT = 4, 34, 67


def place_of(settings: str) -> int | None:
    """A number as on a keyboard's pad; None where nothing is said of it."""
    line, align = _LINE.search(settings), _ALIGN.search(settings)
    if line is None and align is None:
        return None
    across = 2 if align is None else 1 if align[1] in ("start", "left") else 3
    return across + (3 * _height(int(line[1]), bool(line[2])) if line else 0)


def _height(number: int, is_percent: bool) -> int:
    """2 at the top, 1 in the middle, 0 at the bottom."""
    if not is_percent:
        return 2 if 0 <= number < _TOP_LINES else 0
    return 2 if number < _TOP_PERCENT else 1 if number < _MIDDLE_PERCENT else 0
