"""MicroDVD: {start frame}{end frame}text, a line each. How many frames a second has is said, or guessed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from connectors.subtitles import markup, one_line
from connectors.subtitles.layout import Gathering, Line, NewCue, OnLoss, Parsed, Spot, check_lines, lines
from connectors.subtitles.source import Patch
from schemas.cues import Piece

USUAL_RATE = Fraction("23.976")
_CUE = re.compile(r"[ \t]*\{ *(\d{1,12}) *\}[ \t]*\{ *(\d{0,12}) *\}([^\r\n]*)")
_RATE = re.compile(r"[ \t]*\{[01]\}\{[01]\}[ \t]*(\d{1,3}(?:[.,]\d{1,6})?)[ \t]*\Z")
_HEAD = re.compile(r"^[ \t\ufeff]*\{ *\d+ *\}[ \t]*\{ *\d* *\}", re.M)
_PART = re.compile(r"(\|)|\{([a-zA-Z]):([^{}]*)\}|(?:(?<=\|)|\A)(/)")
_NAMES = {"c": "color", "f": "font", "s": "size"}


@dataclass(frozen=True, slots=True)
class MicroDvd:
    """See Format."""

    name: str = "microdvd"
    endings: tuple[str, ...] = ("sub",)

    def matches(self, head: str) -> bool:
        return _HEAD.search(head) is not None

    def parse(self, text: str, rate: Fraction | None) -> Parsed:
        check_lines(text)
        found = Gathering(text)
        for start, end in lines(text):
            match = _CUE.match(text, start, end)
            said = None if found.spots else _RATE.match(text, start, end)
            if said:
                found.block("rate", (start, end))
                rate = rate or _read_rate(said[1])
            elif match:
                rate = rate or _guessed(found, start)
                found.cue(_spot(found, match, rate))
            else:
                one_line.unknown(found, start, end, "this line has no frames ({25}{50}text)")
        return found.done(rate=rate or USUAL_RATE)

    def pieces(self, raw: str) -> list[Piece]:
        return list(_pieces(raw))

    def texted(self, text: str, spot: Spot, new: str) -> Patch:
        return one_line.texted(spot, new)

    def timed(
        self, text: str, parsed: Parsed, index: int, start_ms: int | None, end_ms: int | None
    ) -> list[Patch]:
        rate = parsed.rate or USUAL_RATE
        return one_line.timed(parsed.spots[index], start_ms, end_ms, lambda ms: frames(ms, rate))

    def inserted(self, text: str, parsed: Parsed, index: int, cue: NewCue) -> Patch:
        return one_line.inserted(
            text, parsed, index, cue, _line(cue.start_ms, cue.end_ms, cue.text, parsed.rate)
        )

    def removed(self, text: str, parsed: Parsed, index: int) -> Patch:
        return Patch(*parsed.spots[index].whole, "")

    def grain_ms(self, parsed: Parsed) -> Fraction:
        return 1000 / (parsed.rate or USUAL_RATE)

    def written(self, pieces: Sequence[Piece], lost: OnLoss) -> str:
        styles = markup.wholly(pieces, lost)
        switches = "".join(each.text for each in styles if each.text in ("i", "b", "u", "s"))
        tags = f"{{Y:{','.join(switches)}}}" if switches else ""
        for each in styles:
            if each.text in ("font", "size"):
                tags += f"{{{each.text[0].upper()}:{each.value}}}"
            elif each.text not in ("i", "b", "u", "s"):
                lost(markup.named(each))
        unstyled = [piece for piece in pieces if piece.kind not in ("open", "close")]
        return tags + markup.signs_out(markup.plain_text(unstyled, "|", lost), "/{", lost)

    def file(self, lines: Sequence[Line], rate: Fraction | None) -> str:
        rate = rate or USUAL_RATE
        head = f"{{1}}{{1}}{float(rate):.6g}\n"
        return head + "".join(_line(each.start_ms, each.end_ms, each.text, rate) + "\n" for each in lines)


def frames(ms: int, rate: Fraction) -> int:
    """The frame that is nearest to a time. Raises SubtitleRefused."""
    return max(0, one_line.half_up(ms * rate.numerator, 1000 * rate.denominator))


def _ms(frame: int, rate: Fraction) -> int:
    return one_line.half_up(frame * 1000 * rate.denominator, rate.numerator)


def _line(start_ms: int, end_ms: int | None, text: str, rate: Fraction | None) -> str:
    rate = rate or USUAL_RATE
    end = "" if end_ms is None else str(frames(end_ms, rate))
    return f"{{{frames(start_ms, rate)}}}{{{end}}}{text}"


def _read_rate(said: str) -> Fraction | None:
    rate = Fraction(said.replace(",", "."))
    return rate if 1 <= rate <= 1000 else None


def _guessed(found: Gathering, start: int) -> Fraction:
    found.remark(start, f"its frames a second are not said; {float(USUAL_RATE)} is taken unless you say them")
    return USUAL_RATE


def _spot(found: Gathering, match: re.Match[str], rate: Fraction) -> Spot:
    return Spot(
        found.line(match.start()),
        one_line.whole(found.text, *match.span()),
        match.span(1),
        match.span(2),
        match.span(3),
        _ms(int(match[1]), rate),
        _ms(int(match[2]), rate) if match[2] else None,
    )


def _pieces(raw: str) -> Iterator[Piece]:
    """A tag in small letters, and a slash, are good for a line; in capitals, for the cue."""
    at = 0
    line: list[str] = []
    for found in _PART.finditer(raw):
        if found.start() > at:
            yield Piece("words", raw[at : found.start()], raw[at : found.start()])
        at = found.end()
        if found[1]:
            yield from (Piece("close", "", name) for name in reversed(line))
            line.clear()
            yield Piece("break", "|", "\n")
            continue
        made = [Piece("open", "", "i")] if found[4] else _tag(found[2], found[3])
        line += [piece.text for piece in made if not found[2] or found[2].islower()]
        yield from (made[0]._replace(raw=found[0]), *made[1:]) if made else (_other(found[0]),)
    if at < len(raw):
        yield Piece("words", raw[at:], raw[at:])


def _other(raw: str) -> Piece:
    return Piece("mark", raw, "effect", raw)


def _tag(letter: str, value: str) -> list[Piece]:
    if letter.lower() == "y":
        return [Piece("open", "", each) for each in value.lower() if each in "bius"]
    name = _NAMES.get(letter.lower())
    if name == "color":
        digits = value.strip().lstrip("$").zfill(6)[-6:]
        value = f"#{digits[4:6]}{digits[2:4]}{digits[:2]}".lower()
    return [Piece("open", "", name, value)] if name else []
