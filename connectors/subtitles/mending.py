"""Changes by which cues keep the rules for timed text, as far as that can be done without saying less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from connectors.subtitles.document import Document
from connectors.subtitles.editing import Edit, SetText, SetTimes, edited
from connectors.subtitles.refusal import SubtitleRefused
from connectors.subtitles.timed_text import (
    CLOSED_BELOW,
    LONGEST_MS,
    MOST_LINES,
    SHORTEST_MS,
    Rules,
    characters,
    lines_of,
    shown,
)
from schemas.cues import Cue, Piece, plain

_MOST_TRIES = 200
_DASHES = ("-", "\N{EN DASH}", "\N{EM DASH}")
"""What the lines of several speakers begin with."""


def mended(document: Document, rules: Rules) -> Document:
    """The file with what can be mended. A cue's start stays; only its own end and line breaks are touched."""
    return _as_far_as_can_be(document, wanted(document, rules), iter(range(_MOST_TRIES)))


def _as_far_as_can_be(document: Document, edits: Sequence[Edit], tries: Iterator[int]) -> Document:
    """Some formats can't say when a cue ends but by the next one: what they refuse is left out."""
    if not edits or next(tries, None) is None:
        return document
    try:
        return edited(document, edits)
    except SubtitleRefused:
        if len(edits) == 1:
            return document
    half = len(edits) // 2
    return _as_far_as_can_be(_as_far_as_can_be(document, edits[:half], tries), edits[half:], tries)


def wanted(document: Document, rules: Rules) -> list[Edit]:
    """What is to be changed."""
    edits: list[Edit] = []
    for cues in shown(document):
        for cue, after in pairwise([*cues, None]):
            assert cue is not None
            lines = lines_of(document, cue)
            edits += _ending(cue, after, characters(lines), rules)
            edits += _broken_anew(document, cue, lines, rules)
    return edits


def _ending(cue: Cue, after: Cue | None, count: int, rules: Rules) -> Iterator[SetTimes]:
    if cue.end_ms is None or cue.end_ms < cue.start_ms:
        return
    end_ms = _best_end(cue.start_ms, cue.end_ms, count, after, rules)
    if end_ms != cue.end_ms:
        yield SetTimes(cue.id, None, end_ms)


def _best_end(start_ms: int, end_ms: int, count: int, after: Cue | None, rules: Rules) -> int:
    reading_ms = -(-count * 1000 // rules.per_second)
    wanted = min(max(end_ms, start_ms + SHORTEST_MS, start_ms + reading_ms), start_ms + LONGEST_MS)
    if after is None or after.start_ms == start_ms:
        return wanted
    last = after.start_ms - rules.gap_ms
    if last - start_ms < min(SHORTEST_MS, end_ms - start_ms):
        return end_ms  # it would be over before it is read
    is_near = rules.frames(after.start_ms - wanted) < CLOSED_BELOW
    return last if is_near and last - start_ms <= LONGEST_MS else min(wanted, last)


def _broken_anew(document: Document, cue: Cue, lines: Sequence[str], rules: Rules) -> Iterator[SetText]:
    is_right = len(lines) <= MOST_LINES and max(map(len, lines)) <= rules.line
    if is_right or any(line.startswith(_DASHES) for line in lines):
        return
    text = _broken_once(document, document.pieces(cue), rules.line)
    if text is not None:
        yield SetText(cue.id, text)


def _broken_once(document: Document, pieces: Sequence[Piece], most: int) -> str | None:
    """The text as one line, or as two as even as can be; None where they would still be too long."""
    flat = [Piece("words", " ", " ") if piece.kind == "break" else piece for piece in pieces]
    said = plain(flat)
    if len(said.strip()) <= most:
        return "".join(piece.raw for piece in flat)
    places = [at for at in _spaces(flat) if max(len(said[:at].strip()), len(said[at:].strip())) <= most]
    if not places:
        return None
    middle = len(said) / 2
    return _with_break(document, flat, min(places, key=lambda at: abs(at - middle)))


def _spaces(pieces: Sequence[Piece]) -> Iterator[int]:
    """Where in what is read a line may end: at spaces that the file writes as such."""
    at = 0
    for piece in pieces:
        if piece.kind == "words" and piece.raw == piece.text:
            yield from (at + n for n, sign in enumerate(piece.text) if sign == " ")
        at += len(piece.text) if piece.kind == "words" else 0


def _with_break(document: Document, pieces: Sequence[Piece], place: int) -> str:
    out, at = [], 0
    for piece in pieces:
        inside = place - at
        if piece.kind == "words" and 0 <= inside < len(piece.text):
            out.append(f"{piece.raw[:inside]}{_break(document)}{piece.raw[inside + 1 :]}")
        else:
            out.append(piece.raw)
        at += len(piece.text) if piece.kind == "words" else 0
    return "".join(out)


def _break(document: Document) -> str:
    """A line break in the format's own form."""
    pieces = [Piece("words", "a", "a"), Piece("break", "\n", "\n"), Piece("words", "b", "b")]
    return document.format.written(pieces, lambda _lost: None).removeprefix("a").removesuffix("b")
