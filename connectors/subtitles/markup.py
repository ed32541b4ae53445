"""Tags as SubRip, SAMI and TMP have them, in angle brackets, and how pieces are written with them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from connectors.subtitles.layout import OnLoss
from schemas.cues import EFFECT, KARAOKE, PLACE, STYLES, Piece

_BREAK = re.compile(r"\r\n|\r|\n")
_SRT_PART = re.compile(
    r"(\r\n|\r|\n)|<(/?)\s*(i|b|u|s|font)\b([^<>]*)>|\{\\an?(\d{1,2})\}|\{\\[^{}]*\}", re.I
)
_ATTRIBUTE = re.compile(r"(color|face|size)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)", re.I)
_FONT = {"color": "color", "face": "font", "size": "size"}
_OLD_PLACES = {1: 1, 2: 2, 3: 3, 5: 7, 6: 8, 7: 9, 9: 4, 10: 5, 11: 6}
_SAID = {
    "i": "italics",
    "b": "bold",
    "u": "underlining",
    "s": "strike-through",
    "ruby": "ruby",
    "rt": "ruby",
    "color": "colour",
    "voice": "the name of a voice",
    "language": "language",
    "class": "class",
}

_SLASH = re.compile(r"((?:\A|\|)[ \t]*)/")
_BAR = "\N{BROKEN BAR}"

Tag = Callable[[Piece], str | None]
"""How an opening or closing tag or a mark is written; None where it can't be."""


class Fonts:
    """Which styles each open font tag has opened."""

    def __init__(self) -> None:
        self._open: list[list[str]] = []

    def pieces(self, raw: str, attributes: str | None) -> Iterator[Piece]:
        """The pieces of a font tag; of a closing one where there are no attributes."""
        if attributes is None:
            names = self._open.pop() if self._open else []
            made = [Piece("close", "", name) for name in reversed(names)]
        else:
            said = [(_FONT[m[1].lower()], m[2].strip("\"'")) for m in _ATTRIBUTE.finditer(attributes)]
            self._open.append([name for name, _ in said])
            made = [Piece("open", "", name, value) for name, value in said]
        first = made[0]._replace(raw=raw) if made else Piece("hidden", raw, "a tag")
        yield from (first, *made[1:])


def srt_pieces(raw: str) -> list[Piece]:
    """A text with the few tags that players know; whatever else is in angle brackets is words."""
    out: list[Piece] = []
    fonts, at = Fonts(), 0
    for found in _SRT_PART.finditer(raw):
        if found.start() > at:
            out.append(Piece("words", raw[at : found.start()], raw[at : found.start()]))
        out += _srt_piece(found, fonts)
        at = found.end()
    if at < len(raw):
        out.append(Piece("words", raw[at:], raw[at:]))
    return out


def _srt_piece(found: re.Match[str], fonts: Fonts) -> Iterator[Piece]:
    said = found[0]
    if found[1]:
        yield Piece("break", said, "\n")
    elif found[3] and found[3].lower() == "font":
        yield from fonts.pieces(said, None if found[2] else found[4])
    elif found[3]:
        yield Piece("close" if found[2] else "open", said, found[3].lower())
    elif found[5]:
        yield Piece("mark", said, PLACE, str(place(int(found[5]), old="\\an" not in said.lower())))
    else:
        yield Piece("mark", said, "effect", said)


def place(number: int, *, old: bool) -> int:
    """Where on the screen, as on a keyboard's pad."""
    return _OLD_PLACES.get(number, 2) if old else number if 1 <= number <= 9 else 2


def escaped(text: str) -> str:
    """Words where angle brackets and ampersands mean something."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    """What words with entities say."""
    return html.unescape(text) if "&" in text else text


def rendered(pieces: Iterable[Piece], words: Callable[[str], str], end: str, tag: Tag, lost: OnLoss) -> str:
    """Pieces in some format's form."""
    out = []
    for piece in pieces:
        if piece.kind == "words":
            out.append(words(piece.text))
        elif piece.kind == "break":
            out.append(end)
        elif piece.kind == "hidden":
            if piece.text:
                lost(piece.text)
        elif (said := tag(piece)) is not None:
            out.append(said)
        elif piece.kind != "close":
            lost(named(piece))
    return "".join(out)


def named(piece: Piece) -> str:
    """What a tag or a mark is about, for people."""
    if piece.text in (KARAOKE, EFFECT):
        return "karaoke" if piece.text == KARAOKE else f"the effect {piece.value[:40]}"
    name = _SAID.get(piece.text, piece.text)
    return f"{name} {piece.value}".strip()[:80]


def nested(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """The same with tags that lie within each other, each closed at the end."""
    stack: list[Piece] = []
    for piece in pieces:
        if piece.kind == "close":
            yield from _closed(stack, piece.text)
        elif piece.kind == "open":
            if any(each.text == piece.text for each in stack) and piece.text not in ("class", "ruby"):
                yield from _closed(stack, piece.text)
            stack.append(piece)
            yield piece
        else:
            yield piece
    yield from (Piece("close", "", each.text, each.value) for each in reversed(stack))


def _closed(stack: list[Piece], name: str) -> Iterator[Piece]:
    """Closes a tag, or all; those that were opened within it are opened again."""
    if name == "*":
        yield from (Piece("close", "", each.text, each.value) for each in reversed(stack))
        stack.clear()
    at = next((n for n in range(len(stack) - 1, -1, -1) if stack[n].text == name), None)
    if at is None:
        return
    yield from (Piece("close", "", each.text, each.value) for each in reversed(stack[at:]))
    del stack[at]
    yield from stack[at:]


def srt_text(pieces: Sequence[Piece], lost: OnLoss) -> str:
    """Pieces with SubRip's tags."""
    body = rendered(nested(pieces), str, "\n", _srt_tag, lost)
    marks = next((f"{{\\an{each.value}}}" for each in pieces if each.text == PLACE and _is_mark(each)), "")
    return marks + body if marks != "{\\an2}" else body


def _is_mark(piece: Piece) -> bool:
    return piece.kind == "mark"


def _srt_tag(piece: Piece) -> str | None:
    if piece.kind == "mark":
        return "" if piece.text == PLACE else None
    return html_tag(piece)


def html_tag(piece: Piece) -> str | None:
    """A tag as HTML had it; None where it had none."""
    name, closing = piece.text, piece.kind == "close"
    if name in ("i", "b", "u", "s"):
        return f"</{name}>" if closing else f"<{name}>"
    attribute = {"color": "color", "font": "face", "size": "size"}.get(name)
    if attribute is None:
        return None
    return "</font>" if closing else f'<font {attribute}="{escaped(piece.value)}">'


def blank_lines_out(text: str, lost: OnLoss) -> str:
    """A text without empty lines, which would end a cue."""
    kept = [line for line in text.split("\n") if line.strip()]
    if "\n" in text.strip() and len(kept) < text.strip().count("\n") + 1:
        lost("an empty line in the text")
    said = "\n".join(kept)
    if "-->" in said:
        lost("an arrow (-->) in the text, written as ->")
        said = said.replace("-->", "->")
    return said


def plain_text(pieces: Iterable[Piece], end: str, lost: OnLoss) -> str:
    """Words and breaks alone."""

    def words(text: str) -> str:
        if end in text:
            lost(f"a {end} in the text, written as {_BAR}")
        return text.replace(end, _BAR).replace("\n", " ")

    return rendered(pieces, words, end, lambda piece: "" if piece.kind == "close" else None, lost)


def signs_out(text: str, signs: str, lost: OnLoss) -> str:
    """Lines of text, between bars, in which nothing looks like a slash at their start, or like braces."""
    if "/" in signs and any(line.lstrip().startswith("/") for line in text.split("|")):
        lost("a slash at the start of a line, written as \N{FRACTION SLASH}")
        text = _SLASH.sub("\\1\N{FRACTION SLASH}", text)
    if "{" in signs and "{" in text:
        lost("braces in the text, written as full-width ones")
        text = text.replace("{", "\uff5b").replace("}", "\uff5d")
    return text


def wholly(pieces: Sequence[Piece], lost: OnLoss) -> list[Piece]:
    """The styles that all of a cue has; others are lost where a format styles whole cues alone."""
    total, within = 0, dict[Piece, int]()
    stack: list[Piece] = []
    for piece in nested(pieces):
        if piece.kind == "open":
            stack.append(piece._replace(raw=""))
            within.setdefault(stack[-1], 0)
        elif piece.kind == "close":
            stack.pop()
        elif piece.kind == "words" and piece.text.strip():
            total += 1
            for each in {*stack}:
                within[each] += 1
    for piece, count in within.items():
        if count < total:
            lost(f"{named(piece)} on a part of the text")
    return [piece for piece, count in within.items() if count == total]


KNOWN = frozenset(STYLES)
