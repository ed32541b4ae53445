"""What formats share that have a line for each cue."""

from __future__ import annotations

import re
from collections.abc import Callable

from connectors.subtitles.layout import Gathering, NewCue, Parsed, Span, Spot, check_lines, lines, one_line
from connectors.subtitles.source import Patch, line_end

BREAK = "|"
"""How all of them break a line."""


def parsed(
    text: str, cue: re.Pattern[str], spot: Callable[[Gathering, re.Match[str]], Spot], remark: str
) -> Parsed:
    """The cues, and a remark on each line that is none. Raises SubtitleRefused."""
    check_lines(text)
    found = Gathering(text)
    for start, end in lines(text):
        if match := cue.match(text, start, end):
            found.cue(spot(found, match))
        else:
            unknown(found, start, end, remark)
    return found.done()


def unknown(found: Gathering, start: int, end: int, remark: str) -> None:
    """Takes a line that is no cue; nothing where it is empty."""
    if found.text[start:end].strip():
        found.block("unknown", (start, end))
        found.remark(start, remark)


def texted(spot: Spot, new: str) -> Patch:
    """Gives a cue another text. Raises SubtitleRefused."""
    one_line(new, spot.line, BREAK)
    return Patch(*spot.text_at, new)


def timed(spot: Spot, start_ms: int | None, end_ms: int | None, said: Callable[[int], int]) -> list[Patch]:
    """Gives a cue other times, as `said` in the format's own numbers."""
    patches = []
    if start_ms is not None and start_ms != spot.start_ms:
        patches.append(Patch(*spot.start_at, str(said(start_ms))))
    if end_ms is not None and end_ms != spot.end_ms and spot.end_at:
        patches.append(Patch(*spot.end_at, str(said(end_ms))))
    return patches


def whole(text: str, start: int, end: int) -> Span:
    """A line with its end."""
    return start, end + 2 if text.startswith("\r\n", end) else min(end + 1, len(text))


def inserted(text: str, parsed: Parsed, index: int, cue: NewCue, line: str) -> Patch:
    """Puts a cue's line before that of another, or after all. Raises SubtitleRefused."""
    one_line(cue.text, 1, BREAK)
    spots = parsed.spots
    at = spots[index].whole[0] if index < len(spots) else len(text)
    end = line_end(text, max(0, at - 1))
    above = "" if at == 0 or text[at - 1] in "\r\n" else end
    return Patch(at, at, above + line + end)


def half_up(value: int, divisor: int) -> int:
    """A quotient, rounded to the nearest."""
    return (2 * value + divisor) // (2 * divisor)
