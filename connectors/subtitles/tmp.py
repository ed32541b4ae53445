"""TMPlayer: hours:minutes:seconds:text, a line each. It does not say when a cue ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from connectors.subtitles import clock, markup, one_line
from connectors.subtitles.layout import Gathering, Line, NewCue, OnLoss, Parsed, Spot, timeless
from connectors.subtitles.source import Patch
from schemas.cues import Piece

_CUE = re.compile(r"[ \t]*(\d{1,5}:\d{2}:\d{2})(:|,\d=|=)([^\r\n]*)")
_HEAD = re.compile(r"^[ \t\ufeff]*\d{1,5}:\d{2}:\d{2}(?::|,\d=|=)(?!.*-->)", re.M)


@dataclass(frozen=True, slots=True)
class Tmp:
    """See Format."""

    name: str = "tmp"
    endings: tuple[str, ...] = ("txt", "tmp")

    def matches(self, head: str) -> bool:
        return _HEAD.search(head) is not None

    def parse(self, text: str, rate: Fraction | None) -> Parsed:
        return one_line.parsed(text, _CUE, _spot, "this line has no time (00:00:01:text)")

    def pieces(self, raw: str) -> list[Piece]:
        out: list[Piece] = []
        for number, line in enumerate(raw.split("|")):
            out += [Piece("break", "|", "\n")] if number else []
            out += markup.srt_pieces(line)
        return out

    def texted(self, text: str, spot: Spot, new: str) -> Patch:
        return one_line.texted(spot, new)

    def timed(
        self, text: str, parsed: Parsed, index: int, start_ms: int | None, end_ms: int | None
    ) -> list[Patch]:
        spot = parsed.spots[index]
        if end_ms is not None:
            raise timeless(spot, "this format does not say when a cue ends")
        return clock.retimed(text, spot, start_ms, None, 0)

    def inserted(self, text: str, parsed: Parsed, index: int, cue: NewCue) -> Patch:
        return one_line.inserted(text, parsed, index, cue, _line(cue.start_ms, cue.text))

    def removed(self, text: str, parsed: Parsed, index: int) -> Patch:
        return Patch(*parsed.spots[index].whole, "")

    def grain_ms(self, parsed: Parsed) -> Fraction:
        return Fraction(1000)

    def written(self, pieces: Sequence[Piece], lost: OnLoss) -> str:
        return markup.plain_text(pieces, "|", lost)

    def file(self, lines: Sequence[Line], rate: Fraction | None) -> str:
        return "".join(f"{_line(line.start_ms, line.text)}\n" for line in lines)


def _line(start_ms: int, text: str) -> str:
    return f"{clock.stamp(start_ms, 2, ':', 0)}:{text}"


def _spot(found: Gathering, match: re.Match[str]) -> Spot:
    return Spot(
        found.line(match.start()),
        one_line.whole(found.text, *match.span()),
        match.span(1),
        None,
        match.span(3),
        clock.read(match[1]) or 0,
        None,
    )
