"""The nodes of the hierarchy: what a medium is shelved under, from the library down. Pure.

A node is nothing but what its media have in common, and is there as long as one is in it. Its id derives from
that, so that all who tell of a series tell of one node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from schemas import place as kinds
from schemas.events import derived_id
from schemas.naming.cleaning import key
from schemas.naming.reading import ALBUM, ARTIST, MOVIE, OWNER, SEASON, SERIES
from schemas.place import Place
from schemas.shelving import Shelved
from schemas.words import fold

FOLDER = "folder"
KINDS = (MOVIE, SERIES, SEASON, ARTIST, ALBUM, FOLDER)

_UNNUMBERED = 10**9
_AFTER = 10**15
"""Extras come after everything else."""
_LETTERS = " 0123456789abcdefghijklmnopqrstuvwxyz"
_SORTED_BY = 10
_OTHER_SCRIPTS: int = len(_LETTERS) ** _SORTED_BY
_ARTICLES = ("the ", "a ", "an ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One of them."""

    id: str
    scope: str
    kind: str
    parent: str
    """The node that it is in; the scope's top where there is none."""
    name: str
    order: int
    """Where it comes among those beside it."""
    year: int | None = None
    number: int | None = None
    """Of a season."""
    folders: tuple[str, ...] = ()
    """Where files lie that tell of it."""
    series_folders: tuple[str, ...] = ()
    """Of a season: where files lie that tell of its series, and name it."""

    def written(self) -> dict[str, Any]:
        """As fields of its document that each climb."""
        said = {name: getattr(self, name) for name in ("scope", "kind", "parent", "name", "order")}
        more = {name: value for name in ("year", "number") if (value := getattr(self, name)) is not None}
        said |= more | {f"folders.{folder_id(each)}": each for each in self.folders}
        return said | {f"series_folders.{folder_id(each)}": each for each in self.series_folders}


@dataclass(frozen=True, slots=True)
class Shelf:
    """The nodes that a medium is in, from the top down, and where it comes among those beside it."""

    nodes: list[Node] = field(default_factory=list)
    parent: str = ""
    order: int = 0


def top(scope: str) -> str:
    """The id of what all nodes of a scope are in."""
    return derived_id("node", scope)


def folder_node(scope: str, path: str) -> str:
    """The id of a folder's node."""
    return derived_id("node", scope, FOLDER, path)


def folder_id(path: str) -> str:
    """What a folder is called where its path can't be."""
    return derived_id(FOLDER, path)


def item_of_folder(path: str) -> str:
    """What events call a folder."""
    return f"{FOLDER}/{path}"


def item_of_season(series_folder: str, number: int) -> str:
    """What events call a season that files in its series' folder tell of."""
    return f"{SEASON}/{number}/{series_folder}"


def item_of_node(node_id: str) -> str:
    """What events call a node."""
    return f"node/{node_id}"


def shelf(medium: Shelved) -> Shelf:
    """Where a medium stands."""
    place = medium.place
    if place.kind == kinds.EPISODE and place.series:
        return _shelf([*_series(medium, place)], medium, _number(place))
    if place.kind == kinds.TRACK and (place.album or place.artist):
        return _shelf([*_album(medium, place)], medium, _track(place))
    if place.kind == kinds.MOVIE and place.title:
        return _shelf([_movie(medium, place)], medium, medium.part)
    if place.kind == kinds.EXTRA:
        return _extra(medium, place)
    return _shelf([*_folders(medium)], medium, sorted_by(medium.name))


def sorted_by(name: str) -> int:
    """Where a name comes among others: by its first ten letters and digits, without an article.

    Names in other scripts come after those, by their first two characters.
    """
    text = " ".join(fold(name).split())
    text = next((text[len(each) :] for each in _ARTICLES if text.startswith(each)), text)
    if text and text[0] not in _LETTERS and text[0].isalpha():
        return _OTHER_SCRIPTS + (ord(text[0]) << 31) + (ord(text[1:2] or "\0") << 10)
    plain = "".join(c for c in text if c in _LETTERS)
    number = 0
    for letter in plain[:_SORTED_BY].ljust(_SORTED_BY):
        number = number * len(_LETTERS) + _LETTERS.index(letter)
    return number


def _shelf(nodes: list[Node], medium: Shelved, order: int) -> Shelf:
    return Shelf(nodes, nodes[-1].id if nodes else top(medium.scope), order)


def _series(medium: Shelved, place: Place) -> Iterator[Node]:
    name = place.series or ""
    named = (SERIES, key(name), place.series_year)
    series = _node(medium, SERIES, named, name, year=place.series_year)
    yield series
    season = place.season if place.season is not None else _year_of(place.air_date)
    if season is not None:
        called = f"Season {season}" if season else "Specials"
        of_it = _node(medium, SEASON, (*named, SEASON, season), called, parent=series.id, number=season)
        yield of_it


def _album(medium: Shelved, place: Place) -> Iterator[Node]:
    name, above = place.album_artist or place.artist, top(medium.scope)
    artist = (ARTIST, key(name or ""))
    if name:
        found = _node(medium, ARTIST, artist, name)
        above = found.id
        yield found
    if place.album:
        named = (*artist, ALBUM, key(place.album))
        yield _node(medium, ALBUM, named, place.album, parent=above, year=place.year)


def _movie(medium: Shelved, place: Place) -> Node:
    name = place.title or ""
    return _node(medium, MOVIE, (MOVIE, key(name), place.year), name, year=place.year)


def _folders(medium: Shelved) -> Iterator[Node]:
    """The folders that a medium lies in, from its root's own down."""
    names = medium.folder.split("/") if medium.folder is not None else []
    above = top(medium.scope)
    for end in range(1, len(names) + 1):
        path = "/".join(names[:end])
        id = folder_node(medium.scope, path)
        yield Node(
            id=id,
            scope=medium.scope,
            kind=FOLDER,
            parent=above,
            name=names[end - 1],
            order=sorted_by(names[end - 1]),
            folders=(path,),
        )
        above = id


def _extra(medium: Shelved, place: Place) -> Shelf:
    """What comes with a film or a series lies with that: in the folder that is theirs."""
    order = _AFTER + sorted_by(medium.name) // 8
    if place.series:
        return _shelf([*_series(medium, place)], medium, order)
    owner = medium.folders.get(OWNER, medium.folder)
    above = folder_node(medium.scope, owner) if owner else top(medium.scope)
    return Shelf([], above, order)


def _node(
    medium: Shelved,
    kind: str,
    named: tuple[Any, ...],
    name: str,
    *,
    parent: str | None = None,
    year: int | None = None,
    number: int | None = None,
) -> Node:
    folder, above = medium.folders.get(kind), medium.folders.get(SERIES)
    order = number if number is not None else sorted_by(name)
    if kind == ALBUM:
        order = (year or 9999) * 10**11 + sorted_by(name) // 10**5
    return Node(
        id=derived_id("node", medium.scope, *named),
        scope=medium.scope,
        kind=kind,
        parent=parent or top(medium.scope),
        name=name,
        order=order,
        year=year,
        number=number,
        folders=(folder,) if folder else (),
        series_folders=(above,) if kind == SEASON and above else (),
    )


def _number(place: Place) -> int:
    if place.episode is not None:
        return place.episode
    return _UNNUMBERED + (date.fromisoformat(place.air_date).toordinal() if place.air_date else _UNNUMBERED)


def _track(place: Place) -> int:
    return (place.disc or 0) * 10**6 + (place.track if place.track is not None else 10**5)


def _year_of(day: str | None) -> int | None:
    return int(day[:4]) if day else None
