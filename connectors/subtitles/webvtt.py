"""WebVTT: blocks between empty lines. What is no cue (NOTE, STYLE, REGION) is kept as it is."""

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
from connectors.subtitles.webvtt_text import pieces_of, settings_of, text_of
from schemas.cues import Piece

_EMPTY = re.compile(r"(?:\r\n|\r(?!\n)|(?<!\r)\n)(?=[\r\n]|\Z)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_ENDS = re.compile(r"[\r\n]*")
_BLOCK = re.compile(r"[^\r\n]+(?:(?:\r\n|\r|\n)[^\r\n]+)*")
_KINDS = {"NOTE": "note", "STYLE": "style", "REGION": "region", "WEBVTT": "header"}


@dataclass(frozen=True, slots=True)
class WebVtt:
    """See Format."""

    name: str = "vtt"
    endings: tuple[str, ...] = ("vtt", "webvtt")

    def matches(self, head: str) -> bool:
        return re.match(r"WEBVTT(?:[ \t\r\n]|\Z)", head) is not None

    def parse(self, text: str, rate: Fraction | None) -> Parsed:
        check_lines(text)
        found, at = Gathering(text), 0
        for match in _timings(text, found):
            text_at = (match.end(), _text_end(text, match.end()))
            head = _label_at(text, at, match.start())
            _blocks(found, at, head)
            at = _whole_end(text, text_at)
            found.cue(_spot(found, match, (head, at), text_at))
        _blocks(found, at, len(text))
        return found.done()

    def pieces(self, raw: str) -> list[Piece]:
        return pieces_of(raw)

    def texted(self, text: str, spot: Spot, new: str) -> Patch:
        if new:
            no_empty_line(new, spot.line)
        start, end = spot.text_at
        if start < end or not new:
            return Patch(start, end, new)
        nl = line_end(text, spot.start_at[0])
        above = "" if text[start - 1 : start] in ("\r", "\n") else nl
        return Patch(start, end, above + new + (nl if text[start:] and text[start] not in "\r\n" else ""))

    def timed(
        self, text: str, parsed: Parsed, index: int, start_ms: int | None, end_ms: int | None
    ) -> list[Patch]:
        return clock.retimed(text, parsed.spots[index], start_ms, end_ms, 3)

    def inserted(self, text: str, parsed: Parsed, index: int, cue: NewCue) -> Patch:
        at = parsed.spots[index].whole[0] if index < len(parsed.spots) else len(text)
        nl = line_end(text, at)
        if cue.text:
            no_empty_line(cue.text, 1)
        new = f"{_stamps(cue.start_ms, cue.end_ms)}{nl}{cue.text}{nl if cue.text else ''}{nl}"
        return Patch(at, at, gap_before(text, at, nl) + new)

    def removed(self, text: str, parsed: Parsed, index: int) -> Patch:
        start, end = parsed.spots[index].whole
        nl = line_end(text, start)
        return Patch(start, end, nl if end < len(text) and gap_before(text, start, nl) else "")

    def grain_ms(self, parsed: Parsed) -> Fraction:
        return Fraction(1)

    def written(self, pieces: Sequence[Piece], lost: OnLoss) -> str:
        return markup.blank_lines_out(text_of(pieces, lost), lost)

    def file(self, lines: Sequence[Line], rate: Fraction | None) -> str:
        return "WEBVTT\n\n" + "".join(f"{_cue(line)}\n\n" for line in lines)


def _cue(line: Line) -> str:
    return f"{_stamps(line.start_ms, line.end_ms)}{settings_of(line.place)}\n{line.text}"


def _stamps(start_ms: int, end_ms: int | None) -> str:
    return f"{clock.stamp(start_ms, 2, '.', 3)} --> {clock.stamp(end_ms or start_ms, 2, '.', 3)}"


def _timings(text: str, found: Gathering) -> Iterator[re.Match[str]]:
    """Each line of times. Others with an arrow end a cue too, and are kept as they are."""
    at = 0
    while (arrow := text.find("-->", at)) >= 0:
        start = max(at, 1 + max(text.rfind("\n", at, arrow), text.rfind("\r", at, arrow)))
        match = clock.FROM_TO.match(text, start)
        if match and clock.read(match[1]) is not None and clock.read(match[2]) is not None:
            yield match
            at = match.end()
        else:
            found.remark(start, "this is no line of times (00:01.000 --> 00:02.000)")
            line = _LINE.match(text, start)
            at = line.end() if line else arrow + 3


def _spot(found: Gathering, match: re.Match[str], whole: Span, text_at: Span) -> Spot:
    label = found.text[whole[0] : match.start()].rstrip("\r\n")
    return Spot(
        found.line(whole[0]),
        whole,
        match.span(1),
        match.span(2),
        text_at,
        clock.read(match[1]) or 0,
        clock.read(match[2]),
        label=label,
        settings=match[3].rstrip(),
    )


def _text_end(text: str, start: int) -> int:
    """The end of a cue's text: an empty line, or a line with an arrow."""
    if text[start : start + 1] in ("", "\r", "\n"):
        return start
    empty = _EMPTY.search(text, start)
    end = empty.start() if empty else len(text)
    arrow = text.find("-->", start, end)
    if arrow >= 0:
        above = max(text.rfind("\n", start, arrow), text.rfind("\r", start, arrow))
        end = max(start, above)
        end -= text[end - 1 : end + 1] == "\r\n" and end > start
    return len(text[:end].rstrip("\r\n")) if end > start and not empty and arrow < 0 else end


def _whole_end(text: str, text_at: Span) -> int:
    ends = _ENDS.match(text, text_at[1])
    return ends.end() if ends else text_at[1]


def _label_at(text: str, bound: int, start: int) -> int:
    """Where a cue begins whose times are at an offset: at its name, where an empty line is above that."""
    last = len(text[bound:start].rstrip("\r\n")) + bound
    line = max(bound, 1 + max(text.rfind("\n", bound, last), text.rfind("\r", bound, last)))
    is_near = text[last:start] in ("\n", "\r", "\r\n")
    above = text[max(0, line - 4) : line].replace("\r\n", "\n").replace("\r", "\n")
    is_first = bound > 0 and line == bound
    return line if is_near and last > line and (is_first or above.endswith("\n\n")) else start


def _blocks(found: Gathering, start: int, end: int) -> None:
    for each in _BLOCK.finditer(found.text, start, end):
        word = re.match(r"\w*", each[0])
        found.block(_KINDS.get(word[0] if word else "", "unknown"), each.span())
