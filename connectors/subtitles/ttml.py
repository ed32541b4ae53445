"""TTML. Checked as XML, with no declarations of entities; then found in its own text, and patched there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from connectors.subtitles import clock
from connectors.subtitles.layout import Line, NewCue, OnLoss, Parsed, Spot
from connectors.subtitles.markup import escaped
from connectors.subtitles.refusal import SubtitleRefused
from connectors.subtitles.source import Patch, line_end
from connectors.subtitles.ttml_reading import NAME, Reading, check
from connectors.subtitles.ttml_text import REGIONS, pieces_of, text_of
from connectors.subtitles.ttml_times import Rates
from schemas.cues import Piece

_ROOT = re.compile(r"<(?:[\w.-]+:)?tt[\s>]")
_NOT_COPIED = re.compile(r"\s+(?:begin|end|dur|xml:id)\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_INDENT = re.compile(r"[ \t]*\Z")
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling" xml:lang="">
"""


@dataclass(frozen=True, slots=True)
class Ttml:
    """See Format."""

    name: str = "ttml"
    endings: tuple[str, ...] = ("ttml", "dfxp", "itt", "xml")

    def matches(self, head: str) -> bool:
        return _ROOT.search(head) is not None

    def parse(self, text: str, rate: Fraction | None) -> Parsed:
        check(text)
        return Reading(text, rate).run()

    def pieces(self, raw: str) -> list[Piece]:
        return pieces_of(raw)

    def texted(self, text: str, spot: Spot, new: str) -> Patch:
        if "closed" in spot.form:
            reason = "this element is closed at once and has no place for a text; insert a cue and delete it"
            raise SubtitleRefused("text", reason, spot.line)
        return Patch(*spot.text_at, new)

    def timed(
        self, text: str, parsed: Parsed, index: int, start_ms: int | None, end_ms: int | None
    ) -> list[Patch]:
        spot, rates, patches = parsed.spots[index], _rates(parsed), []
        start = spot.start_ms if start_ms is None else start_ms
        end = spot.end_ms if end_ms is None else end_ms
        if start != spot.start_ms:
            patches.append(_attribute(text, spot.start_at, "begin", start - spot.base_ms, rates))
        is_length = "dur" in spot.form
        old = _counted(spot.end_ms, spot.start_ms if is_length else spot.base_ms)
        new = _counted(end, start if is_length else spot.base_ms)
        if new is not None and new != old:
            at = spot.end_at or (spot.start_at[1], spot.start_at[1])
            patches.append(_attribute(text, at, "end", new, rates))
        return patches

    def inserted(self, text: str, parsed: Parsed, index: int, cue: NewCue) -> Patch:
        if not parsed.spots:
            raise SubtitleRefused(
                "no_place", "there is no cue that another could stand beside; convert a file"
            )
        near = parsed.spots[min(index, len(parsed.spots) - 1)]
        new = _element(text, near, cue, _rates(parsed))
        start, end = near.whole
        indent = _INDENT.search(text, max(0, start - 200), start)
        between = line_end(text, start) + (indent[0] if indent else "")
        return (
            Patch(start, start, new + between)
            if index < len(parsed.spots)
            else Patch(end, end, between + new)
        )

    def removed(self, text: str, parsed: Parsed, index: int) -> Patch:
        start, end = parsed.spots[index].whole
        indent = _INDENT.search(text, max(0, start - 200), start)
        above = indent.start() if indent else start
        nl = "\r\n" if text.startswith("\r\n", end) else text[end : end + 1]
        if nl and nl in "\r\n" and text[above - 1 : above] in ("\r", "\n"):
            return Patch(above, end + len(nl), "")
        return Patch(start, end, "")

    def grain_ms(self, parsed: Parsed) -> Fraction:
        rates = _rates(parsed)
        return 1000 / min(rates.frames, rates.ticks if rates.ticks > 1 else rates.frames)

    def written(self, pieces: Sequence[Piece], lost: OnLoss) -> str:
        return text_of(pieces, lost)

    def file(self, lines: Sequence[Line], rate: Fraction | None) -> str:
        places = {line.place for line in lines} - {2}
        regions = "".join(f"      {REGIONS[place]}\n" for place in sorted(places))
        layout = f"  <head>\n    <layout>\n{regions}    </layout>\n  </head>\n" if places else "  <head/>\n"
        body = "".join(f"      {_paragraph(line)}\n" for line in lines)
        return f"{_HEAD}{layout}  <body>\n    <div>\n{body}    </div>\n  </body>\n</tt>\n"


def _paragraph(line: Line) -> str:
    region = f' region="place{line.place}"' if line.place != 2 else ""
    begin, end = (clock.stamp(ms, 2, ".", 3) for ms in (line.start_ms, line.end_ms))
    return f'<p begin="{begin}" end="{end}"{region}>{line.text}</p>'


def _rates(parsed: Parsed) -> Rates:
    return Rates(parsed.rate or Fraction(30), parsed.ticks or Fraction(1))


def _counted(ms: int | None, base_ms: int) -> int | None:
    return None if ms is None else ms - base_ms


def _attribute(text: str, at: tuple[int, int], name: str, ms: int, rates: Rates) -> Patch:
    """Another value; where there is none yet, the attribute as well."""
    if at[0] == at[1]:
        return Patch(*at, f' {name}="{clock.stamp(max(ms, 0), 2, ".", 3)}"')
    return Patch(*at, rates.written(max(ms, 0), text[slice(*at)]))


def _element(text: str, near: Spot, cue: NewCue, rates: Rates) -> str:
    """A cue like the one beside it, with its style and region."""
    tag = NAME.match(text, near.whole[0])
    name = tag[1] if tag else "p"
    like = text[slice(*near.start_at)] or "00:00:00.000"
    rest = _NOT_COPIED.sub("", tag[2]) if tag else ""
    begin = rates.written(cue.start_ms - near.base_ms, like)
    end = rates.written((cue.end_ms or cue.start_ms) - near.base_ms, like)
    return f'<{name} begin="{escaped(begin)}" end="{escaped(end)}"{rest}>{cue.text}</{name}>'
