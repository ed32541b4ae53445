"""Times as hours, minutes and seconds: read, and written anew in the form that the old one had."""

from __future__ import annotations

import re

from connectors.subtitles.layout import Spot
from connectors.subtitles.source import Patch

TIME = r"-?(?:\d{1,9}:)?\d{1,2}:\d{1,2}(?:[.,:]\d{1,9})?"
"""A pattern of all times that are read."""
FROM_TO = re.compile(rf"[ \t]*({TIME})[ \t]*-->[ \t]*({TIME})(?![\d:])[ \t]*([^\r\n]*)(?:\r\n|\r|\n|\Z)")
"""A line of times, as SubRip and WebVTT have it: from, to, and what else it says."""
_USUAL = re.compile(r"(\d{1,9}):(\d\d):(\d\d)[.,](\d{2,3})")
_TIME = re.compile(r"(-?)(?:(\d{1,9}):)?(\d{1,2}):(\d{1,2})(?:([.,:])(\d{1,9}))?")


def read(said: str) -> int | None:
    """Milliseconds; None for what is no time. What follows the point is a fraction, however long."""
    if usual := _USUAL.fullmatch(said):
        hours, minutes, seconds, fraction = usual.groups()
        ms = ((int(hours) * 60 + int(minutes)) * 60 + int(seconds)) * 1000
        return ms + int(fraction) * (1 if len(fraction) == 3 else 10)
    found = _TIME.fullmatch(said)
    if found is None:
        return None
    sign, hours, minutes, seconds, _, fraction = found.groups()
    ms = (int(hours or 0) * 3600 + int(minutes) * 60 + int(seconds)) * 1000
    if fraction:
        ms += int(fraction) if len(fraction) == 3 else (int(fraction) * 2000 // 10 ** len(fraction) + 1) // 2
    return -ms if sign else ms


def written(ms: int, like: str, most_digits: int) -> str:
    """A time in the form of another, with more digits where it needs them, up to so many."""
    found = _TIME.fullmatch(like)
    _, hours, _, _, point, fraction = found.groups() if found else ("", "00", "", "", ".", "0" * most_digits)
    digits = len(fraction or "")
    while digits < most_digits and ms % 10 ** (3 - digits):
        digits += 1
    return stamp(ms, len(hours) if hours else 0, point or ".", min(digits, 3))


def stamp(ms: int, hour_digits: int, point: str, digits: int) -> str:
    """A time with so many digits; without hours where they have no digits and there are none."""
    step = 10 ** (3 - digits)
    units = (abs(ms) * 2 // step + 1) // 2
    whole, fraction = divmod(units, 10**digits)
    hours, seconds = divmod(whole, 3600)
    clock = f"{seconds // 60:02}:{seconds % 60:02}"
    if hours or hour_digits:
        clock = f"{hours:0{max(hour_digits, 1)}}:{clock}" if hour_digits else f"{hours:02}:{clock}"
    sign = "-" if ms < 0 and units else ""
    return f"{sign}{clock}{point}{fraction:0{digits}}" if digits else sign + clock


def retimed(text: str, spot: Spot, start_ms: int | None, end_ms: int | None, most_digits: int) -> list[Patch]:
    """Writes times over those of a cue; a time that stays keeps its bytes."""
    patches = []
    for at, before, ms in ((spot.start_at, spot.start_ms, start_ms), (spot.end_at, spot.end_ms, end_ms)):
        if at is not None and ms is not None and ms != before:
            patches.append(Patch(*at, written(ms, text[slice(*at)], most_digits)))
    return patches
