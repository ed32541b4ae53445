"""What is inside of a cue of JSON: a string, whose tags are those of SubStation Alpha."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from connectors.subtitles import substation_text
from connectors.subtitles.layout import OnLoss
from schemas.cues import Piece

_UNIT = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.S
)


def pieces_of(raw: str) -> list[Piece]:
    """What a cue's text is made of: each piece with its part of the string as it is in the file."""
    ends = [0]
    ends += (unit.end() for unit in _UNIT.finditer(raw))
    said = json.loads(f'"{raw}"', strict=False)
    out: list[Piece] = []
    at = 0
    for piece in substation_text.pieces_of(said):
        for part in _at_line_feeds(piece):
            end = at + len(part.raw)
            out.append(part._replace(raw=raw[ends[at] : ends[end]]))
            at = end
    return out


def _at_line_feeds(piece: Piece) -> list[Piece]:
    """Line feeds are breaks too."""
    if piece.kind != "words" or "\n" not in piece.raw:
        return [piece]
    parts = re.split(r"(\r?\n)", piece.raw)
    return [Piece("break", p, "\n") if p.endswith("\n") else Piece("words", p, p) for p in parts if p]


def text_of(pieces: Sequence[Piece], lost: OnLoss) -> str:
    """Pieces as the inside of a string."""
    return json.dumps(substation_text.text_of(pieces, lost), ensure_ascii=False)[1:-1]
