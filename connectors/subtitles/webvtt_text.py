"""What is inside of a WebVTT cue: its tags, its entities, and where it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence

from connectors.subtitles import markup
from connectors.subtitles.layout import OnLoss
from schemas.cues import KARAOKE, PLACE, Piece

_PART = re.compile(r"(\r\n|\r|\n)|<([^<>]*)>")
_INSIDE = re.compile(r"(/?)([^\s.]*)((?:\.[^\s.]+)*)(.*)", re.S)
_NAMES = {"v": "voice", "lang": "language", "c": "class"}
_WRITTEN = {"voice": "v", "language": "lang", "class": "c", "i": "i", "b": "b", "u": "u", "ruby": "ruby"}
_COLOURS = {
    "#ffffff": "white",
    "#00ff00": "lime",
    "#00ffff": "cyan",
    "#ff0000": "red",
    "#ffff00": "yellow",
    "#ff00ff": "magenta",
    "#0000ff": "blue",
    "#000000": "black",
}


def pieces_of(raw: str) -> list[Piece]:
    """What a cue's text is made of."""
    out: list[Piece] = []
    classes: list[str] = []
    at = 0
    for found in _PART.finditer(raw):
        if found.start() > at:
            out.append(_words(raw[at : found.start()]))
        piece = Piece("break", found[0], "\n") if found[1] else _tag(found[0], found[2])
        if piece.kind == "open" and found[2].startswith("c"):
            classes.append(piece.text)
        elif found[2] == "/c" and classes:
            piece = piece._replace(text=classes.pop())
        out.append(piece)
        at = found.end()
    if at < len(raw):
        out.append(_words(raw[at:]))
    return out


def _words(raw: str) -> Piece:
    return Piece("words", raw, markup.unescaped(raw))


def _tag(raw: str, inside: str) -> Piece:
    if inside[:1].isdigit():
        return Piece("mark", raw, KARAOKE, raw)
    found = _INSIDE.fullmatch(inside)
    closing, tag, classes, value = found.groups() if found else ("", "", "", "")
    name = _NAMES.get(tag, tag)
    if name not in markup.KNOWN:
        return Piece("hidden", raw, f"the tag {raw[:80]}")
    value = markup.unescaped(value.strip()) or classes.strip(".")
    if name == "class" and value in _COLOURS.values():
        name = "color"
    return Piece("close" if closing else "open", raw, name, value)


def text_of(pieces: Sequence[Piece], lost: OnLoss) -> str:
    """Pieces with WebVTT's tags."""
    return markup.rendered(markup.nested(pieces), markup.escaped, "\n", _written, lost)


def _written(piece: Piece) -> str | None:
    name, closing = piece.text, piece.kind == "close"
    if piece.kind == "mark":
        return "" if name == PLACE else None
    if name == "color":
        colour = _COLOURS.get(piece.value.lower(), piece.value.lower())
        return ("</c>" if closing else f"<c.{colour}>") if colour in _COLOURS.values() else None
    tag = _WRITTEN.get(name, name if name == "rt" else None)
    if tag is None or closing:
        return f"</{tag}>" if tag else None
    said = markup.escaped(piece.value)
    return f"<{tag}.{said}>" if name == "class" else f"<{tag} {said}>" if said else f"<{tag}>"


def settings_of(place: int) -> str:
    """Where a cue stands, from a number as on a keyboard's pad."""
    line = {7: " line:0", 4: " line:50%", 1: ""}[place - (place - 1) % 3]
    return line + {1: " align:start", 2: "", 0: " align:end"}[place % 3]
