"""Where in the hierarchy a medium stands: decided from all that is known of it, and told by `media.changed`.

What names tell is believed least, then what is written into the file, then an NFO file beside it, and people
most. The decision's version grows with each thing that is learned, so that the last one stands in any order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from schemas import record
from schemas.described import CHANGE as DESCRIBED
from schemas.naming import reading, tags
from schemas.naming.cleaning import alike
from schemas.naming.reading import ALBUM, ARTIST, MOVIE, SEASON, SERIES, Named
from schemas.place import EPISODE, FIELDS, OTHER, TRACK, Place, settled
from schemas.place import MOVIE as A_MOVIE

CHANGE = "placed"
OWN = "own:"
"""What the scope of somebody's own media begins with: those that are in no library."""

FIRST_FILE = "first_file"
"""Where a document that shows a later file has what is known of the first, which decides the place."""

_IN_A_ROOT, _BEFORE_THE_PLACE = "roots", 4
"""What a location in an operator's folder begins with, and how many parts come before the place."""
_NAMING = {SERIES: "series", SEASON: "season", MOVIE: "title", ARTIST: "album_artist", ALBUM: "album"}
"""Which field of a place a folder's name stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """Where a medium stands."""

    version: int
    scope: str
    """A library, or somebody's own."""
    name: str
    place: Place
    folder: str | None = None
    """The folder that it lies in, as root/path; None for what was uploaded."""
    folders: Mapping[str, str] = field(default_factory=dict)
    """The folders that are those of its series, season, film, artist or album."""
    part: int = 0

    def written(self) -> dict[str, str]:
        """As the event carries it."""
        said = asdict(self) | {"place": self.place.known}
        return {"shelved": orjson.dumps(said).decode()}


def read(values: Mapping[str, str]) -> Shelved:
    """What an event carries."""
    said = orjson.loads(values["shelved"])
    known = {name: value for name, value in said["place"].items() if name in FIELDS}
    return Shelved(
        **{name: said[name] for name in Shelved.__slots__ if name in said} | {"place": Place(**known)}
    )


def shelved(document: Mapping[str, Any]) -> Shelved | None:
    """Where a medium stands by its document in the read models; None before its upload is known."""
    document = {**document, **(document.get(FIRST_FILE) or {})}
    upload = document.get("upload")
    if not upload:
        return None
    root, path = _path(document, upload)
    named = reading.read(path)
    said = record.place_said(document.get(record.CHANGE) or {})
    place = _settled(document, named, said)
    trusted = {role: depth for role, depth in named.depths.items() if said.get(_NAMING.get(role, "")) is None}
    return Shelved(
        version=_version(document, is_in_root=root is not None),
        scope=(document.get("library") or {}).get("id") or f"{OWN}{upload['owner_id']}",
        name=path[-1],
        place=place,
        folder=_folder(root, path, len(path) - 1) if root else None,
        folders={role: _folder(root, path, depth) for role, depth in trusted.items()} if root else {},
        part=named.part,
    )


def _settled(document: Mapping[str, Any], named: Named, said: Mapping[str, Any]) -> Place:
    probe, known = document.get("probe") or {}, dict(named.known)
    embedded = tags.read(probe.get("kind"), probe.get("tags") or {})
    if embedded.get("album") and not alike(embedded["album"], known.get("album") or ""):
        known.pop("album_artist", None)  # it is that of a folder which is not this album's
    described = (document.get(DESCRIBED) or {}).get("place") or {}
    return _of_some_kind(settled(known, embedded, described, said))


def _of_some_kind(place: Place) -> Place:
    if place.kind is not None:
        return place
    if place.series and (place.episode is not None or place.air_date):
        return replace(place, kind=EPISODE)
    if place.album or place.artist:
        return replace(place, kind=TRACK)
    return replace(place, kind=A_MOVIE if place.title and place.year else OTHER)


def _path(document: Mapping[str, Any], upload: Mapping[str, Any]) -> tuple[str | None, list[str]]:
    """The root that a medium lies in and its path there; of an upload, no root and its name."""
    area, *parts = upload["location"].split("/", _BEFORE_THE_PLACE)
    if area == _IN_A_ROOT and len(parts) == _BEFORE_THE_PLACE:
        moved = (document.get("moved") or {}).get("place")
        root, _, path = (moved or parts[-1]).partition("/")
        return root, path.split("/")
    kept = (document.get(record.CHANGE) or {}).get(record.NAME) or {}
    return None, [str(kept.get("value") or upload["name"])]


def _folder(root: str | None, path: list[str], depth: int) -> str:
    return "/".join([root or "", *path[:depth]])


def _version(document: Mapping[str, Any], *, is_in_root: bool) -> int:
    """Greater with each thing that is learned: all that it is the sum of only grows."""
    kept = document.get(record.CHANGE) or {}
    places = [each["version"] for each in (kept.get(record.PLACE) or {}).values()]
    name = 0 if is_in_root else (kept.get(record.NAME) or {}).get("version", 0)
    probe = document.get("probe") or {}
    told = tags.read(probe.get("kind"), probe.get("tags") or {})
    registers = [(document.get(each) or {}).get("version", 0) for each in ("moved", "library", DESCRIBED)]
    looked = [_millis(probe["at"])] if told else []
    return sum([_millis(document["upload"]["at"]), name, *registers, *places, *looked])


def _millis(when: datetime) -> int:
    return int(when.timestamp() * 1000)
