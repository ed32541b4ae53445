"""JSON: a list of objects with start, end and text, as pysubs2 and programs that hear speech write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import orjson

from connectors.subtitles.json_text import pieces_of, text_of
from connectors.subtitles.layout import Gathering, Line, NewCue, OnLoss, Parsed, Span, Spot
from connectors.subtitles.one_line import half_up
from connectors.subtitles.refusal import SubtitleRefused
from connectors.subtitles.source import Patch
from connectors.subtitles.ttml_times import seconds_text
from schemas.cues import Piece

_HEAD = re.compile(r"\s*(?:\{\s*\"|\[\s*\{)")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")|(-?\d[\d.eE+-]*|true|false|null)|([{}\[\]:,])', re.S)
_LISTS = frozenset({"events", "segments", "cues", "subtitles", ""})
_KEYS = {
    "start": "start",
    "start_ms": "start",
    "from": "start",
    "end": "end",
    "end_ms": "end",
    "to": "end",
    "text": "text",
    "content": "text",
}
_AFTER, _BEFORE = re.compile(r"\s*,\s*"), re.compile(r"\s*,\s*\Z")
_NEAR = 200


@dataclass(slots=True)
class _Level:
    """An object or a list that is open."""

    is_list: bool
    start: int
    name: str
    """The key that it stands at."""
    key: str = ""
    values: dict[str, tuple[str, Span]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JsonCues:
    """See Format."""

    name: str = "json"
    endings: tuple[str, ...] = ("json",)

    def matches(self, head: str) -> bool:
        return _HEAD.match(head) is not None

    def parse(self, text: str, rate: Fraction | None) -> Parsed:
        _check(text)
        found = Gathering(text)
        for level in _objects(text):
            spot = _spot(found, level)
            if spot is not None:
                found.cue(spot)
        return found.done()

    def pieces(self, raw: str) -> list[Piece]:
        return pieces_of(raw)

    def texted(self, text: str, spot: Spot, new: str) -> Patch:
        return Patch(*spot.text_at, new)

    def timed(
        self, text: str, parsed: Parsed, index: int, start_ms: int | None, end_ms: int | None
    ) -> list[Patch]:
        spot = parsed.spots[index]
        unit = spot.form.split()[0]
        patches = []
        if start_ms is not None and start_ms != spot.start_ms:
            patches.append(Patch(*spot.start_at, _number(start_ms, unit)))
        if end_ms is not None and end_ms != spot.end_ms and spot.end_at:
            patches.append(Patch(*spot.end_at, _number(end_ms, unit)))
        return patches

    def inserted(self, text: str, parsed: Parsed, index: int, cue: NewCue) -> Patch:
        if not parsed.spots:
            raise SubtitleRefused("no_place", "there is no cue to put another beside; convert a file")
        near = parsed.spots[min(index, len(parsed.spots) - 1)]
        unit, start, end, said = near.form.split()
        new = (
            f'{{"{start}": {_number(cue.start_ms, unit)}, "{end}": '
            f'{_number(cue.start_ms if cue.end_ms is None else cue.end_ms, unit)}, "{said}": "{cue.text}"}}'
        )
        if index < len(parsed.spots):
            return Patch(near.whole[0], near.whole[0], f"{new}, ")
        return Patch(near.whole[1], near.whole[1], f", {new}")

    def removed(self, text: str, parsed: Parsed, index: int) -> Patch:
        start, end = parsed.spots[index].whole
        if after := _AFTER.match(text, end):
            return Patch(start, after.end(), "")
        before = _BEFORE.search(text, max(0, start - _NEAR), start)
        return Patch(before.start() if before else start, end, "")

    def grain_ms(self, parsed: Parsed) -> Fraction:
        return Fraction(1)

    def written(self, pieces: Sequence[Piece], lost: OnLoss) -> str:
        return text_of(pieces, lost)

    def file(self, lines: Sequence[Line], rate: Fraction | None) -> str:
        events = ",\n".join(
            f'  {{"start": {line.start_ms}, "end": {line.end_ms}, "text": "{line.text}"}}' for line in lines
        )
        return f'{{"info": {{}}, "styles": {{}}, "events": [\n{events}\n]}}\n'


def _check(text: str) -> None:
    """Refuses what is no JSON. Raises SubtitleRefused."""
    try:
        orjson.loads(text.encode("utf-8", "replace"))
    except orjson.JSONDecodeError as error:
        reason = f"it is no JSON: {error.msg}; correct it"
        raise SubtitleRefused("json", reason, error.lineno) from None


def _objects(text: str) -> Iterator[_Level]:
    """The objects of the list that has the cues."""
    stack: list[_Level] = []
    for token in _TOKEN.finditer(text):
        top = stack[-1] if stack else None
        sign = token[3]
        if sign in ("{", "["):
            stack.append(_Level(sign == "[", token.start(), top.key if top else ""))
        elif sign in ("}", "]"):
            level = stack.pop()
            if sign == "}" and _is_list_of_cues(stack):
                level.values["whole"] = (stack[-1].name, (level.start, token.end()))
                yield level
            if top and stack:
                stack[-1].key = ""
        elif sign == ",":
            if top and not top.is_list:
                top.key = ""
        elif top and not top.is_list and not sign:
            _value(top, token)


def _is_list_of_cues(stack: Sequence[_Level]) -> bool:
    return len(stack) in (1, 2) and stack[-1].is_list and stack[-1].name in _LISTS


def _value(level: _Level, token: re.Match[str]) -> None:
    """A key, or what stands at one."""
    if not level.key and token[1]:
        level.key = json.loads(token[1], strict=False)[:80]
    elif level.key in _KEYS:
        level.values.setdefault(_KEYS[level.key], (level.key, token.span()))


def _spot(found: Gathering, level: _Level) -> Spot | None:
    start, end, said = (level.values.get(key) for key in ("start", "end", "text"))
    among, whole = level.values["whole"]
    text = found.text
    if start is None or said is None or text[said[1][0]] != '"':
        found.remark(whole[0], "this object has no start, or no text")
        return None
    unit = "ms" if start[0].endswith("_ms") or among == "events" else "s"
    start_ms = _ms(text[slice(*start[1])], unit)
    end_ms = _ms(text[slice(*end[1])], unit) if end else None
    if start_ms is None:
        found.remark(whole[0], "this object's start is no number")
        return None
    return Spot(
        found.line(whole[0]),
        whole,
        start[1],
        end[1] if end and end_ms is not None else None,
        (said[1][0] + 1, said[1][1] - 1),
        start_ms,
        end_ms,
        form=f"{unit} {start[0]} {end[0] if end else 'end'} {said[0]}",
    )


def _ms(said: str, unit: str) -> int | None:
    if not re.fullmatch(r"-?\d{1,15}(?:\.\d{1,18})?", said):
        return None
    number = Fraction(said) * (1 if unit == "ms" else 1000)
    return half_up(number.numerator, number.denominator)


def _number(ms: int, unit: str) -> str:
    return str(ms) if unit == "ms" else ("-" if ms < 0 else "") + seconds_text(abs(ms))
