"""Films by their names, and what comes with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schemas.naming.cleaning import alike, is_generic, is_release, titled
from schemas.naming.episodes import season_of
from schemas.place import EXTRA, MOVIE

_EXTRAS = frozenset(
    """
    extra extras trailer trailers featurette featurettes interview interviews sample samples bonus
    bonusmaterial behindthescenes deletedscenes
    """.split()  # noqa: SIM905 (as a list it takes a page)
)
_EXTRAS_BESIDE = frozenset({"other", "others", "scene", "scenes", "short", "shorts", "clip", "clips"})
"""Words that are as likely a folder of films: extras only where a film or a season is beside them."""
_ENDS = re.compile(
    r"(?:^|[ ._-])(?:trailer|sample)\d?$|-(?:behindthescenes|deleted|deletedscene|featurette|interview|scene"
    r"|short|clip|extra|other)\d?$",
    re.IGNORECASE,
)
_PART = re.compile(r"[ ._-]*[(\[]?(?<![a-z])(?:cd|dis[ck]|dvd|pt|part)[ ._-]?(\d)[)\]]?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Film:
    """A film or what comes with one, and how far down its path its folder lies."""

    known: dict[str, Any]
    depth: int | None


def extra(folders: Sequence[str], stem: str) -> Film | None:
    """A trailer, a deleted scene, an interview; None for what is none by its name."""
    known = {"kind": EXTRA, "title": _PART.sub("", stem).strip(" ._-")}
    for depth, folder in enumerate(folders, start=1):
        beside = folders[depth - 2] if depth > 1 else ""
        if _is_extras(folder, beside):
            return Film(known, depth - 1)
    return Film(known, len(folders)) if _ENDS.search(stem) and folders else None


def film(folders: Sequence[str], stem: str) -> Film | None:
    """A film: one that has a year as films do, or says what releases do, or lies in a folder of its own."""
    bare = _PART.sub("", stem)
    said, at = titled(bare), len(folders)
    folder = titled(folders[-1]) if folders and not is_generic(folders[-1]) else None
    if folder is not None and folder.sure and (not said.sure or alike(folder.title, said.title)):
        return Film({"kind": MOVIE, "title": folder.title, "year": folder.year}, at)
    alone = at if folder is not None and folder.title and alike(folder.title, said.title) else None
    if said.sure or (said.title and is_release(bare)):
        return Film({"kind": MOVIE, "title": said.title, "year": said.year}, alone)
    return None


def part_of(stem: str) -> int:
    """Which part of a film that is in several files; 0 for the whole."""
    found = _PART.search(stem)
    return int(found[1]) if found else 0


def _is_extras(folder: str, beside: str) -> bool:
    name = re.sub(r"[^a-z]", "", folder.lower())
    sure_beside = titled(beside).sure or season_of(beside) is not None
    return name in _EXTRAS or (name in _EXTRAS_BESIDE and sure_beside)
