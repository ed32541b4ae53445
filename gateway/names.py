"""File names from strangers, made safe to keep, to show and to send back, in any script."""

from __future__ import annotations

import re
import unicodedata

UNNAMED = "unnamed"
MAX_BYTES = 255
_MAX_SUFFIX_BYTES = 32

_SEPARATORS = re.compile(r"[/\\]")
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
"""Invisible characters that make a name read differently from what it is."""

_STRIPPED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})


def clean(name: str) -> str:
    """The base name in NFC, without control characters, in at most 255 bytes with its ending kept."""
    visible = "".join(c for c in name if is_kept(c))
    pieces = [piece.strip() for piece in _SEPARATORS.split(unicodedata.normalize("NFC", visible))]
    named = [piece for piece in pieces if piece.strip(".")]
    return _shorten(named[-1]) if named else UNNAMED


def stem(name: str) -> str:
    """A clean name without its ending."""
    return _split(name)[0] or UNNAMED


def is_kept(character: str) -> bool:
    """Whether a character can be seen for what it is."""
    return character not in _REORDERING and unicodedata.category(character) not in _STRIPPED_CATEGORIES


def _split(name: str) -> tuple[str, str]:
    """The stem and the ending, dot included; what is too long to be an ending belongs to the stem."""
    start, dot, ending = name.rpartition(".")
    if not start or not ending or len(ending.encode()) >= _MAX_SUFFIX_BYTES:
        return name, ""
    return start, dot + ending


def _shorten(name: str) -> str:
    if len(name.encode()) <= MAX_BYTES:
        return name
    start, ending = _split(name)
    room = MAX_BYTES - len(ending.encode())
    return start.encode()[:room].decode(errors="ignore").rstrip() + ending
