"""Cues: what subtitles say and when, whichever format they are in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["shown", "comment"]

PieceKind = Literal["words", "break", "open", "close", "mark", "hidden"]
"""words and line breaks are what viewers read; a tag opens or closes a style; a mark stands by itself, as a
place on the screen does; hidden is what nobody is shown: comments, drawings, tags of no known meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """One cue. `text` is as in the file, tags and all."""

    id: str
    """The same over edits, and over another reading of the same bytes."""
    start_ms: int
    end_ms: int | None
    """None where the format does not say it."""
    text: str
    line: int
    """Of the file, counted from 1."""
    kind: Kind = "shown"
    label: str = ""
    """What the format itself calls it: a number or a name, not always a unique one."""
    style: str = ""
    speaker: str = ""
    language: str = ""
    settings: str = ""
    """Where it is on the screen, in the format's own words."""


class Piece(NamedTuple):
    """A part of a cue's text. The `raw` of all of a cue's pieces, joined, is that text."""

    kind: PieceKind
    raw: str
    text: str = ""
    """What words say, a line feed for a break, or which style a tag or a mark is about."""
    value: str = ""
    """Which colour, which voice, which place."""


STYLES = ("i", "b", "u", "s", "color", "font", "size", "voice", "language", "class", "ruby", "rt")
"""What tags are about."""
PLACE, KARAOKE, EFFECT = "place", "karaoke", "effect"
"""What marks are about: a place is a number as on a keyboard's pad, 2 for the middle of the bottom."""


def plain(pieces: Iterable[Piece]) -> str:
    """What viewers read: words and line breaks, no tags."""
    return "".join(piece.text for piece in pieces if piece.kind in ("words", "break"))
