"""What people type, made fit to keep: in one form of Unicode, without what can't be seen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from gateway.names import is_kept
from schemas.words import label

_SPACE = re.compile(r"\s+")
_LINE = "\n"


def clean_text(text: str | None) -> str | None:
    """One line; None where nothing is left."""
    if text is None:
        return None
    spaced = _SPACE.sub(" ", unicodedata.normalize("NFC", text))
    return "".join(filter(is_kept, spaced)).strip() or None


def clean_lines(text: str | None) -> str | None:
    """Lines; None where nothing is left."""
    if text is None:
        return None
    lines = unicodedata.normalize("NFC", text).splitlines()
    return _LINE.join(clean_text(line) or "" for line in lines).strip() or None


def clean_labels(labels: Iterable[str] | None) -> list[str]:
    """Short names, each once however it is written, in the order of their first."""
    found: dict[str, str] = {}
    for name in filter(None, map(clean_text, labels or ())):
        found.setdefault(label(name), name)
    return [name for key, name in found.items() if key]
