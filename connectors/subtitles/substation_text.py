"""What is inside of a line of SubStation Alpha: override blocks, comments in braces, drawings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from connectors.subtitles import markup
from connectors.subtitles.layout import OnLoss
from schemas.cues import EFFECT, KARAOKE, PLACE, Piece

_BREAK_LIKE = re.compile(r"\\(?=[Nnh])")
_PART = re.compile(r"(\\[Nn])|(\\h)|(\{[^{}]*\})")
_OVERRIDE = re.compile(
    r"\\([1-4]?[a-z]+?)(\([^()]*(?:\([^()]*\)[^()]*)*\)?|[^\\(){}]*)(?=\\|\}|\Z|[^\\]*\Z)", re.I
)
_TAG = re.compile(
    r"\\(?:(k[fo]?)\d*\Z|(an|a)(\d+)|(fn|r|fs(?=\d))(.*)|(1?c)(&?H?[0-9a-f]{0,8}&?)\Z|([ibusp])(\d+))",
    re.I | re.S,
)
_SPLIT = re.compile(r"\\(?:[^\\()]|\([^()]*(?:\([^()]*\)[^()]*)*\))*")


def pieces_of(raw: str) -> list[Piece]:
    """What a line's text is made of. What is drawn is hidden, and so is what braces have without a tag."""
    out: list[Piece] = []
    at, drawing = 0, False
    for found in _PART.finditer(raw):
        out += _words(raw[at : found.start()], drawing)
        at = found.end()
        if found[3] is None:
            out.append(_space(found[0], drawing))
            continue
        for piece in _overrides(found[3]):
            drawing = piece.value != "0" if piece.text == "drawing" else drawing
            out.append(
                Piece("hidden", piece.raw, "a drawing" if drawing else "")
                if piece.text == "drawing"
                else piece
            )
    return [*out, *_words(raw[at:], drawing)]


def _space(raw: str, drawing: bool) -> Piece:
    if drawing:
        return Piece("hidden", raw, "a drawing")
    return Piece("words", raw, "\N{NO-BREAK SPACE}") if raw == r"\h" else Piece("break", raw, "\n")


def _words(raw: str, drawing: bool) -> Iterator[Piece]:
    if raw:
        yield Piece("hidden", raw, "a drawing") if drawing else Piece("words", raw, raw)


def _overrides(block: str) -> Iterator[Piece]:
    """Each override of a block; together they are the block."""
    tags = list(_SPLIT.finditer(block[:-1]))
    if not tags:
        yield Piece("hidden", block, f"the comment {block[:80]}" if block != "{}" else "")
        return
    at = 0
    for number, tag in enumerate(tags):
        end = len(block) if number == len(tags) - 1 else tags[number + 1].start()
        yield _override(tag[0].rstrip(), block[at:end])
        at = end


def _override(tag: str, raw: str) -> Piece:
    found = _TAG.match(tag)
    if found is None:
        return Piece("mark", raw, EFFECT, tag)
    karaoke, place, number, text, value, colour, code, switch, on = found.groups()
    if karaoke:
        return Piece("mark", raw, KARAOKE, tag)
    if place:
        return Piece("mark", raw, PLACE, str(markup.place(int(number[:3]), old=place.lower() == "a")))
    if text:
        return _valued(text.lower(), value.strip(), raw)
    if colour:
        return _coloured(code, raw)
    if switch:
        return _switched(switch.lower(), on[:4], raw)
    return Piece("mark", raw, EFFECT, tag)


def _valued(tag: str, value: str, raw: str) -> Piece:
    if tag == "r":
        return Piece("close", raw, "*")
    name = {"fn": "font", "fs": "size"}[tag]
    return Piece("open", raw, name, value) if value else Piece("close", raw, name)


def _switched(tag: str, value: str, raw: str) -> Piece:
    if tag == "p":
        return Piece("hidden", raw, "drawing", str(int(value)))
    return Piece("close" if int(value) == 0 else "open", raw, tag)


def _coloured(code: str, raw: str) -> Piece:
    digits = code.strip("&").lstrip("Hh")
    if not digits:
        return Piece("close", raw, "color")
    number = int(digits, 16) & 0xFFFFFF
    red, green, blue = number & 0xFF, number >> 8 & 0xFF, number >> 16
    return Piece("open", raw, "color", f"#{red:02x}{green:02x}{blue:02x}")


def text_of(pieces: Sequence[Piece], lost: OnLoss) -> str:
    """Pieces with override tags."""
    place = next((p.value for p in pieces if p.kind == "mark" and p.text == PLACE and p.value != "2"), None)

    def words(text: str) -> str:
        if "{" in text or "}" in text:
            lost("braces in the text, written as full-width ones")
        return _escaped(text)

    body = markup.rendered(_without_last_closings(pieces), words, r"\N", _tag, lost)
    return ((rf"{{\an{place}}}" if place else "") + body).replace("}{\\", "\\")


def _without_last_closings(pieces: Sequence[Piece]) -> list[Piece]:
    """At its end a line closes everything by itself."""
    kept = [*markup.nested(pieces)]
    while kept and kept[-1].kind == "close":
        kept.pop()
    return kept


def _escaped(text: str) -> str:
    """There is no way to write braces, and a backslash before some letters, that all players know."""
    text = _BREAK_LIKE.sub("\\\\\N{WORD JOINER}", text).replace("{", "\uff5b").replace("}", "\uff5d")
    return text.replace("\N{NO-BREAK SPACE}", r"\h")


def _tag(piece: Piece) -> str | None:
    name, closing = piece.text, piece.kind == "close"
    if piece.kind == "mark":
        return "" if name == PLACE else None
    if name in ("i", "b", "u", "s"):
        return rf"{{\{name}{0 if closing else 1}}}"
    if name in ("font", "size"):
        tag = {"font": "fn", "size": "fs"}[name]
        return rf"{{\{tag}{'' if closing else _safe(piece.value)}}}"
    if name == "color":
        code = "" if closing else _colour(piece.value)
        return None if code is None else rf"{{\c{code}}}"
    return None


def _safe(value: str) -> str:
    return re.sub(r"[\\{}()]", "", value)


_NAMED = {
    "white": "ffffff",
    "black": "000000",
    "red": "ff0000",
    "lime": "00ff00",
    "green": "008000",
    "blue": "0000ff",
    "yellow": "ffff00",
    "cyan": "00ffff",
    "aqua": "00ffff",
    "magenta": "ff00ff",
    "fuchsia": "ff00ff",
    "silver": "c0c0c0",
    "gray": "808080",
    "grey": "808080",
    "orange": "ffa500",
}


def _colour(value: str) -> str | None:
    digits = _NAMED.get(value.lower(), value.lstrip("#"))
    if not re.fullmatch(r"[0-9a-fA-F]{6}", digits):
        return None
    return f"&H{digits[4:6]}{digits[2:4]}{digits[:2]}&".upper()
