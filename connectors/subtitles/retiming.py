"""Changes of all times together: later or earlier, faster or slower."""

from __future__ import annotations

from fractions import Fraction

from connectors.subtitles.document import Document
from connectors.subtitles.editing import SetTimes
from connectors.subtitles.refusal import SubtitleRefused

_NTSC = {Fraction(n * 1000 - d, 1000): Fraction(n * 1000, 1001) for n, d in ((24, 24), (30, 30), (60, 60))}
"""What people call 23.976, and what it is."""
_LEAST, _MOST = Fraction(1, 4), Fraction(4)


def exact(rate: Fraction) -> Fraction:
    """The rate that is meant by one that was rounded: 23.976 is 24000/1001."""
    return next((true for said, true in _NTSC.items() if abs(said - rate) < Fraction(1, 100)), rate)


def stretched(document: Document, factor: Fraction, from_ms: int = 0) -> list[SetTimes]:
    """All times as much further from one moment. Raises SubtitleRefused."""
    if not _LEAST <= factor <= _MOST:
        reason = f"times {float(factor):g} is no change of speed; it is between {_LEAST} and {_MOST}"
        raise SubtitleRefused("factor", reason)

    def moved(ms: int) -> int:
        return from_ms + round((ms - from_ms) * factor)

    return [
        SetTimes(cue.id, moved(cue.start_ms), None if cue.end_ms is None else moved(cue.end_ms))
        for cue in document.cues
    ]
