"""What is searched for, in any script: text as folded words, and the starts that they are looked up by.

The views keep both, the gateway asks for them; both have to fold alike.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

MOST_WORDS = 100
"""Of one field of one medium: what lies beyond is not found by it."""
LONGEST = 16
"""Words are told apart by so many characters."""
_SHORT, _LONG = 2, 4
"""The starts of a word that are looked up. Each costs an entry of an index for each word there is, and what
is found by one is held against the whole word."""
MOST_ASKED = 16
"""Of one search; the longest count."""

_MARKS = (*range(10, 37), *range(200, 256))
"""The combining classes of marks that a reader does without: accents, points, harakat. What makes another
letter of one (vowels and viramas of Indic scripts, voiced kana) stays."""
_ALIKE = str.maketrans({"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "æ": "ae", "œ": "oe"})
_WITHIN = frozenset("'\u2018\u2019\u02bc\u200c\u200d\u00ad")
"""No word ends at these: apostrophes, joiners, and hyphens that only a line's end shows."""
_UNSPACED = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3040, 0x30FF),  # kana
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),  # Han, and from here on
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x3FFFF),
)
"""Scripts that are written without spaces: there a word may begin at any character."""


def fold(text: str) -> str:
    """Text without what people leave out who look for it: case, accents, width."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    bare = "".join(c for c in plain if unicodedata.combining(c) not in _MARKS)
    return unicodedata.normalize("NFC", bare.translate(_ALIKE))


def label(text: str) -> str:
    """What two tags have in common that are the same to people."""
    return " ".join(fold(text).split())


def words(texts: Iterable[str]) -> list[str]:
    """The words of these; of what is written without spaces, each character and pair of neighbours."""
    found: set[str] = set()
    for text in texts:
        for word in _words(text):
            more = _pieces(word, alone=True) if _is_unspaced(word[0]) else {word[:LONGEST]}
            if len(found | more) > MOST_WORDS:
                return sorted(found)
            found |= more
    return sorted(found)


def starts(words: Iterable[str]) -> list[str]:
    """By what these words are looked up."""
    return sorted({word[:length] for word in words for length in (_SHORT, _LONG)})


def asked(text: str) -> list[str]:
    """The beginnings of words that are all wanted, the rarest first as far as length tells."""
    found: set[str] = set()
    for word in _words(text):
        found |= _pieces(word, alone=False) if _is_unspaced(word[0]) else {word[:LONGEST]}
    needed = [one for one in found if not any(one != other and other.startswith(one) for other in found)]
    return sorted(needed, key=lambda one: (-len(one), one))[:MOST_ASKED]


def start(beginning: str) -> str | None:
    """What to look up for a beginning; None where it is too short for that."""
    if len(beginning) < _SHORT:
        return beginning if _is_unspaced(beginning) else None
    return beginning[:_LONG] if len(beginning) >= _LONG else beginning[:_SHORT]


def _pieces(run: str, *, alone: bool) -> set[str]:
    """Characters and pairs of neighbours; of a longer run that is asked for, the pairs say it all."""
    pairs = {run[at : at + 2] for at in range(len(run) - 1)}
    return pairs | set(run) if alone or not pairs else pairs


def _words(text: str) -> Iterator[str]:
    """Runs of letters, digits and their marks, of one way to write each."""
    word = ""
    for character in fold(text):
        if character in _WITHIN:
            continue
        if not _is_of_word(character):
            yield from [word] * bool(word)
            word = ""
            continue
        if word and not _is_mark(character) and _is_unspaced(character) != _is_unspaced(word[0]):
            yield word
            word = ""
        word += character
    yield from [word] * bool(word)


def _is_of_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


def _is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


def _is_unspaced(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _UNSPACED)
