"""What is inside of a cue of SAMI: a little HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.subtitles import markup
from connectors.subtitles.layout import OnLoss
from connectors.subtitles.ttml_text import trimmed
from schemas.cues import PLACE, Piece

_PART = re.compile(r"<!--.*?(?:-->|\Z)|<(/?)([A-Za-z][\w]*)([^<>]*)>", re.S)
_SPACE = re.compile(r"[ \t\r\n]+")
_NAMES = {"i": "i", "em": "i", "b": "b", "strong": "b", "u": "u", "s": "s", "strike": "s", "rt": "rt"}
_NAMES |= {"ruby": "ruby"}


def pieces_of(raw: str) -> list[Piece]:
    """What a cue's text is made of."""
    out: list[Piece] = []
    fonts, at = markup.Fonts(), 0
    for found in _PART.finditer(raw):
        if found.start() > at:
            out.append(_words(raw[at : found.start()]))
        at = found.end()
        name = (found[2] or "").lower()
        if name == "br":
            out.append(Piece("break", found[0], "\n"))
        elif name == "font":
            out += fonts.pieces(found[0], None if found[1] else found[3])
        elif name in _NAMES:
            out.append(Piece("close" if found[1] else "open", found[0], _NAMES[name]))
        else:
            out.append(Piece("hidden", found[0], f"the tag {found[0][:80]}" if name else ""))
    if at < len(raw):
        out.append(_words(raw[at:]))
    return trimmed(out)


def _words(raw: str) -> Piece:
    return Piece("words", raw, markup.unescaped(_SPACE.sub(" ", raw)))


def text_of(pieces: Sequence[Piece], lost: OnLoss) -> str:
    """Pieces as HTML."""
    return markup.rendered(markup.nested(pieces), _escaped, "<br>", _written, lost)


def _escaped(text: str) -> str:
    return markup.escaped(text).replace("\N{NO-BREAK SPACE}", "&nbsp;")


def _written(piece: Piece) -> str | None:
    if piece.kind == "mark":
        return None if piece.text != PLACE or piece.value != "2" else ""
    return markup.html_tag(piece)
