"""What lies beside media: which file is about what, and that it is told once, and again when it changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.rooted.located import place
from connectors.rooted.looking import Seen
from processors.folders.beside import companions, is_companion
from schemas import artwork, described
from schemas.events import ItemChanged, MediaChanged
from tests.unit.processors.scanning import Shelved

SHOW, SEASON = "m/tv/Show (2019)", "m/tv/Show (2019)/Season 01"
FILM, ALBUM, MIXED = "m/films/Film (1999)", "m/music/Artist/Album", "m/films"
EPISODES = ("Show - S01E01.mkv", "Show - S01E02.mkv")
A_FILM = ("Film (1999).mkv",)
SONGS = ("01 - A.flac", "02 - B.flac")
FILMS = ("One (1999).mkv", "Two (2001).mkv")

CASES: list[tuple[str, tuple[str, ...], str, list[tuple[str, str]]]] = [
    (SHOW, (), "tvshow.nfo", [(f"folder/{SHOW}", "nfo")]),
    (SHOW, (), "poster.jpg", [(f"folder/{SHOW}", "poster")]),
    (SHOW, (), "Folder.JPG", [(f"folder/{SHOW}", "poster")]),
    (SHOW, (), "fanart.png", [(f"folder/{SHOW}", "backdrop")]),
    (SHOW, (), "banner.webp", [(f"folder/{SHOW}", "banner")]),
    (SHOW, (), "clearlogo.png", [(f"folder/{SHOW}", "logo")]),
    (SHOW, (), "landscape.jpg", [(f"folder/{SHOW}", "thumb")]),
    (SHOW, (), "season01-poster.jpg", [(f"season/1/{SHOW}", "poster")]),
    (SHOW, (), "season02.tbn", [(f"season/2/{SHOW}", "poster")]),
    (SHOW, (), "season01-fanart.jpg", [(f"season/1/{SHOW}", "backdrop")]),
    (SHOW, (), "season-specials-poster.jpg", [(f"season/0/{SHOW}", "poster")]),
    (SHOW, (), "holiday.jpg", []),
    (SHOW, (), "notes.nfo", []),
    (SEASON, EPISODES, "Show - S01E01.nfo", [("Show - S01E01.mkv", "nfo")]),
    (SEASON, EPISODES, "show - s01e02-thumb.jpg", [("Show - S01E02.mkv", "thumb")]),
    (SEASON, EPISODES, "Show - S01E02.jpg", [("Show - S01E02.mkv", "poster")]),
    (SEASON, EPISODES, "Show - S01E03-thumb.jpg", []),
    (SEASON, EPISODES, "season.nfo", [(f"folder/{SEASON}", "nfo")]),
    (FILM, A_FILM, "movie.nfo", [("Film (1999).mkv", "nfo")]),
    (FILM, A_FILM, "Film.nfo", [("Film (1999).mkv", "nfo")]),
    (FILM, A_FILM, "poster.jpg", [("Film (1999).mkv", "poster"), (f"folder/{FILM}", "poster")]),
    (FILM, A_FILM, "Film (1999)-fanart.jpg", [("Film (1999).mkv", "backdrop")]),
    (ALBUM, SONGS, "cover.jpg", [(f"folder/{ALBUM}", "poster")]),
    (ALBUM, SONGS, "album.nfo", [(f"folder/{ALBUM}", "nfo")]),
    ("m/music/Artist", (), "artist.nfo", [("folder/m/music/Artist", "nfo")]),
    (MIXED, FILMS, "Two (2001)-poster.png", [("Two (2001).mkv", "poster")]),
    (MIXED, FILMS, "Three.nfo", []),
]


@pytest.mark.parametrize(("folder", "media", "file", "about"), CASES)
def test_a_file_is_about_what_its_name_says(
    folder: str, media: tuple[str, ...], file: str, about: list[tuple[str, str]]
) -> None:
    found = companions(place(folder), {name: name for name in media}, [Seen(file, 9, 1, 1)])
    assert sorted((each.subject[1], each.what) for each in found) == sorted(about)


def test_of_several_images_of_one_kind_the_likeliest_is_taken() -> None:
    files = [
        Seen(name, 9, 1, 1) for name in ("cover.jpg", "folder.jpg", "poster.jpg", "Film (1999)-poster.jpg")
    ]
    found = companions(place(FILM), {"Film (1999).mkv": "id"}, files)
    assert {each.subject[0]: each.name for each in found} == {
        "item": "poster.jpg",
        "media": "Film (1999)-poster.jpg",
    }


def test_what_is_too_large_or_called_otherwise_is_none() -> None:
    names = ("a.nfo", "a.JPEG", "a.gif", "a.mkv", "nfo")
    assert [is_companion(Seen(name, 9, 1, 1)) for name in names] == [True, True, False, False, False]
    assert not is_companion(Seen("a.jpg", (20 << 20) + 1, 1, 1))


NFO = "<episodedetails><title>Pilot</title><showtitle>Show</showtitle></episodedetails>"


def told(shelved: Shelved) -> list[tuple[str, str, dict[str, Any]]]:
    """What was told beside media, so far."""
    events = [*shelved.log.of("media.changed"), *shelved.log.of("item.changed")]
    return [(_about(each), each.change, dict(each.values)) for each in events]


def _about(event: MediaChanged | ItemChanged) -> str:
    return event.media_id if isinstance(event, MediaChanged) else event.item


@pytest.fixture
async def shelved(tmp_path: Path) -> Shelved:
    shelved = Shelved(tmp_path)
    shelved.put("Show/S01E01.mkv", "one")
    shelved.put("Show/S01E01.nfo", NFO)
    shelved.put("Show/poster.jpg", "jpeg")
    await shelved.scan()
    return shelved


async def test_an_nfo_file_is_told_by_what_it_says_and_an_image_by_where_it_is(shelved: Shelved) -> None:
    (media,) = shelved.found
    (about, change, values), (item, wanted, images) = told(shelved)
    assert (about, change) == (media.media_id, described.CHANGE)
    assert described.register(1, values)["described"]["place"]["series"] == "Show"
    assert (item, wanted) == ("folder/films/new/Show", artwork.WANTED)
    ((source, kind, one),) = artwork.wanted(images)
    assert (source, kind, one.location.endswith("/films/new/Show/poster.jpg")) == ("found", "poster", True)
    assert one.location.split("/")[2][:32] == one.source


async def test_what_has_not_changed_is_told_once(shelved: Shelved) -> None:
    before = len(told(shelved))
    shelved.put("Show/S01E02.mkv", "two")
    for _ in range(2):
        await shelved.scan()
    assert len(shelved.found) == 2
    assert len(told(shelved)) == before


async def test_what_has_changed_is_told_again_and_what_is_gone_as_gone(shelved: Shelved) -> None:
    shelved.put("Show/S01E01.nfo", NFO.replace("Pilot", "Start"))
    await shelved.scan()
    assert "Start" in newest(shelved, MediaChanged)[2][described.FIELD]
    shelved.path("Show/S01E01.nfo").unlink()
    shelved.path("Show/poster.jpg").unlink()
    await shelved.scan()
    assert newest(shelved, MediaChanged)[2] == {described.FIELD: "null"}
    assert newest(shelved, ItemChanged)[1:] == (artwork.CHANGE, {"found:poster": "null"})


def newest(shelved: Shelved, kind: type[Any]) -> tuple[str, str, dict[str, Any]]:
    event = [each for each in shelved.log.events if isinstance(each, kind)][-1]
    return _about(event), event.change, dict(event.values)


async def test_a_medium_that_comes_after_its_nfo_gets_it(tmp_path: Path) -> None:
    shelved = Shelved(tmp_path)
    shelved.put("a.mkv", "one")
    shelved.put("b.nfo", NFO)
    shelved.put("c.mkv", "three")
    await shelved.scan()
    assert told(shelved) == []
    shelved.put("b.mkv", "two")
    await shelved.scan()
    ((about, _, _),) = told(shelved)
    assert about == shelved.found[-1].media_id


async def test_a_folder_that_vanishes_takes_its_images_along(shelved: Shelved) -> None:
    shelved.put("Other/S01E01.mkv", "another")
    shelved.path("Show").rename(shelved.path("Renamed"))
    await shelved.scan()
    events = [each for each in shelved.log.events if isinstance(each, ItemChanged)]
    said = {(each.item, each.change) for each in events[1:]}
    assert said == {
        ("folder/films/new/Show", artwork.CHANGE),
        ("folder/films/new/Renamed", artwork.WANTED),
    }


async def test_what_is_still_written_to_waits(tmp_path: Path) -> None:
    shelved = Shelved(tmp_path)
    shelved.put("a.mkv", "one")
    shelved.put("poster.jpg", "jp", age_s=1)
    outcome = await shelved.scan()
    assert (told(shelved), len(outcome.writing)) == ([], 1)
    shelved.put("poster.jpg", "jpeg")
    await shelved.scan()
    assert len(told(shelved)) == 1


async def test_images_of_people_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    shelved = Shelved(tmp_path)
    shelved.put("a.mkv", "one")
    shelved.put(".actors/Ada_B.jpg", "jpeg")
    shelved.put(".actors/notes.txt", "no image")
    await shelved.scan()
    ((item, change, values),) = told(shelved)
    assert (item, change) == (f"person/{described.person_id('Ada B')}", artwork.WANTED)
    ((_, kind, wanted),) = artwork.wanted(values)
    assert (kind, wanted.location.endswith("/films/new/.actors/Ada_B.jpg")) == ("photo", True)
    shelved.path(".actors/Ada_B.jpg").unlink()
    await shelved.scan()
    assert told(shelved)[-1] == (item, artwork.CHANGE, {"found:photo": "null"})


async def test_no_link_among_them_is_followed(tmp_path: Path) -> None:
    shelved = Shelved(tmp_path)
    secret = tmp_path / "secret.jpg"
    secret.write_text("jpeg")
    shelved.put("a.mkv", "one")
    shelved.path(".actors").mkdir()
    shelved.path(".actors/Ada.jpg").symlink_to(secret)
    shelved.path("poster.jpg").symlink_to(secret)
    await shelved.scan()
    assert told(shelved) == []


async def test_what_is_ignored_tells_nothing(tmp_path: Path) -> None:
    shelved = Shelved(tmp_path)
    shelved.put("a.mkv", "one")
    shelved.put("poster.jpg", "jpeg")
    shelved.put(".sluiceignore", "*.jpg\n")
    await shelved.scan()
    assert told(shelved) == []
