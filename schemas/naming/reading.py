"""A medium's place as its path tells it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from os.path import splitext
from typing import Any

from schemas.naming.episodes import episode
from schemas.naming.films import extra, film, part_of
from schemas.naming.music import track

SERIES, SEASON, MOVIE, ARTIST, ALBUM, OWNER = "series", "season", "movie", "artist", "album", "owner"
"""What a folder may be the folder of; the owner is whatever an extra comes with."""

_REMEMBERED = 4096
"""Whoever lists media asks for the same names again and again."""
_SOUND = frozenset(
    """
    aac aif aiff alac amr ape caf dts flac m4a m4b mka mp2 mp3 oga ogg opus spx tak tta wav wma wv
    """.split()  # noqa: SIM905 (as a list it takes a page)
)


@dataclass(frozen=True, slots=True)
class Named:
    """What names tell: the fields of a place, and which of the folders are whose."""

    known: Mapping[str, Any] = field(default_factory=dict)
    depths: Mapping[str, int] = field(default_factory=dict)
    """Of each folder that is known for something, how many names down it lies."""
    part: int = 0


def read(path: Sequence[str]) -> Named:
    """What a path below a root tells, or the name of a file that was uploaded."""
    return _read(tuple(path))


@lru_cache(_REMEMBERED)
def _read(path: tuple[str, ...]) -> Named:
    *folders, name = path
    stem, ending = splitext(name)
    if ending[1:].lower() in _SOUND:
        return _sound(folders, stem)
    if (found := extra(folders, stem)) is not None:
        return _named(found.known, {OWNER: found.depth})
    if (numbered := episode(folders, stem)) is not None:
        depths = {SERIES: numbered.series_depth, SEASON: numbered.season_depth}
        return _named(numbered.known, depths)
    if (whole := film(folders, stem)) is not None:
        return _named(whole.known, {MOVIE: whole.depth}, part_of(stem))
    return Named()


def _sound(folders: Sequence[str], stem: str) -> Named:
    found = track(folders, stem)
    if found is None:
        return Named()
    return _named(found.known, {ARTIST: found.artist_depth, ALBUM: found.album_depth})


def _named(known: Mapping[str, Any], depths: Mapping[str, int | None], part: int = 0) -> Named:
    said = {name: value for name, value in known.items() if value is not None}
    return Named(said, {name: depth for name, depth in depths.items() if depth}, part)
