"""What formats share that have a line for each cue."""

from __future__ import annotations

from connectors.subtitles.layout import Parsed, Span
from connectors.subtitles.source import Patch, line_end


def whole(text: str, start: int, end: int) -> Span:
    """A line with its end."""
    return start, end + 2 if text.startswith("\r\n", end) else min(end + 1, len(text))


def inserted(text: str, parsed: Parsed, index: int, line: str) -> Patch:
    """Puts a line before that of a cue, or after all."""
    spots = parsed.spots
    at = spots[index].whole[0] if index < len(spots) else len(text)
    end = line_end(text, max(0, at - 1))
    above = "" if at == 0 or text[at - 1] in "\r\n" else end
    return Patch(at, at, above + line + end)


def half_up(value: int, divisor: int) -> int:
    """A quotient, rounded to the nearest."""
    return (2 * value + divisor) // (2 * divisor)
