"""SubStation Alpha, old (SSA) and advanced (ASS): sections of lines, whose columns a line Format names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from connectors.subtitles import clock
from connectors.subtitles.layout import (
    Gathering,
    Line,
    NewCue,
    OnLoss,
    Parsed,
    Span,
    Spot,
    check_lines,
    one_line,
    whole_lines,
)
from connectors.subtitles.source import Patch, line_end
from connectors.subtitles.substation_styles import stylings
from connectors.subtitles.substation_text import pieces_of, text_of
from schemas.cues import Piece

ASS_FIELDS = ("layer", "start", "end", "style", "name", "marginl", "marginr", "marginv", "effect", "text")
SSA_FIELDS = ("marked", *ASS_FIELDS[1:])
_SECTION = re.compile(r"\[([^\]\r\n]{1,80})\]")
"""Lines of fonts may begin like one, but are in capitals."""
_EVENT = re.compile(r"[ \t]*(Dialogue|Comment)[ \t]*:", re.I)
_FORMAT = re.compile(r"[ \t]*Format[ \t]*:(.*)", re.I | re.S)
_MOST_FIELDS = 64
_STYLES = re.compile(r"\[V4(\+?) Styles(?:\+?)\]", re.I)
_EVENTS = re.compile(r"^[ \t\ufeff]*\[(?:Events|Script Info)\]", re.I | re.M)
_NAMED = ("style", "name", "effect")
_GROUPS = ("comment", "start", "end", *_NAMED, "text")
_HEADS = {
    "ass": "Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, "
    "Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, "
    "MarginL, MarginR, MarginV, Encoding\n"
    "Style: Default,Arial,20,&H00FFFFFF,&H000000FF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,2,2,2,10,10,"
    "10,1",
    "ssa": "Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, TertiaryColour, BackColour, Bold, "
    "Italic, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, AlphaLevel, Encoding\n"
    "Style: Default,Arial,20,16777215,255,0,0,0,0,1,2,2,2,10,10,10,0,1",
}
_VERSIONS = {"ass": ("v4.00+", "V4+ Styles"), "ssa": ("v4.00", "V4 Styles")}


@dataclass(frozen=True, slots=True)
class SubStation:
    """See Format."""

    name: str = "ass"
    endings: tuple[str, ...] = ("ass",)

    def matches(self, head: str) -> bool:
        styles = _STYLES.search(head)
        if styles is None:
            return self.name == "ass" and _EVENTS.search(head) is not None
        return (self.name == "ass") == (styles[1] == "+")

    def parse(self, text: str, rate: Fraction | None) -> Parsed:
        check_lines(text)
        return _Reading(text, self._fields).run()

    @property
    def _fields(self) -> tuple[str, ...]:
        return ASS_FIELDS if self.name == "ass" else SSA_FIELDS

    def pieces(self, raw: str) -> list[Piece]:
        return pieces_of(raw)

    def texted(self, text: str, spot: Spot, new: str) -> Patch:
        one_line(new, spot.line, r"\N")
        return Patch(*spot.text_at, new)

    def timed(
        self, text: str, parsed: Parsed, index: int, start_ms: int | None, end_ms: int | None
    ) -> list[Patch]:
        return clock.retimed(text, parsed.spots[index], start_ms, end_ms, 2)

    def inserted(self, text: str, parsed: Parsed, index: int, cue: NewCue) -> Patch:
        spots = parsed.spots
        at = spots[index].whole[0] if index < len(spots) else parsed.tail
        near = spots[min(index, len(spots) - 1)] if spots else None
        one_line(cue.text, near.line if near else 1, r"\N")
        nl = line_end(text, near.whole[0] if near else 0)
        above = "" if at == 0 or text[at - 1] in "\r\n" else nl
        fields = parsed.fields or self._fields
        return Patch(at, at, f"{above}{_event(fields, cue, near.style if near else 'Default')}{nl}")

    def removed(self, text: str, parsed: Parsed, index: int) -> Patch:
        return Patch(*parsed.spots[index].whole, "")

    def grain_ms(self, parsed: Parsed) -> Fraction:
        return Fraction(10)

    def written(self, pieces: Sequence[Piece], lost: OnLoss) -> str:
        return text_of(pieces, lost)

    def file(self, lines: Sequence[Line], rate: Fraction | None) -> str:
        version, styles = _VERSIONS[self.name]
        columns = ", ".join(_SPELT.get(name, name.capitalize()) for name in self._fields)
        cues = (NewCue(line.start_ms, line.end_ms, line.text) for line in lines)
        return "\n".join(
            (
                f"[Script Info]\nScriptType: {version}\n",
                f"[{styles}]\nFormat: {_HEADS[self.name]}\n",
                f"[Events]\nFormat: {columns}",
                *(_event(self._fields, cue, "Default") for cue in cues),
                "",
            )
        )


_SPELT = {"marginl": "MarginL", "marginr": "MarginR", "marginv": "MarginV"}


def _event(fields: Sequence[str], cue: NewCue, style: str) -> str:
    values = {
        "layer": "0",
        "marked": "Marked=0",
        "start": clock.stamp(cue.start_ms, 1, ".", 2),
        "end": clock.stamp(cue.end_ms or cue.start_ms, 1, ".", 2),
        "style": style,
        **dict.fromkeys(("marginl", "marginr", "marginv"), "0"),
        "text": cue.text,
    }
    return "Dialogue: " + ",".join(values.get(name, "") for name in fields)


class _Reading:
    """One pass over the lines."""

    def __init__(self, text: str, fields: tuple[str, ...]) -> None:
        self.text = text
        self.found = Gathering(text)
        self.fields = fields
        self.tail = -1
        self._columns = _columns(fields)
        self._in_events = False
        self._section: tuple[str, int] = ("header", 0)

    def run(self) -> Parsed:
        """All that is in it. Raises SubtitleRefused."""
        for number, (start, end, after) in enumerate(whole_lines(self.text), 1):
            section = _SECTION.match(self.text, start, end) if self.text.startswith("[", start) else None
            if section and section[1].upper() != section[1]:
                self._close(start)
                self._section = (section[1], start)
                self._in_events = section[1].lower() == "events"
            elif not self._in_events or not self._line(number, start, end, after):
                continue
            if self._in_events:
                self.tail = after
        self._close(len(self.text))
        tail = self.tail if self.tail >= 0 else len(self.text)
        styles = stylings(self.text[slice(*b.span)] for b in self.found.blocks if "styles" in b.kind.lower())
        return self.found.done(tail=tail, fields=self.fields, stylings=styles)

    def _line(self, number: int, start: int, end: int, after: int) -> bool:
        """Takes a line of the events; whether it was one that others may stand after."""
        match = self._columns.match(self.text, start, end)
        spot = self._spot(match, number, (start, after)) if match else None
        if spot is not None:
            self.found.cue(spot)
        elif _EVENT.match(self.text, start, end):
            self.found.remark(start, "this line has too few columns, or no times (0:00:01.00)")
        elif columns := _FORMAT.match(self.text, start, end):
            self._name(columns[1])
        else:
            return False
        return True

    def _name(self, said: str) -> None:
        """Columns have the names that their line Format gives them, the text the last."""
        names = tuple(name.strip().lower() for name in said.split(","))
        known = {"start", "end"} <= {*names} and names[-1] == "text"
        if known and len({*names}) == len(names) <= _MOST_FIELDS:
            self.fields = names
            self._columns = _columns(names)

    def _spot(self, match: re.Match[str], line: int, whole: Span) -> Spot | None:
        comment, start, end, style, name, effect, text = match.group(*_GROUPS)
        start_ms, end_ms = clock.read(start), clock.read(end)
        if start_ms is None or end_ms is None:
            return None
        ends_at = match.end("text")
        return Spot(
            line,
            whole,
            match.span("start"),
            match.span("end"),
            (ends_at - len(text), ends_at),
            start_ms,
            end_ms,
            "comment" if comment else "shown",
            "",
            style.strip() if style else "",
            name.strip() if name else "",
            "",
            effect.strip() if effect else "",
        )

    def _close(self, end: int) -> None:
        name, start = self._section
        if name.lower() != "events":
            self.found.block(name, (start, end))


def _columns(fields: Sequence[str]) -> re.Pattern[str]:
    """A line of these columns. Groups that no column has are there, and empty."""
    names = ["name" if name == "actor" else name for name in fields]
    parts = [_column(name) for name in names[:-1]]
    absent = "".join(f"(?P<{name}>)" for name in _NAMED if name not in names)
    head = r"[ \t]*(?:[Dd]ialogue|(?P<comment>[Cc]omment))[ \t]*:"
    return re.compile(f"{head}{absent}{','.join(parts)},(?P<text>[^\\r\\n]*)")


def _column(name: str) -> str:
    if name in ("start", "end"):
        return rf"[ \t]*(?P<{name}>[^,\r\n \t]*)[ \t]*"
    return rf"(?P<{name}>[^,\r\n]*)" if name in _NAMED else r"[^,\r\n]*"
