"""NFO files, as Kodi, Jellyfin and the programs that fetch for them write them beside media.

They come from strangers: in any encoding, cut off, with a line of an address after the XML, or made to harm.
What is read of one is bounded, defines no entities and names nothing that is ever fetched.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from schemas.described import ACTOR, DIRECTOR, Credit, Described
from schemas.place import EPISODE, MOVIE, TRACK

MOST_BYTES = 512 << 10
_MOST_NAMES, _MOST_PEOPLE = 20, 100
_NAME, _TEXT = 200, 5000
_ROOT = re.compile(r"<(movie|tvshow|season|episodedetails|artist|album|song|musicvideo)[\s>]", re.IGNORECASE)
_EPISODE = "episodedetails"
"""Of these a file may hold several, one after another: the first counts."""
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9a-fA-F]+);)(\w+;)?")
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_DAY = re.compile(r"([12]\d{3})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?")
_WHOLE = re.compile(r"\d{1,5}")
_ADDRESSES = {
    "imdb": re.compile(r"imdb\.com/title/(tt\d{6,9})"),
    "tmdb": re.compile(r"themoviedb\.org/(?:movie|tv)/(\d{1,9})"),
    "tvdb": re.compile(r"thetvdb\.com/.*?(?:id=|series/)(\d{1,9})"),
}
_IDS = frozenset({"imdb", "tmdb", "tvdb", "musicbrainz", "musicbrainzalbum", "musicbrainzartist"})
_ID = re.compile(r"[\w.-]{1,64}")


def read(content: bytes) -> Described | None:
    """What an NFO file says; None where it is none, or says nothing."""
    if len(content) > MOST_BYTES:
        return None
    text = _decoded(content)
    said = _of(root) if (root := _parsed(text)) is not None else _addressed(text)
    return said if said != Described() else None


def _decoded(content: bytes) -> str:
    """What it says of its encoding itself counts only where it can be: people save again as they please."""
    for mark, name in ((codecs.BOM_UTF8, "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(name, errors="replace")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _parsed(text: str) -> Element | None:
    """The first document in a text, without what stands before and after it."""
    found = _ROOT.search(text)
    if found is None or "<!DOCTYPE" in text[: found.start()] or "<!ENTITY" in text:
        return None
    closing = f"</{found[1]}>"
    several = found[1].lower() == _EPISODE
    end = text.find(closing, found.start()) if several else text.rfind(closing, found.start())
    body = text[found.start() : end + len(closing) if end >= 0 else len(text)]
    body = _ENTITY.sub(_named, _UNSEEN.sub("", body))
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, RecursionError):
        return None
    return root


def _named(found: re.Match[str]) -> str:
    """An entity of HTML as its character, and an ampersand that begins none as itself."""
    known = html.unescape(found[0])
    return known if known != found[0] else f"&amp;{found[1] or ''}"


def _addressed(text: str) -> Described:
    """What a file says that holds an address and no XML."""
    found = {name: match[1] for name, pattern in _ADDRESSES.items() if (match := pattern.search(text))}
    return Described(ids=found)


@dataclass(frozen=True, slots=True)
class _Reader:
    root: Element

    def texts(self, *names: str) -> Iterator[str]:
        """What elements of these names say, by the order of the names."""
        for name in names:
            for each in self.root.findall(name):
                if text := _line(each.text):
                    yield text

    def text(self, *names: str) -> str | None:
        """The first that is said."""
        return next(self.texts(*names), None)

    def lines(self, *names: str) -> str | None:
        """The first text of several lines."""
        found = (_lines(each.text) for name in names for each in self.root.findall(name))
        return next(filter(None, found), None)

    def count(self, *names: str) -> int | None:
        """The first whole number."""
        return next((int(text) for text in self.texts(*names) if _WHOLE.fullmatch(text)), None)

    def day(self, *names: str) -> str | None:
        """The first day, month or year there is, as far as it is one."""
        for text in self.texts(*names):
            if found := _DAY.match(text):
                return "-".join(part for part in found.groups() if part)
        return None


def _of(root: Element) -> Described:
    said = _Reader(root)
    return Described(
        title=said.text("title", "name"),
        original_title=said.text("originaltitle"),
        description=said.lines("plot", "outline", "biography", "review"),
        released=said.day("premiered", "releasedate", "aired", "year", "formed"),
        rating=_rating(said),
        genres=tuple(dict.fromkeys(said.texts("genre")))[:_MOST_NAMES],
        ids=_ids(root),
        people=tuple(_people(root))[:_MOST_PEOPLE],
        place=_places().get(root.tag.lower(), _nowhere)(said),
    )


def _places() -> dict[str, Callable[[_Reader], dict[str, Any]]]:
    return {"movie": _film, _EPISODE: _episode, "song": _song}


def _nowhere(_said: _Reader) -> dict[str, Any]:
    return {}


def _film(said: _Reader) -> dict[str, Any]:
    day = said.day("year", "premiered", "releasedate")
    return _known(kind=MOVIE, title=said.text("title"), year=int(day[:4]) if day else None)


def _episode(said: _Reader) -> dict[str, Any]:
    day = said.day("aired")
    return _known(
        kind=EPISODE,
        title=said.text("title"),
        series=said.text("showtitle"),
        season=said.count("season"),
        episode=said.count("episode"),
        air_date=day if day and len(day) == len("2020-05-13") else None,
    )


def _song(said: _Reader) -> dict[str, Any]:
    return _known(
        kind=TRACK,
        title=said.text("title"),
        artist=said.text("artist"),
        album=said.text("album"),
        track=said.count("track"),
    )


def _known(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _rating(said: _Reader) -> float | None:
    for text in [*said.texts("rating"), *said.texts("ratings/rating/value"), *said.texts("userrating")]:
        try:
            found = float(text.replace(",", "."))
        except ValueError:
            continue
        if 0 < found <= 10:
            return round(found, 1)
    return None


def _ids(root: Element) -> dict[str, str]:
    pairs = [(each.get("type") or "", each.text) for each in root.findall("uniqueid")]
    pairs += [(name, each.text) for name in _IDS for each in root.findall(f"{name}id")]
    found: dict[str, str] = {}
    for kind, text in pairs:
        name, value = kind.lower(), _line(text) or ""
        if name in _IDS and _ID.fullmatch(value):
            found.setdefault(name, value)
    return dict(sorted(found.items()))


def _people(root: Element) -> Iterator[Credit]:
    for each in root.findall("actor"):
        if name := _line(each.findtext("name")):
            yield Credit(name=name, kind=ACTOR, role=_line(each.findtext("role")))
    for each in root.findall("director"):
        if name := _line(each.text):
            yield Credit(name=name, kind=DIRECTOR)


def _line(text: str | None) -> str | None:
    """One line of what can be seen."""
    return _seen(text or "")[:_NAME].strip() or None


def _lines(text: str | None) -> str | None:
    return "\n".join(map(_seen, (text or "").splitlines())).strip()[:_TEXT] or None


def _seen(line: str) -> str:
    """In one form of Unicode, with one space between words."""
    normal = unicodedata.normalize("NFC", line)
    kept = (c for c in normal if c.isspace() or unicodedata.category(c)[0] != "C")
    return " ".join("".join(kept).split())
