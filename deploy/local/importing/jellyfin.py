"""What a Jellyfin kept: its library of up to 10.10 (`library.db`), and of 10.11 and later (`jellyfin.db`).

Both have nearly the same columns. Accounts are in `jellyfin.db` too, before 10.7 in `users.db`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.local.importing import jellyfin_people, jellyfin_watched
from deploy.local.importing.found import Found, Item, Shelf, Trouble
from deploy.local.importing.jellyfin_collections import collections, name_of
from deploy.local.importing.jellyfin_titles import MOST_TAGS, Titles, kind_of, said_of, way_to
from deploy.local.importing.rows import Row, Tables, flag, id_of, line, opened, text, whole

SYSTEM = "jellyfin"
OLD, NEW = "library.db", "jellyfin.db"
_ITEMS, _NEW_ITEMS = "TypedBaseItems", "BaseItems"
_COLUMNS = (
    *("guid", "Id", "type", "Path", "Name", "Overview", "PremiereDate", "ProductionYear", "CommunityRating"),
    *("Genres", "Tags", "IndexNumber", "ParentIndexNumber", "SeriesName", "SeriesId", "Album", "Artists"),
    *("AlbumArtists", "Size", "IsFolder", "IsVirtualItem", "ExtraType", "PrimaryVersionId", "UserDataKey"),
    *("ProviderIds", "Images", "OfficialRating", "CriticRating", "OriginalTitle", "Tagline", "Studios"),
    "data",
)
_TEXT_STREAMS = {kind: kind for kind in ("video", "audio", "subtitle")}
_STREAM_KINDS: Mapping[Any, str] = {**_TEXT_STREAMS, 0: "audio", 1: "video", 2: "subtitle"}
"""Once written as words, now as numbers; pictures in a file and data are no streams to compare."""
_SAME_NAME = {kind: kind for kind in ("backdrop", "banner", "logo", "thumb")}
_PICTURE_KINDS: Mapping[Any, str] = {
    **_SAME_NAME,
    **{"primary": "poster", 0: "poster", 2: "backdrop", 3: "banner", 4: "logo", 5: "thumb"},
}
_MOST_PATH = 4096


def is_library(tables: Tables) -> bool:
    """Whether these are the tables of a library of either kind."""
    return tables.has(_ITEMS) or tables.has(_NEW_ITEMS)


@dataclass(slots=True)
class Beside:
    """What other tables have of items, by their ids."""

    tracks: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pictures: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    providers: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    people: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    collections: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))


def read(file: Path) -> Found:
    """All that a library has, with the accounts that are kept in it or beside it. Raises Failure."""
    found = Found(system=SYSTEM)
    with ExitStack() as held:
        tables = held.enter_context(opened(file))
        accounts = [tables] if tables.has("Users") else [held.enter_context(each) for each in _beside(file)]
        rows = {id: row for row in _rows(tables, found) if (id := _id(row))}
        beside = _besides(tables)
        beside.collections = collections(rows)
        _read_items(rows, beside, found)
        numbers = jellyfin_people.read(accounts, found)
        jellyfin_watched.read(tables, rows, numbers, found)
        _count_left(tables, found)
    return found


_NO_PLACE = {
    "Chapters2": "chapter",
    "Chapters": "chapter",
    "MediaSegments": "segment to skip",
    "TrickplayInfos": "set of thumbnails",
    "ApiKeys": "key of an application",
}


def _count_left(tables: Tables, found: Found) -> None:
    """What has a table of its own, and no place here."""
    for table, what in _NO_PLACE.items():
        if count := sum(1 for _ in tables.rows(table, "ItemId", "Id")):
            found.left[what] += count
    for row in (*tables.rows("UserDatas", "rating"), *tables.rows("UserData", "Rating")):
        found.left["rating of one's own"] += any(value is not None for value in row.values())
    for row in (*tables.rows("mediastreams", "IsExternal"), *tables.rows("MediaStreamInfos", "IsExternal")):
        found.left["subtitle file beside a film"] += flag(row["IsExternal"])
    found.left = +found.left


def _beside(file: Path) -> list[Any]:
    names = (file.with_name(name) for name in (NEW, "users.db"))
    return [opened(each) for each in names if each.is_file() and each != file]


def _id(row: Row) -> str | None:
    return id_of(row.get("guid", row.get("Id")))


def _rows(tables: Tables, found: Found) -> Iterator[Row]:
    """The rows of all items; those without an id are told of."""
    for row in tables.rows(_ITEMS if tables.has(_ITEMS) else _NEW_ITEMS, *_COLUMNS):
        if _id(row) is None:
            found.troubles.append(Trouble(line(row.get("Name"), 200) or "an item", "it has no id"))
            continue
        yield row


def _besides(tables: Tables) -> Beside:
    beside = Beside()
    for table in ("mediastreams", "MediaStreamInfos"):
        for row in tables.rows(table, "ItemId", "StreamType", "Language", "IsExternal"):
            _add_track(beside, row)
    for row in tables.rows("BaseItemImageInfos", "ItemId", "ImageType", "Path"):
        _add_picture(beside.pictures[id_of(row.get("ItemId")) or ""], row.get("ImageType"), row.get("Path"))
    for row in tables.rows("BaseItemProviders", "ItemId", "ProviderId", "ProviderValue"):
        name, value = line(row.get("ProviderId"), 64), line(row.get("ProviderValue"), 200)
        if name and value:
            beside.providers[id_of(row.get("ItemId")) or ""][name] = value
    for id, name in _people(tables):
        beside.people[id].append(name)
    return beside


def _add_track(beside: Beside, row: Row) -> None:
    """Streams in files of their own are no streams of the item's file."""
    said = row.get("StreamType")
    kind = _STREAM_KINDS.get(said.casefold() if isinstance(said, str) else said)
    id = id_of(row.get("ItemId"))
    if kind and id and not flag(row.get("IsExternal")):
        beside.tracks[id][f"{kind} {line(row.get('Language'), 20) or 'und'}"] += 1


def _add_picture(pictures: dict[str, str], kind: Any, path: Any) -> None:
    """The first of each kind; there may be several backdrops."""
    named = _PICTURE_KINDS.get(kind.casefold() if isinstance(kind, str) else kind)
    where = text(path, _MOST_PATH)
    if named and where:
        pictures.setdefault(named, where)


def _people(tables: Tables) -> Iterator[tuple[str, str]]:
    """Who has to do with which item, in the order that they are named in."""
    names = {id_of(row.get("Id")): row.get("Name") for row in tables.rows("Peoples", "Id", "Name")}
    maps = tables.rows("PeopleBaseItemMap", "ItemId", "PeopleId", "Role", "ListOrder")
    rows = [{**row, "Name": names.get(id_of(row.get("PeopleId")))} for row in maps]
    rows += [dict(row) for row in tables.rows("People", "ItemId", "Name", "Role", "ListOrder")]
    for row in sorted(rows, key=lambda each: whole(each.get("ListOrder")) or 0):
        id, name, role = id_of(row.get("ItemId")), line(row.get("Name"), 100), line(row.get("Role"), 100)
        if id and name:
            yield id, f"{name} ({role})" if role else name


def _read_items(rows: Mapping[str, Row], beside: Beside, found: Found) -> None:
    titles = Titles({id: row for id, row in rows.items() if kind_of(row) == "Series"})
    taken = {name for names in beside.collections.values() for name in names}
    for id, row in rows.items():
        kind, path = kind_of(row), text(row.get("Path"), _MOST_PATH)
        if not _is_file(row):
            if name_of(row) not in taken:
                _leave(kind, row, found)
            _picture(kind, row, _pictures(id, row, beside), titles, found)
        elif path is None:
            found.troubles.append(Trouble(line(row.get("Name"), 200) or id, "it has no path"))
        else:
            found.items.append(_item(id, kind, path, row, beside, titles))


_FILES = frozenset({"Movie", "Episode", "Video", "MusicVideo", "Trailer", "Audio", "AudioBook"})
_ELSEWHERE = frozenset(
    {
        *("Folder", "AggregateFolder", "UserRootFolder", "CollectionFolder", "BasePluginFolder", "UserView"),
        *("Series", "Season", "MusicAlbum", "MusicArtist", "Person", "Genre", "MusicGenre", "Studio", "Year"),
    }
)
"""What items themselves say, or what is made anew of them here."""


def _is_file(row: Row) -> bool:
    return kind_of(row) in _FILES and not flag(row.get("IsVirtualItem")) and not flag(row.get("IsFolder"))


def _leave(kind: str, row: Row, found: Found) -> None:
    if flag(row.get("IsVirtualItem")) or (kind in _FILES and flag(row.get("IsFolder"))):
        found.left[f"{kind} without a file"] += 1
    elif kind not in _ELSEWHERE:
        found.left[kind] += 1


def _picture(kind: str, row: Row, pictures: Mapping[str, str], titles: Titles, found: Found) -> None:
    """What is no file may have pictures too: what media belong to keeps them, and people their photos."""
    name, way = line(row.get("Name"), 200), way_to(kind, row, titles)
    if pictures and way:
        found.shelves.append(Shelf(way, pictures))
    elif kind == "Person" and name and "poster" in pictures:
        found.photos.setdefault(name, pictures["poster"])
    elif pictures:
        found.left[f"picture of a {kind}"] += len(pictures)


def _pictures(id: str, row: Row, beside: Beside) -> dict[str, str]:
    pictures = dict(beside.pictures.get(id, {}))
    for part in (text(row.get("Images")) or "").split("|"):
        where, _, rest = part.partition("*")
        _add_picture(pictures, [*rest.split("*"), ""][1], where)
    return pictures


def _item(id: str, kind: str, path: str, row: Row, beside: Beside, titles: Titles) -> Item:
    version_of = id_of(row.get("PrimaryVersionId"))
    said = said_of(kind, row, titles, beside.providers.get(id, {}), beside.people.get(id, []))
    tags = tuple(dict.fromkeys([*said["tags"], *beside.collections.get(id, ())]))[:MOST_TAGS]
    return Item(
        id=id,
        kind=kind,
        path=path,
        size_bytes=whole(row.get("Size"), 1),
        tracks=beside.tracks.get(id, Counter()),
        pictures=_pictures(id, row, beside),
        version_of=version_of if version_of != id else None,
        **(said | {"tags": tags}),
    )
