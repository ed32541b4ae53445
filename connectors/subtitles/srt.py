"""SubRip. Whatever is between one line of times and the next is text, as players have it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from connectors.subtitles import clock, markup
from connectors.subtitles.layout import (
    Gathering,
    Line,
    NewCue,
    OnLoss,
    Parsed,
    Span,
    Spot,
    check_lines,
    gap_before,
    no_empty_line,
)
from connectors.subtitles.source import Patch, line_end
from schemas.cues import Piece

_DIGIT = re.compile(r"[ \t]*-?\d")
_REST = re.compile(r"[ \t]*")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_NUMBER = re.compile(r"(?:\A|(?<=[\r\n]))[ \t]*(\d{1,12})[ \t]*(?:\r\n|\r|\n)\Z")
_NUMBER_REACH = 40
_FIRST = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*")
_HEAD_TIMES = re.compile(rf"{clock.TIME}[ \t]*-->[ \t]*{clock.TIME}")


@dataclass(frozen=True, slots=True)
class Srt:
    """See Format."""

    name: str = "srt"
    endings: tuple[str, ...] = ("srt",)

    def matches(self, head: str) -> bool:
        return _HEAD_TIMES.search(head) is not None

    def parse(self, text: str, rate: Fraction | None) -> Parsed:
        check_lines(text)
        found = Gathering(text)
        begun = list(_events(text))
        ends = [head for head, _ in begun[1:]] + [len(text)]
        found.block("header", (0, begun[0][0] if begun else len(text)))
        for (head, match), end in zip(begun, ends, strict=False):
            _take(found, (head, end), match)
        return found.done()

    def pieces(self, raw: str) -> list[Piece]:
        return markup.srt_pieces(raw)

    def texted(self, text: str, spot: Spot, new: str) -> Patch:
        if new:
            no_empty_line(new, spot.line)
        start, end = spot.text_at
        if start < end or not new:
            return Patch(start, end, new)
        nl = line_end(text, spot.end_at[1] if spot.end_at else 0)
        above = "" if text[start - 1 : start] in ("\r", "\n") else nl
        return Patch(start, end, above + new + nl)

    def timed(
        self, text: str, parsed: Parsed, index: int, start_ms: int | None, end_ms: int | None
    ) -> list[Patch]:
        return clock.retimed(text, parsed.spots[index], start_ms, end_ms, 3)

    def inserted(self, text: str, parsed: Parsed, index: int, cue: NewCue) -> Patch:
        at = parsed.spots[index].whole[0] if index < len(parsed.spots) else len(text)
        nl = line_end(text, at)
        if cue.text:
            no_empty_line(cue.text, parsed.spots[index].line if index < len(parsed.spots) else 1)
        number = 1 + cue.before + max((int(spot.label or 0) for spot in parsed.spots), default=0)
        new = f"{number}{nl}{_stamps(cue.start_ms, cue.end_ms)}{nl}{cue.text}{nl if cue.text else ''}{nl}"
        return Patch(at, at, gap_before(text, at, nl) + new)

    def removed(self, text: str, parsed: Parsed, index: int) -> Patch:
        return Patch(*parsed.spots[index].whole, "")

    def grain_ms(self, parsed: Parsed) -> Fraction:
        return Fraction(1)

    def written(self, pieces: Sequence[Piece], lost: OnLoss) -> str:
        return markup.blank_lines_out(markup.srt_text(pieces, lost), lost)

    def file(self, lines: Sequence[Line], rate: Fraction | None) -> str:
        return "".join(
            f"{number}\n{_stamps(line.start_ms, line.end_ms)}\n{line.text}\n\n"
            for number, line in enumerate(lines, 1)
        )


def _stamps(start_ms: int, end_ms: int | None) -> str:
    return f"{clock.stamp(start_ms, 2, ',', 3)} --> {clock.stamp(end_ms or start_ms, 2, ',', 3)}"


def _events(text: str) -> Iterator[tuple[int, re.Match[str]]]:
    """Each line of times, or what is meant as one, with where its cue begins: at its number, if any."""
    at = 0
    while (arrow := text.find("-->", at)) >= 0:
        start = max(at, 1 + max(text.rfind("\n", at, arrow), text.rfind("\r", at, arrow)))
        match = clock.FROM_TO.match(text, start) or _line(text, start)
        if match.re is clock.FROM_TO or (_DIGIT.match(text, start) and text.find(":", start, arrow) >= 0):
            number = _NUMBER.search(text, max(at, start - _NUMBER_REACH), start)
            yield (number.start() if number else start), match
        at = match.end()


def _line(text: str, start: int) -> re.Match[str]:
    found = _LINE.match(text, start)
    assert found
    return found


def _take(found: Gathering, whole: Span, match: re.Match[str]) -> None:
    text = found.text
    start_ms, end_ms = (
        (clock.read(match[1]), clock.read(match[2])) if match.re is clock.FROM_TO else (None, None)
    )
    if start_ms is None or end_ms is None:
        found.block("unknown", whole)
        found.remark(match.start(), "this is no line of times (00:00:01,000 --> 00:00:02,000)")
        return
    line = found.line(whole[0])
    number = _NUMBER.match(text, whole[0], match.start())
    found.cue(
        Spot(
            line,
            whole,
            match.span(1),
            match.span(2),
            _trimmed(text, match.end(), whole[1]),
            start_ms,
            end_ms,
            label=number[1] if number else "",
            settings=match[3].rstrip(),
        )
    )


def _trimmed(text: str, start: int, end: int) -> Span:
    """The text between empty lines."""
    last = start + len(text[start:end].rstrip(" \t\r\n"))
    if last == start:
        return start, start
    first, rest = _FIRST.match(text, start, last), _REST.match(text, last)
    return (first.end() if first else start), (rest.end() if rest else last)
