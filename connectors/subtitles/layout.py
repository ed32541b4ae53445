"""What a format's parser finds in a text, and what each format can do: the pieces all formats share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple, Protocol

from connectors.subtitles.refusal import MOST_CUES, MOST_LINE, MOST_MS, MOST_REMARKS, SubtitleRefused
from connectors.subtitles.source import Patch, breaks
from schemas.cues import Kind, Piece

Span = tuple[int, int]
"""Two offsets in a text."""


class Spot(NamedTuple):
    """Where a cue stands in a text, and what was read there."""

    line: int
    whole: Span
    """What goes when it is deleted."""
    start_at: Span
    end_at: Span | None
    text_at: Span
    start_ms: int
    end_ms: int | None
    kind: Kind = "shown"
    label: str = ""
    style: str = ""
    speaker: str = ""
    language: str = ""
    settings: str = ""
    base_ms: int = 0
    """What its times are counted from."""
    form: str = ""
    """How its format says this one's times, where there are several ways."""


class Block(NamedTuple):
    """What stands beside the cues and is kept as it is: a header, styles, regions, notes."""

    kind: str
    line: int
    span: Span


class Remark(NamedTuple):
    """Something that was not understood. It is kept as it is."""

    line: int
    what: str


class Styling(NamedTuple):
    """What a style of the file itself does to a whole cue."""

    before: tuple[Piece, ...] = ()
    lost: tuple[str, ...] = ()
    """What else it does, in words."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """All that was found in a text, in its order."""

    spots: Sequence[Spot]
    blocks: Sequence[Block] = ()
    remarks: Sequence[Remark] = ()
    rate: Fraction | None = None
    """Frames a second."""
    ticks: Fraction | None = None
    """Ticks a second."""
    tail: int = -1
    """Where another cue goes; -1 for the end."""
    fields: tuple[str, ...] = ()
    """What the columns of its lines are, where the file says so itself."""
    loose: Sequence[tuple[Span, int]] = ()
    """Times in milliseconds that are no cue's, and go along when all are shifted."""
    stylings: dict[str, Styling] = field(default_factory=dict)


class NewCue(NamedTuple):
    """A cue that is not in a file yet; its text is in the format's own form."""

    start_ms: int
    end_ms: int | None
    text: str
    before: int = 0
    """How many others are put in before it in one go."""


class Line(NamedTuple):
    """A cue to be written into a new file; its text is in the format's own form."""

    start_ms: int
    end_ms: int
    text: str
    place: int = 2
    """Where on the screen, as on a keyboard's pad."""


OnLoss = Callable[[str], None]
"""Hears of what a format can't say."""


class Format(Protocol):
    """One format. Offsets are those of the text that was parsed."""

    @property
    def name(self) -> str: ...

    @property
    def endings(self) -> tuple[str, ...]:
        """Of files' names."""
        ...

    def matches(self, head: str) -> bool:
        """Whether a file begins like one of this format."""
        ...

    def parse(self, text: str, rate: Fraction | None) -> Parsed:
        """The cues. Raises SubtitleRefused."""
        ...

    def pieces(self, raw: str) -> list[Piece]:
        """What a cue's text is made of."""
        ...

    def texted(self, text: str, spot: Spot, new: str) -> Patch:
        """Gives a cue another text. Raises SubtitleRefused."""
        ...

    def timed(
        self, text: str, parsed: Parsed, index: int, start_ms: int | None, end_ms: int | None
    ) -> list[Patch]:
        """Gives a cue other times; None leaves one as it is. Raises SubtitleRefused."""
        ...

    def inserted(self, text: str, parsed: Parsed, index: int, cue: NewCue) -> Patch:
        """Puts a cue before the one of that index, or after all."""
        ...

    def removed(self, text: str, parsed: Parsed, index: int) -> Patch:
        """Takes a cue out."""
        ...

    def grain_ms(self, parsed: Parsed) -> Fraction:
        """The smallest step of its times."""
        ...

    def written(self, pieces: Sequence[Piece], lost: OnLoss) -> str:
        """A cue's text from pieces of any format, with lines ended by a line feed."""
        ...

    def file(self, lines: Sequence[Line], rate: Fraction | None) -> str:
        """A whole new file."""
        ...


class Gathering:
    """Collects what a parser finds, up to the limits."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spots: list[Spot] = []
        self.blocks: list[Block] = []
        self.remarks: list[Remark] = []
        self._line, self._at = 1, 0

    def line(self, offset: int) -> int:
        """The number of the line of an offset; of later and later ones, in one pass."""
        if offset < self._at:
            self._line, self._at = 1, 0
        between = breaks(self.text, self._at, offset)
        if offset and self.text[offset - 1 : offset + 1] == "\r\n":
            return self._line + between - 1
        self._line, self._at = self._line + between, offset
        return self._line

    def cue(self, spot: Spot) -> None:
        """Takes a cue. Raises SubtitleRefused."""
        if len(self.spots) >= MOST_CUES:
            reason = f"it has more than {MOST_CUES} cues; split the file before it is taken in"
            raise SubtitleRefused("too_many_cues", reason, spot.line)
        if abs(spot.start_ms) > MOST_MS or abs(spot.end_ms or 0) > MOST_MS:
            reason = f"a time of more than {MOST_MS // 3_600_000} hours; correct it"
            raise SubtitleRefused("time", reason, spot.line)
        self.spots.append(spot)

    def block(self, kind: str, span: Span) -> None:
        """Takes what is kept as it is, unless nothing is there."""
        if self.text[slice(*span)].strip():
            self.blocks.append(Block(kind, self.line(span[0]), span))

    def remark(self, offset: int, what: str) -> None:
        """Notes what was not understood."""
        if len(self.remarks) < MOST_REMARKS:
            self.remarks.append(Remark(self.line(offset), what))

    def done(self, **more: object) -> Parsed:
        """All of it."""
        return Parsed(self.spots, self.blocks, self.remarks, **more)  # type: ignore[arg-type]


_LINES = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")


def whole_lines(text: str) -> Iterator[tuple[int, int, int]]:
    """Where each line begins, where it ends, and where the next one begins."""
    last = len(text)
    for found in _LINES.finditer(text):
        start, after = found.span()
        if start < last:
            yield start, found.end(1), after


def lines(text: str) -> Iterator[tuple[int, int]]:
    """Each line's offsets, without its end."""
    return ((start, end) for start, end, _ in whole_lines(text))


def check_lines(text: str) -> None:
    """Refuses a line that no format of lines has. Raises SubtitleRefused."""
    if len(text) <= MOST_LINE:
        return
    for number, (start, end) in enumerate(lines(text), 1):
        if end - start > MOST_LINE:
            reason = f"it has {end - start} characters; lines of up to {MOST_LINE} are read"
            raise SubtitleRefused("line_too_long", reason, number)


def gap_before(text: str, offset: int, end: str) -> str:
    """What has to be put before an offset so that an empty line is above it."""
    before = text[max(0, offset - 4) : offset].replace("\r\n", "\n").replace("\r", "\n")
    if not before or before.endswith("\n\n") or (before == "\n" and offset <= 2):
        return ""
    return end if before.endswith("\n") else end + end


def no_empty_line(new: str, line: int) -> None:
    """Refuses a text that would end its cue too early. Raises SubtitleRefused."""
    plain = new.replace("\r\n", "\n").replace("\r", "\n")
    if any(not each.strip(" \t") for each in plain.split("\n")) or "-->" in new:
        reason = "an empty line, or -->, would end the cue; leave it out of the text"
        raise SubtitleRefused("text", reason, line)


def one_line(new: str, line: int, instead: str) -> None:
    """Refuses a text of several lines. Raises SubtitleRefused."""
    if "\n" in new or "\r" in new:
        raise SubtitleRefused("text", f"the text has to be one line; write {instead} for a line break", line)


def timeless(spot: Spot, said: str) -> SubtitleRefused:
    """What is raised where a format has no place for a time."""
    reason = f"{said}; convert the file to another format to set it"
    return SubtitleRefused("no_end", reason, spot.line)


def joined(pieces: Iterable[Piece]) -> str:
    """The text that pieces are made of."""
    return "".join(piece.raw for piece in pieces)
