"""MPL2: [start][end]text in tenths of a second, a line each; a line of text after a slash is in italics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from connectors.subtitles import markup, one_line
from connectors.subtitles.layout import Gathering, Line, NewCue, OnLoss, Parsed, Spot
from connectors.subtitles.source import Patch
from schemas.cues import Piece

_TENTH = 100
_CUE = re.compile(r"[ \t]*\[(-?\d{1,12})\][ \t]*\[(-?\d{1,12}|)\]([^\r\n]*)")
_HEAD = re.compile(r"^[ \t\ufeff]*\[-?\d+\][ \t]*\[(?:-?\d+|)\]", re.M)
_PART = re.compile(r"(\|)|((?:(?<=\|)|\A)[ \t]*/)")


@dataclass(frozen=True, slots=True)
class Mpl2:
    """See Format."""

    name: str = "mpl2"
    endings: tuple[str, ...] = ("mpl", "mpl2", "txt")

    def matches(self, head: str) -> bool:
        return _HEAD.search(head) is not None

    def parse(self, text: str, rate: Fraction | None) -> Parsed:
        return one_line.parsed(text, _CUE, _spot, "this line has no times ([10][35]text)")

    def pieces(self, raw: str) -> list[Piece]:
        return list(_pieces(raw))

    def texted(self, text: str, spot: Spot, new: str) -> Patch:
        return one_line.texted(spot, new)

    def timed(
        self, text: str, parsed: Parsed, index: int, start_ms: int | None, end_ms: int | None
    ) -> list[Patch]:
        return one_line.timed(parsed.spots[index], start_ms, end_ms, _tenths)

    def inserted(self, text: str, parsed: Parsed, index: int, cue: NewCue) -> Patch:
        return one_line.inserted(text, parsed, index, cue, _line(cue.start_ms, cue.end_ms, cue.text))

    def removed(self, text: str, parsed: Parsed, index: int) -> Patch:
        return Patch(*parsed.spots[index].whole, "")

    def grain_ms(self, parsed: Parsed) -> Fraction:
        return Fraction(_TENTH)

    def written(self, pieces: Sequence[Piece], lost: OnLoss) -> str:
        styles = markup.wholly(pieces, lost)
        for each in styles:
            if each.text != "i":
                lost(markup.named(each))
        unstyled = [piece for piece in pieces if piece.kind not in ("open", "close")]
        said = markup.signs_out(markup.plain_text(unstyled, "|", lost), "/", lost)
        return (
            "|".join(f"/{line}" for line in said.split("|")) if any(s.text == "i" for s in styles) else said
        )

    def file(self, lines: Sequence[Line], rate: Fraction | None) -> str:
        return "".join(_line(each.start_ms, each.end_ms, each.text) + "\n" for each in lines)


def _line(start_ms: int, end_ms: int | None, text: str) -> str:
    end = "" if end_ms is None else _tenths(end_ms)
    return f"[{_tenths(start_ms)}][{end}]{text}"


def _tenths(ms: int) -> int:
    return one_line.half_up(ms, _TENTH)


def _spot(found: Gathering, match: re.Match[str]) -> Spot:
    return Spot(
        found.line(match.start()),
        one_line.whole(found.text, *match.span()),
        match.span(1),
        match.span(2),
        match.span(3),
        int(match[1]) * _TENTH,
        int(match[2]) * _TENTH if match[2] else None,
    )


def _pieces(raw: str) -> Iterator[Piece]:
    at, italic = 0, False
    for found in _PART.finditer(raw):
        if found.start() > at:
            yield Piece("words", raw[at : found.start()], raw[at : found.start()])
        at = found.end()
        if found[2]:
            italic = True
            yield Piece("open", found[2], "i")
            continue
        if italic:
            yield Piece("close", "", "i")
        italic = False
        yield Piece("break", "|", "\n")
    if at < len(raw):
        yield Piece("words", raw[at:], raw[at:])
