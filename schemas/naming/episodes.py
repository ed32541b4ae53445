"""Episodes by their names: which season and episode, or which day, and of which series. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.naming.cleaning import Titled, alike, is_generic, is_release, plain, titled
from schemas.place import EPISODE

_SEASON = re.compile(
    r"(?:.*[ ._-])?(?:season|series|staffel|saison|temporada|stagione|seizoen|sezon|s)[ ._-]*(\d{1,4})"
    r"(?:[ ._-].*)?",
    re.IGNORECASE,
)
_OWN_SEASON = re.compile(
    r"(?:season|series|staffel|saison|temporada|stagione|seizoen|sezon|s)[ ._-]*(\d{1,4})", re.IGNORECASE
)
_SPECIALS = re.compile(r"specials?|season[ ._-]*0+|s0+|ova|ovas", re.IGNORECASE)

_END = r"(?:[ ._]*(?:-|\+|&|~)?[ ._]*(?:s\d{1,4}[ ._]*)?(?:e|ep)[ ._]*(?P<end>\d{1,4}))*"
_MARKS = (
    re.compile(
        r"(?<![a-z0-9])s(?P<season>\d{1,4})[ ._-]*x?(?:e|ep)[ ._]*(?P<episode>\d{1,4})"
        + _END
        + r"(?:-(?P<last>\d{1,4})(?![\dpi]))?(?!\d)",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<![\w])(?P<season>\d{1,2})x(?P<episode>\d{2,3})(?:(?:-|x|-\d{1,2}x)(?P<end>\d{2,3}))*(?![\dpx])",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<![a-z])(?:season|series|staffel|saison|temporada)[ ._-]*(?P<season>\d{1,4})[ ._,-]*"
        r"(?:episode|folge|ep|e|cap[ií]tulo|[eé]pisode)[ ._-]*(?P<episode>\d{1,4})(?!\d)",
        re.IGNORECASE,
    ),
)
_DAY = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)[ ._-](?P<m>\d\d)[ ._-](?P<d>\d\d)(?!\d)")
_DAY_FIRST = re.compile(r"(?<!\d)(?P<d>\d\d)[._-](?P<m>\d\d)[._-](?P<y>(?:19|20)\d\d)(?!\d)")
_SAID = re.compile(r"(?<![a-z])(?:episode|folge|ep|e)[ ._-]*(?P<episode>\d{1,4})(?!\d)", re.IGNORECASE)
_LEADING = re.compile(r"(?P<episode>\d{1,4})(?!\d|[pi](?![a-z])|(?:st|nd|rd|th)\b)(?:-(?P<end>\d{1,4}))?")
_GROUPED = re.compile(
    r"\[[^\]]+\][ ._]*(?P<series>.+?)(?:[ ._]+s(?P<season>\d{1,2}))?[ ._]+-?[ ._]*"
    r"(?P<episode>\d{1,4})(?:v\d)?(?:[ ._]*-[ ._]*(?P<end>\d{1,4}))?(?=[ ._]*(?:[\[(]|-|end|$))",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?P<series>.+?)[ ._]+-[ ._]+(?P<episode>\d{2,4})(?:v\d)?(?=[ ._]*(?:[\[(-]|$))")


@dataclass(frozen=True, slots=True)
class Numbered:
    """Where an episode is numbered in a name, and what stands on both sides of that."""

    known: dict[str, Any]
    before: str
    after: str
    titled: bool = True
    """Whether what comes before the number names the series."""


@dataclass(frozen=True, slots=True)
class Episode:
    """An episode, and how far down its path the folders of its series and season lie."""

    known: dict[str, Any]
    series_depth: int | None
    season_depth: int | None


def episode(folders: Sequence[str], stem: str) -> Episode | None:
    """What a name says of an episode; None where it is none by it."""
    inner = season_of(folders[-1]) if folders else None
    found = _numbered(folders, stem, inner)
    if found is None:
        return None
    at = len(folders)
    season_depth = at if inner is not None else None
    outer = folders[: at - 1] if _is_own_season(folders[-1] if folders else "") else folders
    named = _series(outer, found, within_season=inner is not None)
    if named is None:
        return None
    series, depth = named
    known = {"kind": EPISODE, "series": series.title, "series_year": series.year, **found.known}
    known.setdefault("season", inner if inner is not None else _season_of_day(known))
    known["title"] = plain(found.after) or None
    return Episode(known, depth, season_depth if outer != folders else None)


def season_of(folder: str) -> int | None:
    """Which season a folder is, by its name."""
    if _SPECIALS.fullmatch(folder.strip()):
        return 0
    found = _OWN_SEASON.fullmatch(folder.strip()) or _SEASON.fullmatch(folder.strip())
    return int(found[1]) if found else None


def _is_own_season(folder: str) -> bool:
    """Whether a folder is called after the season alone: the series is the folder above."""
    name = folder.strip()
    found = _OWN_SEASON.match(name)
    return bool(_SPECIALS.fullmatch(name)) or (found is not None and not is_release(name[: found.end()]))


def _numbered(folders: Sequence[str], stem: str, season: int | None) -> Numbered | None:
    for pattern in _MARKS:
        if found := pattern.search(stem):
            return _split(found, stem, _counts(found))
    if (dated := _by_day(stem)) is not None:
        return dated if dated.before.strip(" ._-") or season is not None else None
    if found := _GROUPED.match(stem):
        known = _counts(found)
        known.setdefault("season", 1 if season is None else season)
        return Numbered(known, found["series"], stem[found.end() :])
    if season is not None:
        return _in_season(stem, season)
    return _absolute(folders, stem)


def _in_season(stem: str, season: int) -> Numbered | None:
    """In a season's folder a number is enough."""
    if found := _SAID.search(stem):
        return _split(found, stem, {"season": season, **_counts(found)})
    if found := _LEADING.match(stem):
        known = {"season": season, **_counts(found)}
        if season and known["episode"] // 100 == season and known["episode"] % 100:
            known["episode"] %= 100
        return _split(found, stem, known)
    if found := _NUMBERED.match(stem):
        return Numbered({"season": season, **_counts(found)}, found["series"], stem[found.end() :])
    return None


def _absolute(folders: Sequence[str], stem: str) -> Numbered | None:
    """Numbers through all seasons: told from a film's only where a word or the folder says so."""
    folder = titled(folders[-1]).title if folders else ""
    if (found := _NUMBERED.match(stem)) and alike(plain(found["series"]), folder):
        return Numbered({"season": 1, **_counts(found)}, found["series"], stem[found.end() :])
    if folder and not is_generic(folder) and (found := _SAID.search(stem)):
        before = plain(stem[: found.start()])
        if not before or alike(before, folder):
            return _split(found, stem, {"season": 1, **_counts(found)})
    return None


def _by_day(stem: str) -> Numbered | None:
    for pattern in (_DAY, _DAY_FIRST):
        if found := pattern.search(stem):
            try:
                day = date(int(found["y"]), int(found["m"]), int(found["d"]))
            except ValueError:
                continue
            return _split(found, stem, {"air_date": day.isoformat()})
    return None


def _season_of_day(known: dict[str, Any]) -> int | None:
    day: str | None = known.get("air_date")
    return int(day[:4]) if day else None


def _counts(found: re.Match[str]) -> dict[str, Any]:
    said = found.groupdict()
    known = {name: int(said[name]) for name in ("season", "episode") if said.get(name)}
    end = said.get("last") or said.get("end")
    if end and int(end) > known["episode"]:
        known["episode_end"] = int(end)
    return known


def _split(found: re.Match[str], stem: str, known: dict[str, Any]) -> Numbered:
    return Numbered(known, stem[: found.start()], stem[found.end() :])


def _series(
    folders: Sequence[str], found: Numbered, *, within_season: bool
) -> tuple[Titled, int | None] | None:
    """The series, and how deep its folder lies. A folder knows it best where it holds seasons, or where the
    file says the same.
    """
    said = titled(found.before)
    folder = _folder_title(folders[-1]) if folders and not is_generic(folders[-1]) else Titled("")
    if folder.title and (within_season or not said.title or alike(folder.title, said.title)):
        return Titled(folder.title, folder.year or (said.year if said.title else None)), len(folders)
    return (said, None) if said.title else None


def _folder_title(folder: str) -> Titled:
    """A folder's title; of one that names a season too, what comes before that."""
    found = re.search(r"[ ._-]+(?:season|staffel|saison|s)[ ._-]*\d{1,4}(?![a-z0-9])", folder, re.IGNORECASE)
    return titled(folder[: found.start()] if found and found.start() else folder)
