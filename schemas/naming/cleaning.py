"""Titles in names, without what else people and programs write into them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from schemas.words import label

_EARLIEST, _LATEST = 1888, 2039
_BRACKETED_YEAR = re.compile(r"[(\[](\d{4})(?:\s*[-\u2013]\s*(?:\d{4})?)?[)\]]")
_BARE_YEAR = re.compile(r"(?<![^\s._-])(\d{4})(?![^\s._-])")
_BRACKETED = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]|\([^()]*\)")
_RELEASE = re.compile(
    r"(?<![^\s._([-])(?:\d{3,4}[pi]|4k|uhd|[xh][. ]?26[45]|hevc|avc|xvid|divx|av1|10bit|8bit|hdr(?:10)?\+?"
    r"|sdr|dovi|blu-?ray|bdrip|brrip|bdremux|remux|dvd(?:rip|scr|r)?|web(?:-?dl|-?rip)?|hdtv|pdtv|dsr|hdrip|hdcam"
    r"|proper|repack|internal|limited|unrated|extended|uncut|theatrical|multi|dual|dubbed|subbed|aac|ac3"
    r"|e-?ac3|ddp?5|dts(?:-?hd)?|truehd|atmos|flac|amzn|nf|dsnp|hmax|hulu|complete|retail)(?![^\s._)\]+-])",
    re.IGNORECASE,
)
_EDGES = " \t._-\u2013,;:+"
_SPACES = re.compile(r"\s+")
_ARTICLE = re.compile(r"(.+), (the|a|an|der|die|das|le|la|les|el|los)", re.IGNORECASE)
_GENERIC = frozenset(
    """
    media video videos movie movies film films filme kino series serie serien shows tv tvshows anime music
    musik musique audio songs mp3 flac albums artists download downloads complete incoming torrents library
    data home files misc mixed new unsorted uploads kids cartoons documentaries
    """.split()  # noqa: SIM905 (as a list it takes a page)
)


@dataclass(frozen=True, slots=True)
class Titled:
    """A title, and the year beside it."""

    title: str
    year: int | None = None
    sure: bool = False
    """Whether the year is written as people do who name films: in brackets, or before what a release says."""


def is_generic(folder: str) -> bool:
    """Whether a folder is called after what sort of thing lies in it, and after none of them."""
    return label(folder).replace(" ", "").replace("-", "") in _GENERIC


def spaced(text: str) -> str:
    """Words that are written with dots or underscores instead of spaces, as words."""
    text = text.replace("_", " ")
    if " " not in text.strip():
        text = text.replace(".", " ")
    return _SPACES.sub(" ", text).strip(_EDGES)


def plain(text: str) -> str:
    """A title without releases' words and what is in brackets."""
    bare = _BRACKETED.sub(" ", text)
    found = _RELEASE.search(bare)
    kept = spaced(bare[: found.start()] if found else bare)
    turned = _ARTICLE.fullmatch(kept)
    return f"{turned[2]} {turned[1]}" if turned else kept


def titled(text: str) -> Titled:
    """The title and the year of a film, a series or an album, as its file or folder is called."""
    for found in reversed([*_BRACKETED_YEAR.finditer(text)]):
        if is_year(int(found[1])) and (title := plain(text[: found.start()]) or plain(text[found.end() :])):
            return Titled(title, int(found[1]), sure=True)
    for found in reversed([*_BARE_YEAR.finditer(text)]):
        title = plain(text[: found.start()])
        if is_year(int(found[1])) and title:
            after = text[found.end() :].strip(_EDGES + "()[]")
            dotted = " " not in text.strip()
            sure = bool(_RELEASE.match(after)) or (dotted and not after)
            if sure or not after:
                return Titled(title, int(found[1]), sure=sure)
    return Titled(plain(text))


def is_release(text: str) -> bool:
    """Whether a name says what only releases of films and series say."""
    return bool(_RELEASE.search(text))


def is_year(number: int) -> bool:
    """Whether a film may be of that year."""
    return _EARLIEST <= number <= _LATEST


def alike(one: str, other: str) -> bool:
    """Whether two titles are one to people."""
    return key(one) == key(other)


def key(title: str) -> str:
    """What is the same of two titles that are one to people: file names have no colons, and fewer commas."""
    folded = label(title)
    return "".join(c for c in folded if c.isalnum()) or folded
