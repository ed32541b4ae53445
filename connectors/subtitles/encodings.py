"""Which encoding a file is in: by its mark, by what it says itself, by trying UTF, then by its letters."""

from __future__ import annotations

import codecs
import re
import unicodedata
from dataclasses import replace
from itertools import pairwise

from charset_normalizer import CharsetMatch, from_bytes

from connectors.subtitles.refusal import MOST_BYTES, SubtitleRefused
from connectors.subtitles.source import Source, errors_of

ENCODINGS = (
    *("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"),
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874"),
    *("cp932", "gb18030", "cp949", "big5", "euc_jp", "koi8_r", "cp866"),
)
"""Of each, a character is written in as many bytes as it is read from."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_GUESSED = [name for name in ENCODINGS if not name.startswith("utf")]
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.:-]{1,40})")
_ALIASES = {"cp936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "cp950": "big5", "utf-16": "utf-16-le"}
_HIGH = re.compile(rb"[^\r\n]*[\x80-\xff][^\r\n]*")
_COMMONEST = "cp1252"
_SAMPLE, _HEAD = 32 << 10, 64 << 10
_WRONG_OF = 20
"""A text is UTF-8 with some damage where of so many characters of several bytes at most one is none."""
_ZEROS_OF = 10
"""A text is UTF-16 where one of so many characters has a zero in it, all on one side."""


def opened(raw: bytes, encoding: str | None = None) -> Source:
    """A file's text; the encoding is found out unless it is said. Raises SubtitleRefused."""
    if len(raw) > MOST_BYTES:
        reason = (
            f"it has {len(raw)} bytes, and subtitles of up to {MOST_BYTES} are read; is it the right file?"
        )
        raise SubtitleRefused("too_large", reason)
    mark, marked = next(((mark, name) for mark, name in _MARKS if raw.startswith(mark)), (b"", None))
    name = known(encoding) if encoding else marked or _found(raw)
    if marked and name != marked:
        mark = b""
    return Source(raw, mark, name, _decoded(raw, len(mark), name))


def reopened(raw: bytes, before: Source) -> Source:
    """The text of bytes that were patched."""
    return replace(before, raw=raw, text=_decoded(raw, len(before.mark), before.encoding))


def known(encoding: str) -> str:
    """The name by which an encoding goes here. Raises SubtitleRefused."""
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        name = encoding
    name = _ALIASES.get(name, name)
    if name not in ENCODINGS:
        raise SubtitleRefused("encoding", f"{encoding!r} is not read; say one of {', '.join(ENCODINGS)}")
    return name


def _decoded(raw: bytes, start: int, name: str) -> str:
    width = {"utf-16": 2, "utf-32": 4}.get(name[:6], 1)
    whole = len(raw) - (len(raw) - start) % width
    try:
        return str(memoryview(raw)[start:whole], name, errors_of(name))
    except UnicodeDecodeError as error:
        reason = f"it is no {name} from byte {start + error.start} on; say which encoding it is in"
        raise SubtitleRefused("encoding", reason) from None


def _found(raw: bytes) -> str:
    if b"\0" in raw:
        return _wide(raw)
    declared = _DECLARED.search(raw[:_HEAD])
    if declared and (name := _declared(raw, declared[1].decode("ascii"))):
        return name
    if _is_utf8(raw):
        return "utf-8"
    return _guessed(raw)


def _declared(raw: bytes, said: str) -> str | None:
    """What a document says of its own encoding, where it can be."""
    try:
        name = known(said)
        raw.decode(name)
    except (SubtitleRefused, UnicodeDecodeError):
        return None
    return name


def _wide(raw: bytes) -> str:
    """UTF-16 without a mark: the zeros of digits and line ends are on one side. Raises SubtitleRefused."""
    even, odd = raw[::2].count(0), raw[1::2].count(0)
    many, few = max(even, odd), min(even, odd)
    if many * 2 * _ZEROS_OF < len(raw) or few * _ZEROS_OF > many:
        line = raw[: raw.index(0)].count(b"\n") + 1
        raise SubtitleRefused("binary", "it holds bytes that no text has; it is no subtitle file", line)
    return "utf-16-be" if even > odd else "utf-16-le"


def _is_utf8(raw: bytes) -> bool:
    """Whether it is UTF-8, a few damaged characters aside."""
    try:
        raw.decode()
    except UnicodeDecodeError:
        text = raw.decode(errors="surrogateescape")
        wrong = sum("\udc80" <= c <= "\udcff" for c in text)
        right = sum(c > "\x7f" for c in text) - wrong
        return right > wrong * _WRONG_OF
    return True


def _guessed(raw: bytes) -> str:
    """By the letters of the lines that have any beside ASCII."""
    lines, size = [], 0
    for found in _HIGH.finditer(raw):
        lines.append(found[0][:_SAMPLE])
        size += len(lines[-1])
        if size > _SAMPLE:
            break
    matches = list(from_bytes(b"\n".join(lines), cp_isolation=_GUESSED))
    if not matches:
        return "cp1252"
    alike = [match for match in matches if match.chaos == matches[0].chaos]
    best = min(alike, key=lambda each: (_signs_in_words(each), -each.coherence, each.encoding != _COMMONEST))
    return known(best.encoding)


def _signs_in_words(match: CharsetMatch) -> int:
    """How many letters of words are none: what is read in a wrong code page has superscripts in them."""
    text = str(match)
    return sum(
        c > "\x7f" and before.isalpha() and unicodedata.category(c)[0] in "NS" for before, c in pairwise(text)
    )
