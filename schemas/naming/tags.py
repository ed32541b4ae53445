"""What is written into a file about its place. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from schemas.naming.cleaning import is_year
from schemas.place import EPISODE, TRACK

_LONGEST = 200
_COUNT = re.compile(r"\s*(\d{1,5})")
_YEAR = re.compile(r"\s*(\d{4})")
_SONGS = ("title", "artist", "album", "album_artist")


def read(kind: str | None, tags: Mapping[str, str]) -> dict[str, Any]:
    """The fields that tags tell of a sound or a film; of a film's only what nobody writes by accident."""
    said = {name.lower(): " ".join(text.split())[:_LONGEST] for name, text in tags.items()}
    found = _of_sound(said) if kind == "audio" else _of_film(said)
    return {name: value for name, value in found.items() if value not in (None, "")}


def _of_sound(said: Mapping[str, str]) -> dict[str, Any]:
    known: dict[str, Any] = {name: said.get(name) for name in _SONGS}
    known["album_artist"] = known["album_artist"] or said.get("albumartist")
    if not (known["artist"] or known["album"]):
        return {"title": known["title"]}
    year = _number(_YEAR, said.get("date") or said.get("year") or "")
    counts = {name: _number(_COUNT, said.get(name) or "") for name in ("track", "disc")}
    return {**known, **counts, "kind": TRACK, "year": year if year and is_year(year) else None}


def _of_film(said: Mapping[str, str]) -> dict[str, Any]:
    """As iTunes writes of an episode."""
    episode = _number(_COUNT, said.get("episode_sort") or "")
    if not said.get("show") or episode is None:
        return {}
    season = _number(_COUNT, said.get("season_number") or "")
    known = {"kind": EPISODE, "series": said["show"], "season": season, "episode": episode}
    return {**known, "title": said.get("title")}


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.match(text)
    return int(found[1]) if found else None
