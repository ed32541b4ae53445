"""What lies beside media in a folder, by its name: NFO files and images, and what each is about. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os.path import splitext

from connectors.rooted.located import Place
from connectors.rooted.looking import Seen
from schemas import nodes
from schemas.artwork import BACKDROP, BANNER, LOGO, PHOTO, POSTER, THUMB
from schemas.described import item_of_person, person_id
from schemas.naming import reading
from schemas.place import MOVIE

NFO = "nfo"
PEOPLE = ".actors"
"""The folder beside media in which people's images lie, each called after one."""
_IMAGES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tbn"})
_MOST_IMAGE_BYTES = 20 << 20

_OF_FOLDERS = frozenset({"tvshow", "season", "artist", "album"})
"""What an NFO file is called that is about a folder."""
_OF_FILMS = "movie"

_NAMES: Mapping[str, Sequence[str]] = {
    POSTER: ("poster", "folder", "cover", "front", "album", "show", "movie"),
    BACKDROP: ("backdrop", "fanart", "background", "art"),
    BANNER: ("banner",),
    LOGO: ("clearlogo", "logo"),
    THUMB: ("thumb", "landscape"),
}
"""What images are called, by kind; of several the first is taken."""
_RANKS = {name: (rank, kind) for kind, names in _NAMES.items() for rank, name in enumerate(names)}
_SEASON = re.compile(r"season[ ._-]?(\d{1,4}|-specials)(?:-(\w+))?")
_SUFFIX = re.compile(r"(.+)-(\w+)")

Subject = tuple[str, str]
"""What a file is about: `media` and an id, or `item` and what events call it."""


@dataclass(frozen=True, slots=True, order=True)
class Companion:
    """A file that tells of something."""

    rank: int
    name: str
    subject: Subject
    what: str
    """An NFO, or the kind of an image."""
    stamp: str
    """What is another one when the file is."""


def is_companion(seen: Seen) -> bool:
    """Whether a file may tell of media, by its name and size."""
    return splitext(seen.name)[1].lower() == f".{NFO}" or is_image(seen)


def is_image(seen: Seen) -> bool:
    """Whether a file may be an image, by its name and size."""
    return splitext(seen.name)[1].lower() in _IMAGES and seen.size_bytes <= _MOST_IMAGE_BYTES


def signature(media: Iterable[Seen], beside: Sequence[Seen]) -> str:
    """What is the same as long as nothing in a folder has changed; nothing for one with no such files."""
    if not beside:
        return ""
    digest = hashlib.sha256()
    for each in sorted([*media, *beside], key=lambda seen: seen.name):
        digest.update(f"{each.name}/{each.size_bytes}/{each.mtime_ns}\n".encode())
    return digest.hexdigest()[:32]


def companions(folder: Place, media: Mapping[str, str], files: Sequence[Seen]) -> list[Companion]:
    """What files in a folder are about, of several about the same thing the first; `media` are the ids of the
    media there, by name.
    """
    by_stem: dict[str, list[str]] = {}
    for name, id in sorted(media.items()):
        by_stem.setdefault(splitext(name)[0].lower(), []).append(id)
    films = [id for name, id in sorted(media.items()) if _is_film(folder, name)]
    found = [each for seen in files for each in _of(folder, seen, by_stem, films)]
    first: dict[tuple[Subject, str], Companion] = {}
    for each in sorted(found):
        first.setdefault((each.subject, each.what), each)
    return list(first.values())


def _of(
    folder: Place, seen: Seen, by_stem: Mapping[str, list[str]], films: Sequence[str]
) -> Iterable[Companion]:
    stem, ending = splitext(seen.name)
    stem, stamp = stem.lower(), f"{seen.size_bytes}/{seen.mtime_ns}"
    if ending.lower() == f".{NFO}":
        found = [(subject, NFO, 0) for subject in _described(folder, stem, by_stem, films)]
    else:
        found = _pictured(folder, stem, by_stem, films)
    return [Companion(rank, seen.name, subject, what, stamp) for subject, what, rank in found]


def _described(
    folder: Place, stem: str, by_stem: Mapping[str, list[str]], films: Sequence[str]
) -> list[Subject]:
    """What an NFO file of that name is about: in a folder with one medium, that one whatever it is called."""
    if stem in by_stem:
        return _media(by_stem[stem])
    if stem in _OF_FOLDERS:
        return [("item", nodes.item_of_folder(str(folder)))]
    every = [id for ids in by_stem.values() for id in ids]
    if stem == _OF_FILMS:
        return _media(films or every)
    return _media(every) if len(every) == 1 else []


def _pictured(
    folder: Place, stem: str, by_stem: Mapping[str, list[str]], films: Sequence[str]
) -> list[tuple[Subject, str, int]]:
    """What an image of that name is of. A film's folder is its own: what is there is the film's own too."""
    if stem.startswith(f"{PEOPLE}/"):
        name = stem.removeprefix(f"{PEOPLE}/").replace("_", " ")
        return [(("item", item_of_person(person_id(name))), PHOTO, 0)]
    if stem in _RANKS:
        rank, kind = _RANKS[stem]
        subjects = [("item", nodes.item_of_folder(str(folder))), *_media(films)]
        return [(subject, kind, rank) for subject in subjects]
    if found := _SEASON.fullmatch(stem):
        number = int(found[1]) if found[1].isdigit() else 0
        rank, kind = _RANKS.get(found[2] or POSTER, (0, POSTER))
        return [(("item", nodes.item_of_season(str(folder), number)), kind, rank)]
    if stem in by_stem:
        return [(subject, POSTER, len(_NAMES[POSTER])) for subject in _media(by_stem[stem])]
    if (found := _SUFFIX.fullmatch(stem)) and found[1] in by_stem and found[2] in _RANKS:
        rank, kind = _RANKS[found[2]]
        return [(subject, kind, rank - len(_NAMES[kind])) for subject in _media(by_stem[found[1]])]
    return []


def _media(ids: Iterable[str]) -> list[Subject]:
    return [("media", id) for id in ids]


def _is_film(folder: Place, name: str) -> bool:
    """Whether a medium is a film that has this folder to itself."""
    named = reading.read([*folder.path.names, name])
    return named.known.get("kind") == MOVIE and named.depths.get(reading.MOVIE) == len(folder.path.names)
