"""Libraries of other systems, made when tests run: both of Jellyfin's schemas, as far as they are read, and
the older transcoder's folders.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

ITEMS = "MediaBrowser.Controller.Entities."
ADA, BOB, GONE = (uuid.UUID(int=0xADA00 + n) for n in range(3))
ALIEN, ALIEN_4K, PILOT, SONG, SHOW, BOX, VIRTUAL = (uuid.UUID(int=0x1000 + n) for n in range(7))
_TICKS = 10_000

Row = Mapping[str, Any]


def _table(name: str, **columns: str) -> str:
    return f"create table {name} ({', '.join(f'{column} {kind}' for column, kind in columns.items())})"


_TEXTS = ("type", "Path", "Name", "Overview", "Genres", "Tags", "Studios", "SeriesName", "Album", "Artists")
_MORE_TEXTS = ("AlbumArtists", "PrimaryVersionId", "OfficialRating", "OriginalTitle", "Tagline")
_SAID = {
    **dict.fromkeys((*_TEXTS, *_MORE_TEXTS), "text"),
    **dict.fromkeys(("ProductionYear", "IndexNumber", "ParentIndexNumber", "Size"), "integer"),
    **dict.fromkeys(("CommunityRating", "CriticRating"), "real"),
    **dict.fromkeys(("IsFolder", "IsVirtualItem"), "bit"),
    "PremiereDate": "datetime",
    "data": "blob",
}
_STATE = {
    **dict.fromkeys(("played", "isFavorite"), "bit"),
    **dict.fromkeys(("playCount", "playbackPositionTicks"), "integer"),
    "lastPlayedDate": "datetime",
}
_STREAM = {"StreamIndex": "integer", "Language": "text", "IsExternal": "bit"}
_OLD = (
    _table(
        "TypedBaseItems",
        guid="guid primary key",
        SeriesId="guid",
        ExtraType="text",
        UserDataKey="text",
        ProviderIds="text",
        Images="text",
        **_SAID,
    ),
    _table("mediastreams", ItemId="guid", StreamType="text", **_STREAM),
    _table("People", ItemId="guid", Name="text", Role="text", PersonType="text", ListOrder="integer"),
    _table("UserDatas", key="nvarchar", userId="integer", **_STATE),
)
_ACCOUNTS = (
    _table("Users", Id="text primary key", Username="text", InternalId="integer", Password="text"),
    _table("Permissions", Id="integer primary key", UserId="text", Kind="integer", Value="integer"),
)
_NEW = (
    _table("BaseItems", Id="text primary key", SeriesId="text", ExtraType="integer", **_SAID),
    _table("MediaStreamInfos", ItemId="text", StreamType="integer", **_STREAM),
    _table("BaseItemImageInfos", Id="text", ItemId="text", ImageType="integer", Path="text"),
    _table("BaseItemProviders", ItemId="text", ProviderId="text", ProviderValue="text"),
    _table("Peoples", Id="text", Name="text", PersonType="text"),
    _table("PeopleBaseItemMap", ItemId="text", PeopleId="text", Role="text", ListOrder="integer"),
    _table("UserData", ItemId="text", UserId="text", CustomDataKey="text", **_STATE),
    *_ACCOUNTS,
)


@dataclass(frozen=True)
class Library:
    """What is to be in one. Files are where the old server saw them, below `top`."""

    top: str = "/media/films"
    alien: str = "Alien (1979)/Alien.mkv"
    alien_4k: str | None = None
    pilot: str = "Show/Season 1/Show S01E02.mkv"
    song: str = "Song.flac"
    sizes: Mapping[str, int] = field(default_factory=dict)
    pictures: Mapping[str, str] = field(default_factory=dict)
    """Of the film, and of the series."""
    people: Mapping[uuid.UUID, str] = field(
        default_factory=lambda: {ADA: "Ada Lovelace", BOB: "Bob Brown", GONE: "Old Guest"}
    )
    """By id; the first is an administrator, and the last is disabled."""
    more: tuple[Row, ...] = ()
    """More items, as rows."""

    def path(self, name: str) -> str:
        return f"{self.top}/{name}"


def classic(folder: Path, library: Library | None = None) -> Path:
    """A `library.db` of up to 10.10, with its accounts in `jellyfin.db` beside it."""
    has = library or Library()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "library.db"
    with closing(sqlite3.connect(file)) as db, db:
        _make(db, _OLD)
        for row in _items(has):
            said = {("guid" if name == "id" else name): _old(value) for name, value in row.items()}
            images = "|".join(f"{path}*638000000000000000*{kind}" for kind, path in has.pictures.items())
            known = _KEYED.get(row["id"], {})
            said |= {name: value for name, value in known.items() if value}
            said |= {"Images": images} if row["id"] in (ALIEN, SHOW) and images else {}
            _insert(db, "TypedBaseItems", said)
        for id, kind, language in _STREAMS:
            number = _next(db, "mediastreams")
            words = {"StreamType": kind, "Language": language, "IsExternal": 0, "StreamIndex": number}
            _insert(db, "mediastreams", {"ItemId": id.bytes_le, **words})
        played = {"Name": "Sigourney Weaver", "Role": "Ripley", "ListOrder": 0}
        _insert(db, "People", {"ItemId": ALIEN.bytes_le, **played})
        for key, number, said in _OLD_STATES:
            _insert(db, "UserDatas", {"key": key, "userId": number, **said})
    with closing(sqlite3.connect(folder / "jellyfin.db")) as db, db:
        _make(db, _ACCOUNTS)
        _accounts(db, has)
    return file


def newer(folder: Path, library: Library | None = None) -> Path:
    """A `jellyfin.db` of 10.11, with everything in it."""
    has = library or Library()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "jellyfin.db"
    with closing(sqlite3.connect(file)) as db, db:
        _make(db, _NEW)
        for row in _items(has):
            said = {("Id" if name == "id" else name): _new(value) for name, value in row.items()}
            _insert(db, "BaseItems", said)
        for id, kind, language in _STREAMS:
            number = {"Audio": 0, "Video": 1, "Subtitle": 2, "EmbeddedImage": 3}[kind]
            words = {"StreamType": number, "Language": language, "IsExternal": 0, "StreamIndex": 0}
            _insert(db, "MediaStreamInfos", {"ItemId": _new(id), **words})
        for kind, path in has.pictures.items():
            for id in (ALIEN, SHOW):
                number = {"Primary": 0, "Backdrop": 2}[kind]
                said = {"Id": str(uuid.uuid4()), "ItemId": _new(id), "ImageType": number, "Path": path}
                _insert(db, "BaseItemImageInfos", said)
        provided = {"ItemId": _new(ALIEN), "ProviderId": "Imdb", "ProviderValue": "tt0078748"}
        _insert(db, "BaseItemProviders", provided)
        _insert(db, "Peoples", {"Id": _new(BOX), "Name": "Sigourney Weaver", "PersonType": "Actor"})
        mapped = {"ItemId": _new(ALIEN), "PeopleId": _new(BOX), "Role": "Ripley", "ListOrder": 0}
        _insert(db, "PeopleBaseItemMap", mapped)
        for item, person, said in _NEW_STATES:
            whose = {"ItemId": _new(item), "UserId": _new(person), "CustomDataKey": str(item)}
            _insert(db, "UserData", whose | said)
        _accounts(db, has)
    return file


def transcoder(folder: Path, uploads: Mapping[str, bytes], results: Mapping[str, bytes]) -> Path:
    """The older transcoder's layout, by path below each of its areas, and a list of its jobs."""
    for area, files in (("raw", uploads), ("processed", results)):
        for name, content in files.items():
            file = folder / area / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    jobs = {"jobs": [{"job_id": "job-9", "input": "raw/ada/holiday.mp4", "format": "webm"}]}
    (folder / "jobs.json").write_bytes(orjson.dumps(jobs))
    return folder


def _items(has: Library) -> list[dict[str, Any]]:
    film: dict[str, Any] = {
        "Overview": "In space no one can hear you.",
        "PremiereDate": "1979-05-25 00:00:00Z",
    }
    film |= {"ProductionYear": 1979, "CommunityRating": 8.5, "Genres": "Horror|Sci-Fi", "Tags": "classic"}
    film |= {"OfficialRating": "R", "Studios": "20th Century Fox", "Tagline": "In space…"}
    part: dict[str, Any] = {"SeriesName": "Show", "SeriesId": SHOW, "ParentIndexNumber": 1, "IndexNumber": 2}
    track: dict[str, Any] = {
        "Album": "Songs",
        "Artists": "Ella|Louis",
        "AlbumArtists": "Ella",
        "IndexNumber": 7,
    }
    rows = [
        {"id": ALIEN, "type": "Movies.Movie", "Name": "Alien", "Path": has.path(has.alien), **film},
        {"id": PILOT, "type": "TV.Episode", "Name": "Second", "Path": has.path(has.pilot), **part},
        {"id": SONG, "type": "Audio.Audio", "Name": "Summertime", "Path": has.path(has.song), **track},
        {"id": SHOW, "type": "TV.Series", "Name": "Show", "ProductionYear": 2019, "IsFolder": 1},
        {"id": BOX, "type": "Movies.BoxSet", "Name": "All of them", "IsFolder": 1},
        {"id": VIRTUAL, "type": "TV.Episode", "Name": "Not there", "IsVirtualItem": 1, **part},
    ]
    if has.alien_4k:
        more = {"Name": "Alien", "Path": has.path(has.alien_4k), "PrimaryVersionId": ALIEN.hex}
        rows.append({"id": ALIEN_4K, "type": "Movies.Movie", **more})
    for row in rows:
        row["type"] = ITEMS + str(row["type"])
        row["Size"] = has.sizes.get(str(row.get("Path")))
    return [*rows, *map(dict, has.more)]


_KEYED: Mapping[uuid.UUID, Row] = {
    ALIEN: {"UserDataKey": "348", "ProviderIds": "Imdb=tt0078748|Tmdb=348"},
    ALIEN_4K: {"UserDataKey": "348", "ProviderIds": "Imdb=tt0078748|Tmdb=348"},
    SHOW: {"UserDataKey": "81189", "ProviderIds": "Tvdb=81189"},
    PILOT: {"UserDataKey": "81189001002"},
    SONG: {"UserDataKey": "Ella-Songs-0007Summertime"},
}
_STREAMS = (
    (ALIEN, "Video", None),
    (ALIEN, "Audio", "eng"),
    (ALIEN, "EmbeddedImage", None),
    (PILOT, "Video", None),
    (PILOT, "Audio", None),
)


def state(
    *, played: int = 0, plays: int = 0, dear: int = 0, at_ms: int = 0, when: str | None = None
) -> dict[str, Any]:
    """What people did with an item, as a row; SQLite does not tell case apart."""
    return {
        "Played": played,
        "PlayCount": plays,
        "IsFavorite": dear,
        "PlaybackPositionTicks": at_ms * _TICKS,
        "LastPlayedDate": when,
    }


_OLD_STATES = (
    ("348", 1, state(played=1, plays=3, dear=1, when="2019-03-04 05:06:07.8901234Z")),
    ("81189001002", 2, state(at_ms=1500, when="2020-01-02 03:04:05Z")),
    ("Ella-Songs-0007Summertime", 1, state()),
    ("tt9999999", 1, state(played=1)),
    ("348", 77, state(played=1)),
    ("81189", 1, state(dear=1)),
)
_NEW_STATES = (
    (ALIEN, ADA, state(played=1, plays=1, when="2018-01-01 00:00:00")),
    (ALIEN, ADA, state(played=1, plays=3, dear=1, when="2019-03-04 05:06:07.8901234")),
    (PILOT, BOB, state(at_ms=1500, when="2020-01-02 03:04:05")),
    (uuid.UUID(int=1), ADA, state(played=1)),
    (ALIEN, uuid.UUID(int=0xDEAD), state(played=1)),
    (SHOW, ADA, state(dear=1)),
)


def _accounts(db: sqlite3.Connection, has: Library) -> None:
    first, *_, last = has.people
    for number, (id, name) in enumerate(has.people.items(), 1):
        secret = "$PBKDF2-SHA512$iterations=210000$00$00"
        _insert(db, "Users", {"Id": _new(id), "Username": name, "InternalId": number, "Password": secret})
        for kind, value in ((0, id == first), (2, id == last)):
            _insert(db, "Permissions", {"UserId": _new(id), "Kind": kind, "Value": int(value)})


def _old(value: Any) -> Any:
    """Up to 10.10, ids are kept as .NET's bytes."""
    return value.bytes_le if isinstance(value, uuid.UUID) else value


def _new(value: Any) -> Any:
    return str(value).upper() if isinstance(value, uuid.UUID) else value


def _make(db: sqlite3.Connection, statements: Iterable[str]) -> None:
    for statement in statements:
        db.execute(statement)


def _next(db: sqlite3.Connection, table: str) -> int:
    (count,) = db.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


def _insert(db: sqlite3.Connection, table: str, row: Row) -> None:
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))
