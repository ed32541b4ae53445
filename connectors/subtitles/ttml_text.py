"""What is inside of a cue of TTML: spans with styles, line breaks, and space that means nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from connectors.subtitles import markup
from connectors.subtitles.layout import OnLoss
from schemas.cues import PLACE, Piece

_PART = re.compile(
    r"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<\?.*?\?>|<(/?)([^\s/>]+)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*?)(/?)>",
    re.S,
)
_STYLE = re.compile(
    r"(?:[\w.-]+:)?(fontStyle|fontWeight|textDecoration|color|fontFamily|fontSize)\s*=\s*[\"']([^\"']*)[\"']"
)
_SPACE = re.compile(r"[ \t\r\n]+")
_SAID = {
    ("fontStyle", "italic"): "i",
    ("fontStyle", "oblique"): "i",
    ("fontWeight", "bold"): "b",
    ("textDecoration", "underline"): "u",
    ("textDecoration", "lineThrough"): "s",
}
_VALUED = {"color": "color", "fontFamily": "font", "fontSize": "size"}
_WRITTEN = {
    "i": 'tts:fontStyle="italic"',
    "b": 'tts:fontWeight="bold"',
    "u": 'tts:textDecoration="underline"',
    "s": 'tts:textDecoration="lineThrough"',
}
_ACROSS = {1: "start", 2: "center", 0: "end"}
_DOWN = {0: "after", 1: "center", 2: "before"}
REGIONS = {
    place: f'<region xml:id="place{place}" tts:origin="10% 10%" tts:extent="80% 80%" '
    f'tts:displayAlign="{_DOWN[(place - 1) // 3]}" tts:textAlign="{_ACROSS[place % 3]}"/>'
    for place in range(1, 10)
}


def pieces_of(raw: str) -> list[Piece]:
    """What a cue's text is made of."""
    return trimmed(list(_pieces(raw)))


def _pieces(raw: str) -> Iterator[Piece]:
    at, opened = 0, list[list[str]]()
    for found in _PART.finditer(raw):
        if found.start() > at:
            yield _words(raw[at : found.start()])
        at = found.end()
        if found[1] is not None:
            yield Piece("words", found[0], _SPACE.sub(" ", found[1]))
        elif found[3] is None:
            yield Piece("hidden", found[0])
        elif found[3].rpartition(":")[2] == "br":
            yield Piece("hidden", found[0]) if found[2] else Piece("break", found[0], "\n")
        else:
            yield from _tag(found, opened)
    if at < len(raw):
        yield _words(raw[at:])


def _words(raw: str) -> Piece:
    return Piece("words", raw, markup.unescaped(_SPACE.sub(" ", raw)))


def _tag(found: re.Match[str], opened: list[list[str]]) -> Iterator[Piece]:
    """One piece for each style that a span has; the first of them is the tag."""
    if found[2]:
        made = [Piece("close", "", name) for name in reversed(opened.pop() if opened else [])]
    else:
        made = [_style(name, value) for name, value in _STYLE.findall(found[4])]
        made = [piece for piece in made if piece.text]
        if not found[5]:
            opened.append([piece.text for piece in made])
    first = made[0]._replace(raw=found[0]) if made else Piece("hidden", found[0])
    yield from (first, *made[1:])


def _style(name: str, value: str) -> Piece:
    if name in _VALUED:
        return Piece("open", "", _VALUED[name], markup.unescaped(value))
    return Piece("open", "", _SAID.get((name, value.strip()), ""))


def trimmed(pieces: list[Piece]) -> list[Piece]:
    """Space at either end of a line is that of the file, not of the text."""
    return list(reversed(list(_cut(reversed(list(_cut(pieces, left=True))), left=False))))


def _cut(pieces: Sequence[Piece] | Iterator[Piece], *, left: bool) -> Iterator[Piece]:
    at_edge = True
    for piece in pieces:
        if piece.kind == "words" and at_edge:
            text = piece.text.lstrip(" ") if left else piece.text.rstrip(" ")
            at_edge = not text
            yield piece._replace(text=text)
            continue
        at_edge = at_edge or piece.kind == "break" if piece.kind != "words" else False
        yield piece


def text_of(pieces: Sequence[Piece], lost: OnLoss) -> str:
    """Pieces as spans."""
    return markup.rendered(markup.nested(pieces), markup.escaped, "<br/>", _written, lost)


def _written(piece: Piece) -> str | None:
    if piece.kind == "mark":
        return "" if piece.text == PLACE else None
    said = _WRITTEN.get(piece.text)
    if piece.text == "color":
        said = f'tts:color="{_attribute(piece.value)}"'
    elif piece.text == "font":
        said = f'tts:fontFamily="{_attribute(piece.value)}"'
    if said is None:
        return None
    return "</span>" if piece.kind == "close" else f"<span {said}>"


def _attribute(value: str) -> str:
    return markup.escaped(value).replace('"', "&quot;")
