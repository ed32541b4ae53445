"""Tracks by their names: what tags say goes before all of this. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.naming.cleaning import alike, is_generic, spaced, titled
from schemas.place import TRACK

_DISC = re.compile(r"(?:cd|dis[ck]|vol(?:ume)?)[ ._-]*(\d{1,2})(?:[ ._-].*)?", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?:(?P<disc>\d{1,2})[-.](?=\d\d))?(?P<track>\d{1,3})(?:[ ._-]+|$)(?P<title>.*)", re.DOTALL
)
_YEAR_FIRST = re.compile(r"[(\[]?(\d{4})[)\]]?[ ._]*-?[ ._]+(.+)")


@dataclass(frozen=True, slots=True)
class Track:
    """A track, and how far down its path the folders of its artist and album lie."""

    known: dict[str, Any]
    artist_depth: int | None = None
    album_depth: int | None = None


def track(folders: Sequence[str], stem: str) -> Track | None:
    """What a name says of a track: its folder is the album's, and the one above the artist's."""
    kept, disc = [*folders], None
    if kept and (found := _DISC.fullmatch(kept[-1].strip())) and len(kept) > 1:
        disc = int(found[1])
        kept.pop()
    named = [each for each in kept if not is_generic(each)]
    numbered = _NUMBER.match(stem)
    if not named or len(kept) < 1 or is_generic(kept[-1]) or (len(named) == 1 and not numbered):
        return None
    artist = kept[-2] if len(kept) > 1 and not is_generic(kept[-2]) else None
    known = {"kind": TRACK, "disc": disc, **_album(kept[-1], artist), **_own(stem, artist)}
    return Track(known, len(kept) - 1 if artist else None, len(kept))


def _album(folder: str, artist: str | None) -> dict[str, Any]:
    first = _YEAR_FIRST.fullmatch(folder)
    if first:
        return {"album": spaced(first[2]), "year": int(first[1]), "album_artist": artist}
    said = titled(folder)
    before, dash, after = said.title.partition(" - ")
    if dash and (artist is None or alike(before, artist)):
        return {"album": after, "year": said.year, "album_artist": artist or before}
    return {"album": said.title or folder, "year": said.year, "album_artist": artist}


def _own(stem: str, artist: str | None) -> dict[str, Any]:
    found = _NUMBER.match(stem)
    text = found["title"] if found else stem
    before, dash, after = text.partition(" - ")
    own = after if dash and artist is not None and alike(before, artist) else text
    known: dict[str, Any] = {"title": spaced(own) or None}
    if found:
        known["track"] = int(found["track"])
    if found and found["disc"]:
        known["disc"] = int(found["disc"])
    return known
