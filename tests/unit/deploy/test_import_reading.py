"""What is read of other systems: both of Jellyfin's schemas say the same; rows are not believed."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.local.failures import Failure
from deploy.local.importing import rows, sources
from deploy.local.importing.found import Found, Shelf, Step, Trouble
from tests import earlier_systems as systems
from tests.earlier_systems import ADA, ALIEN, ALIEN_4K, BOB, PILOT, SHOW, SONG, Library, classic, newer

Make = Callable[[Path, Library | None], Path]
BOTH = pytest.mark.parametrize("make", [classic, newer])
WHEN = datetime(2019, 3, 4, 5, 6, 7, 890123, tzinfo=UTC)


def read(path: Path) -> Found:
    return sources.read(str(path), [], None).found


def changed(file: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(file)) as db, db:
        for statement in statements:
            db.execute(statement)
    return file


@BOTH
def test_items_are_what_they_were(make: Make, tmp_path: Path) -> None:
    found = read(make(tmp_path / "data", Library(pictures={"Primary": "%MetadataPath%/alien.jpg"})))
    alien, pilot, song = found.items
    assert [item.id for item in found.items] == [str(ALIEN), str(PILOT), str(SONG)]
    assert (alien.title, alien.released, alien.rating) == ("Alien", "1979-05-25", 8.5)
    assert (alien.genres, alien.tags) == (("Horror", "Sci-Fi"), ("classic",))
    assert alien.fields["imdb id"] == "tt0078748"
    assert alien.fields["people"] == "Sigourney Weaver (Ripley)"
    assert alien.tracks == {"video und": 1, "audio eng": 1}
    assert alien.pictures == {"poster": "%MetadataPath%/alien.jpg"}
    assert found.shelves == [Shelf((Step("series", "Show", 2019),), alien.pictures)]
    assert alien.place == {"kind": "movie", "title": "Alien", "year": 1979}
    numbered = {"series": "Show", "series_year": 2019, "season": 1, "episode": 2}
    assert pilot.place == {"kind": "episode", "title": "Second", **numbered}
    artists = {"artist": "Ella", "album_artist": "Ella", "album": "Songs", "track": 7}
    assert song.place == {"kind": "track", "title": "Summertime", **artists}
    assert found.left == {"BoxSet": 1, "Episode without a file": 1, "state of a Series": 1}


@BOTH
def test_people_are_who_they_were(make: Make, tmp_path: Path) -> None:
    people = read(make(tmp_path / "data", None)).people
    said = [(each.name, each.is_admin, each.is_disabled) for each in people]
    assert said == [("Ada Lovelace", True, False), ("Bob Brown", False, False), ("Old Guest", False, True)]


@BOTH
def test_states_are_of_the_latest_word_and_what_is_lost_is_told(make: Make, tmp_path: Path) -> None:
    found = read(make(tmp_path / "data", None))
    hers, his = found.watched
    assert (hers.person, hers.item, hers.plays, hers.favourite, hers.at) == (
        str(ADA),
        str(ALIEN),
        3,
        True,
        WHEN,
    )
    assert (his.person, his.item, his.position_ms, his.plays) == (str(BOB), str(PILOT), 1500, 0)
    assert {trouble.why for trouble in found.troubles} == {
        "they are of an item that is not there",
        "they are of an account that is not there",
    }


def test_a_time_that_stands_for_none_is_none(tmp_path: Path) -> None:
    file = changed(classic(tmp_path / "data"), "UPDATE UserDatas SET lastPlayedDate = '0001-01-01 00:00:00Z'")
    assert [said.at for said in read(file).watched] == [None, None]


def test_files_of_one_work_share_what_was_played(tmp_path: Path) -> None:
    found = read(classic(tmp_path / "data", Library(alien_4k="Alien 4k.mkv")))
    assert {said.item for said in found.watched if said.plays == 3} == {str(ALIEN), str(ALIEN_4K)}
    assert next(item for item in found.items if item.id == str(ALIEN_4K)).version_of == str(ALIEN)


@pytest.mark.parametrize(
    ("key", "item"),
    [("tt0078748", ALIEN), (str(ALIEN), ALIEN), (ALIEN.hex.upper(), ALIEN), (f"{SHOW}001002", None)],
)
def test_states_are_found_by_each_key_that_a_work_has(tmp_path: Path, key: str, item: Any) -> None:
    file = changed(
        classic(tmp_path / "data"), f"UPDATE UserDatas SET key = '{key}' WHERE played AND userId = 1"
    )
    watched = {said.item for said in read(file).watched if said.plays}
    assert watched == ({str(item)} if item else set())


def test_accounts_of_the_oldest_are_read_too(tmp_path: Path) -> None:
    file = classic(tmp_path / "data")
    (file.parent / "jellyfin.db").unlink()
    with closing(sqlite3.connect(file.parent / "users.db")) as db, db:
        db.execute("create table LocalUsersv2 (Id INTEGER PRIMARY KEY, guid GUID, data BLOB)")
        db.execute("INSERT INTO LocalUsersv2 VALUES (1, ?, ?)", (ADA.bytes_le, b'{"Name": "Ada Lovelace"}'))
        db.execute("INSERT INTO LocalUsersv2 VALUES (2, ?, ?)", (BOB.bytes_le, b"not json"))
    found = read(file)
    assert [person.name for person in found.people] == ["Ada Lovelace"]
    assert [said.plays for said in found.watched] == [3]
    assert Trouble("an account", "it has no id, or no name") in found.troubles


HOSTILE: list[dict[str, Any]] = [
    {"id": b"\0" * 3, "type": "x.Movie", "Path": "/media/films/a.mkv"},
    {"id": None, "type": "x.Movie", "Path": "/media/films/a.mkv"},
    {"id": b"\1" * 16, "type": "x.Movie", "Path": None, "Name": "No path"},
    {"id": b"\2" * 16, "type": b"\xff\xfe", "Path": b"\xff"},
    {
        "id": b"\3" * 16,
        "type": "x.Movie",
        "Path": "/media/films/odd.mkv",
        "Name": "A\x1b[31m\nfilm" + "x" * 999,
        "PremiereDate": "yesterday",
        "ProductionYear": -5,
        "CommunityRating": 1e308,
        "Genres": "|" * 50 + "One|One|" + "|".join(map(str, range(99))),
        "Size": "large",
    },
]


def test_rows_that_make_no_sense_are_passed_over_and_told_of(tmp_path: Path) -> None:
    found = read(classic(tmp_path / "data", Library(more=tuple(HOSTILE))))
    assert {trouble.why for trouble in found.troubles} >= {"it has no id", "it has no path"}
    (odd,) = [item for item in found.items if item.path.endswith("odd.mkv")]
    assert odd.title is not None
    assert (odd.title[:12], len(odd.title)) == ("A [31m film" + "x", 200)
    assert (odd.released, odd.rating, odd.size_bytes) == (None, None, None)
    assert (odd.genres[0], len(odd.genres)) == ("One", 20)


def test_a_damaged_file_is_told_and_a_whole_one_stays_untouched(tmp_path: Path) -> None:
    file = classic(tmp_path / "data")
    before = (file.read_bytes(), sorted(os.listdir(file.parent)))
    read(file)
    assert (file.read_bytes(), sorted(os.listdir(file.parent))) == before
    file.write_bytes(before[0][:4096] + b"\xde\xad" * 2048 + before[0][8192:])
    with pytest.raises(Failure, match="is damaged"):
        read(file)


def test_what_a_running_server_has_not_put_in_its_place_yet_is_read(tmp_path: Path) -> None:
    file = newer(tmp_path / "data")
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("UPDATE BaseItems SET Name = 'Later' WHERE Name = 'Alien'")
        db.commit()
        there = sorted(os.listdir(file.parent))
        assert read(file).items[0].title == "Later"
        assert sorted(os.listdir(file.parent)) == there


def test_a_view_in_a_tables_place_is_no_library(tmp_path: Path) -> None:
    file = tmp_path / "library.db"
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS guid FROM n"
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(f"CREATE VIEW TypedBaseItems AS {endless}")
    with pytest.raises(Failure, match="no library that is known here"):
        read(file)


def test_a_virtual_table_is_none(tmp_path: Path) -> None:
    file = tmp_path / "library.db"
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("CREATE VIRTUAL TABLE TypedBaseItems USING fts5(guid, type, Path)")
    with pytest.raises(Failure, match="no library that is known here"):
        read(file)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("library.db", b"hello", "no SQLite database"),
        ("empty.db", b"", "no SQLite database"),
        ("short.db", b"SQLite format 3\x00" + b"\xff" * 100, "is damaged"),
    ],
)
def test_what_is_no_library_is_refused(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Failure, match=said):
        read(tmp_path / name)
    with pytest.raises(Failure, match=r"nothing in .* can be taken over|no SQLite|is damaged"):
        read(tmp_path)


def test_a_folder_or_the_file_of_accounts_leads_to_the_library(tmp_path: Path) -> None:
    file = classic(tmp_path / "data")
    for path in (file.parent, file.parent / "jellyfin.db"):
        assert len(read(path).items) == 3
    with pytest.raises(Failure, match="is not there"):
        read(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("2020-01-02 03:04:05.1234567Z", datetime(2020, 1, 2, 3, 4, 5, 123456, UTC)),
        ("2020-01-02 03:04:05", datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC)),
        ("0001-01-01 00:00:00+14:00", None),
        (12, None),
    ],
)
def test_moments(said: Any, found: datetime | None) -> None:
    assert rows.moment(said) == found


def test_the_transcoders_results_are_told_apart_by_job_by_list_and_by_name(tmp_path: Path) -> None:
    raw = dict.fromkeys(("ada/holiday.mp4", "job-2/a.mp4", "job-2/b.mp4", "c.mp4", "d/e.mp4"), b"1")
    made = dict.fromkeys(("job-9/x.webm", "job-2/a.webm", "job-2/q.webm", "c.webm", "d/f.webm"), b"22")
    folder = systems.transcoder(tmp_path, {**raw, "job-2/empty.mp4": b""}, made)
    (folder / "notes.txt").write_text("mine")
    found = read(folder)
    sources_of = {item.path: (item.made_of or "").partition("#")[0] for item in found.items}
    assert {path: source for path, source in sources_of.items() if path.startswith("processed/")} == {
        "processed/job-9/x.webm": "raw/ada/holiday.mp4",
        "processed/job-2/a.webm": "raw/job-2/a.mp4",
        "processed/job-2/q.webm": "",
        "processed/c.webm": "raw/c.mp4",
        "processed/d/f.webm": "raw/d/e.mp4",
    }
    assert [trouble.what for trouble in found.troubles] == ["raw/job-2/empty.mp4", "processed/job-2/q.webm"]
    assert found.left == {"file of neither raw/ nor processed/": 1}


@pytest.mark.parametrize("jobs", [b"[", b'"x"', b"[1]", b'{"jobs": 7}'])
def test_a_list_of_jobs_that_is_none_is_passed_over(tmp_path: Path, jobs: bytes) -> None:
    folder = systems.transcoder(tmp_path, {"a.mp4": b"1"}, {})
    (folder / "jobs.json").write_bytes(jobs)
    assert len(read(folder).items) == 1


@BOTH
def test_collections_are_tags_of_what_is_in_them(tmp_path: Path, make: Make) -> None:
    linked = [{"Path": "/media/films/Alien (1979)/Alien.mkv"}, {"ItemId": SONG.hex}, {"Path": "/no"}, 7]
    box = {"type": f"{systems.ITEMS}Movies.BoxSet", "IsFolder": 1}
    full = orjson.dumps({"LinkedChildren": linked})
    more = [
        {**box, "id": uuid.uuid4(), "Name": name, "data": data}
        for name, data in (("My Set", full), ("Odd", b"{"))
    ]
    found = read(make(tmp_path / "data", Library(more=tuple(more))))
    tags = {item.id: item.tags for item in found.items}
    assert (tags[str(ALIEN)], tags[str(SONG)]) == (("classic", "My Set"), ("My Set",))
    assert found.left["BoxSet"] == 2


def test_what_media_belong_to_keeps_its_pictures_and_people_their_photos(tmp_path: Path) -> None:
    said = {"SeriesName": "Show", "SeriesId": SHOW, "AlbumArtists": "Ella", "IsFolder": 1, "IndexNumber": 1}
    pictured = {**said, "Images": "/p.jpg*0*Primary"}
    kinds = ("Season", "MusicArtist", "MusicAlbum", "Person", "Studio")
    more = [
        {**pictured, "id": uuid.uuid4(), "type": f"{systems.ITEMS}X.{kind}", "Name": kind} for kind in kinds
    ]
    found = read(classic(tmp_path / "data", Library(more=tuple(more))))
    show, ella = Step("series", "Show", 2019), Step("artist", "Ella")
    assert [shelf.way for shelf in found.shelves] == [
        (show, Step("season", "Season", number=1)),
        (Step("artist", "MusicArtist"),),
        (ella, Step("album", "MusicAlbum")),
    ]
    assert found.photos == {"Person": "/p.jpg"}
    assert found.left["picture of a Studio"] == 1
