"""The rules that streaming services have for timed text, and where cues break them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from typing import NamedTuple

from connectors.subtitles.document import Document
from schemas.cues import Cue, plain

SHORTEST_MS, LONGEST_MS = 833, 7000
MOST_LINES = 2
GAP_FRAMES, CLOSED_BELOW = 2, 12
"""Between two cues: at least so many frames; and fewer than those look like a flicker, and are closed."""
_LINE = {"ja": 23, "ko": 16, "th": 35, "zh": 16}
_USUAL_LINE = 42
_READING = {"ar": (20, 17), "en": (20, 17), "hi": (22, 18), "ja": (4, 4), "ko": (12, 9), "zh": (9, 7)}
_USUAL_READING = (17, 13)


@dataclass(frozen=True, slots=True)
class Rules:
    """What is right for a language, an audience and a film's frames a second."""

    language: str = "en"
    for_children: bool = False
    rate: Fraction = Fraction(24)

    @property
    def line(self) -> int:
        """How many characters a line has at most."""
        return _LINE.get(self._main, _USUAL_LINE)

    @property
    def per_second(self) -> int:
        """How many characters are read in a second at most."""
        return _READING.get(self._main, _USUAL_READING)[self.for_children]

    @property
    def gap_ms(self) -> int:
        """What is dark at least between two cues."""
        return -(-GAP_FRAMES * 1000 // self.rate)

    def frames(self, ms: int) -> int:
        """The nearest whole number of frames."""
        return round(ms * self.rate / 1000)

    @property
    def _main(self) -> str:
        return self.language.lower().partition("-")[0]


class Finding(NamedTuple):
    """A cue that breaks a rule."""

    code: str
    id: str
    line: int
    says: str


def shown(document: Document) -> list[list[Cue]]:
    """The cues that viewers see, as they follow each other, by where they are seen: a sign above and a line
    below may well be there together.
    """
    seen = [cue for cue in document.cues if cue.kind == "shown"]

    def where(cue: Cue) -> tuple[str, str, str]:
        return cue.language, cue.style, cue.settings

    by_place = groupby(sorted(seen, key=where), where)  # sorted() keeps the file's order
    return [sorted(cues, key=lambda cue: cue.start_ms) for _, cues in by_place]


def found(document: Document, rules: Rules) -> list[Finding]:
    """Where the rules are broken, in the file's order."""
    every = [each for cues in shown(document) for each in _in(document, cues, rules)]
    return sorted(every, key=lambda each: each.line)


def lines_of(document: Document, cue: Cue) -> list[str]:
    """What is read, line by line: no tags."""
    return [line.strip() for line in plain(document.pieces(cue)).split("\n")]


def characters(lines: Sequence[str]) -> int:
    """How many there are to read: line breaks are not read."""
    return sum(map(len, lines))


def _in(document: Document, cues: Sequence[Cue], rules: Rules) -> Iterator[Finding]:
    for cue in cues:
        yield from (Finding(code, cue.id, cue.line, says) for code, says in _alone(document, cue, rules))
    for cue, after in pairwise(cues):
        for code, says in _between(cue, after, rules):
            yield Finding(code, cue.id, cue.line, says)


def _alone(document: Document, cue: Cue, rules: Rules) -> Iterator[tuple[str, str]]:
    lines = lines_of(document, cue)
    yield from _length(characters(lines), cue, rules)
    if len(lines) > MOST_LINES:
        yield "too_many_lines", f"it has {len(lines)} lines, and {MOST_LINES} are the most"
    if (longest := max(map(len, lines))) > rules.line:
        yield "line_too_long", f"a line has {longest} characters, and {rules.line} are the most"


def _length(count: int, cue: Cue, rules: Rules) -> Iterator[tuple[str, str]]:
    if cue.end_ms is None:
        return
    lasts_ms = cue.end_ms - cue.start_ms
    if lasts_ms < 0:
        yield "backwards", "it ends before it begins"
        return
    if lasts_ms < SHORTEST_MS:
        yield "too_short", f"it is there for {lasts_ms} ms, and {SHORTEST_MS} are the least"
    if lasts_ms > LONGEST_MS:
        yield "too_long", f"it is there for {lasts_ms} ms, and {LONGEST_MS} are the most"
    if count * 1000 > rules.per_second * lasts_ms > 0:
        speed = count * 1000 / lasts_ms
        yield "too_fast", f"it has {speed:.1f} characters a second, and {rules.per_second} are the most"


def _between(cue: Cue, after: Cue, rules: Rules) -> Iterator[tuple[str, str]]:
    if cue.end_ms is None or cue.end_ms < cue.start_ms:
        return
    gap_ms = after.start_ms - cue.end_ms
    if gap_ms < 0:
        yield "overlap", f"the cue in line {after.line} begins {-gap_ms} ms before it ends"
    elif rules.frames(gap_ms) < GAP_FRAMES:
        yield (
            "gap_too_small",
            f"{gap_ms} ms until the cue in line {after.line}, and {rules.gap_ms} are the least",
        )
    elif GAP_FRAMES < rules.frames(gap_ms) < CLOSED_BELOW:
        yield (
            "gap_to_close",
            f"{gap_ms} ms until the cue in line {after.line}; as short a gap is {rules.gap_ms}",
        )
