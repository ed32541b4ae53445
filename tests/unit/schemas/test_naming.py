"""Names as people and programs give them, and the place that each tells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.naming.reading import ALBUM, ARTIST, MOVIE, OWNER, SEASON, SERIES, read


def ep(series: str, season: int, episode: int, **more: Any) -> dict[str, Any]:
    return {"kind": "episode", "series": series, "season": season, "episode": episode, **more}


def day(series: str, air_date: str, **more: Any) -> dict[str, Any]:
    return {"kind": "episode", "series": series, "air_date": air_date, "season": int(air_date[:4]), **more}


def film(title: str, year: int | None = None) -> dict[str, Any]:
    return {"kind": "movie", "title": title, **({"year": year} if year else {})}


def song(album: str, track: int | None, title: str, artist: str | None = None, **more: Any) -> dict[str, Any]:
    known = {"kind": "track", "album": album, "title": title, "track": track, "album_artist": artist}
    return {name: value for name, value in {**known, **more}.items() if value is not None}


def extra(title: str) -> dict[str, Any]:
    return {"kind": "extra", "title": title}


OTHER: dict[str, Any] = {}

NAMES: dict[str, dict[str, Any]] = {
    # episodes, numbered by season
    "Show (2019)/Season 01/Show - S01E02 - Title.mkv": ep("Show", 1, 2, series_year=2019, title="Title"),
    "Show (2019)/Season 01/Show (2019) - S01E02.mkv": ep("Show", 1, 2, series_year=2019),
    "series/Show/Season 1/S01E02.mkv": ep("Show", 1, 2),
    "Show/S01E01-E02.mkv": ep("Show", 1, 1, episode_end=2),
    "Show/Show S01E01E02.mkv": ep("Show", 1, 1, episode_end=2),
    "Show/Show S01E01E02E03.mkv": ep("Show", 1, 1, episode_end=3),
    "Show/Show S01E01-02.mkv": ep("Show", 1, 1, episode_end=2),
    "Show/Show S01E01+E02 - Both.mkv": ep("Show", 1, 1, episode_end=2, title="Both"),
    "Show/Show S01E01-S01E03.mkv": ep("Show", 1, 1, episode_end=3),
    "Show/Show S01E01-720p.mkv": ep("Show", 1, 1),
    "Show.S02E10.1080p.WEB-DL.DDP5.1.H.264-GROUP.mkv": ep("Show", 2, 10),
    "Show.Name.S02E10.The.Title.1080p.BluRay.x264-GROUP.mkv": ep("Show Name", 2, 10, title="The Title"),
    "Show.Name.2019.S01E03.mkv": ep("Show Name", 1, 3, series_year=2019),
    "show_name_s01e03_title.avi": ep("show name", 1, 3, title="title"),
    "Show.S01.1080p.WEB-GROUP/Show.S01E04.1080p.WEB-GROUP.mkv": ep("Show", 1, 4),
    "tv/Show Name Season 2/Show Name - 2x05 - Foo.mkv": ep("Show Name", 2, 5, title="Foo"),
    "Show/1x02.avi": ep("Show", 1, 2),
    "Show - 1x02-03 - Two.avi": ep("Show", 1, 2, episode_end=3, title="Two"),
    "Show/Show.1x02x03.avi": ep("Show", 1, 2, episode_end=3),
    "Show/S1E2 Foo.mp4": ep("Show", 1, 2, title="Foo"),
    "Show/s01.e02.mp4": ep("Show", 1, 2),
    "Show/Show S01 E02.mp4": ep("Show", 1, 2),
    "Show S2019E07.mp4": ep("Show", 2019, 7),
    "Show/Season 0/Show S00E01 Making of.mkv": ep("Show", 0, 1, title="Making of"),
    "Show/Specials/Show S00E02.mkv": ep("Show", 0, 2),
    "Show/Specials/01 - Christmas.mkv": ep("Show", 0, 1, title="Christmas"),
    "Show/Season 01/02 - Title.mkv": ep("Show", 1, 2, title="Title"),
    "Show/Season 01/02.mkv": ep("Show", 1, 2),
    "Show/Season 1/Episode 3 - Foo.mkv": ep("Show", 1, 3, title="Foo"),
    "Show/Season 1/E04.mkv": ep("Show", 1, 4),
    "Show/Season 3/312 - Foo.mkv": ep("Show", 3, 12, title="Foo"),
    "Show/S03/05.mkv": ep("Show", 3, 5),
    "Show/Staffel 2/Folge 3.mkv": ep("Show", 2, 3),
    "Serien/Show/Staffel 02/Show - Staffel 2 Folge 3.mkv": ep("Show", 2, 3),
    "Show/Saison 1/Show - 04.mkv": ep("Show", 1, 4),
    "Season 1 Episode 7.mp4": OTHER,
    "Show Season 1 Episode 7.mp4": ep("Show", 1, 7),
    "Die Serie - S01E01 - Anfang & Ende.mkv": ep("Die Serie", 1, 1, title="Anfang & Ende"),
    "Сериал (2010)/Сезон/Сериал S01E01.mkv": ep("Сериал", 1, 1),
    "ドラマ/Season 1/ドラマ - S01E05 - 始まり.mkv": ep("ドラマ", 1, 5, title="始まり"),
    "Show, The (2005)/Season 1/S01E01.mkv": ep("The Show", 1, 1, series_year=2005),
    "Show (US) (2005)/Season 1/S01E01.mkv": ep("Show", 1, 1, series_year=2005),
    "Show [tvdbid-81189]/Season 01/Show S01E01.mkv": ep("Show", 1, 1),
    "downloads/Show A S01E01.mkv": ep("Show A", 1, 1),
    "Mixed bag/Show A S01E01.mkv": ep("Show A", 1, 1),
    "Series/9-1-1 (2018)/Season 1/9-1-1 S01E01.mkv": ep("9-1-1", 1, 1, series_year=2018),
    "24/Season 01/24 - S01E01 - 12.00 A.M.mkv": ep("24", 1, 1, title="12.00 A.M"),
    # by day
    "Show.2020.05.13.mkv": day("Show", "2020-05-13"),
    "Show/2020/Show - 2020-05-13 - Guest.mkv": day("Show", "2020-05-13", title="Guest"),
    "Show.2020.05.13.Some.Guest.720p.HDTV.x264-GROUP.mkv": day("Show", "2020-05-13", title="Some Guest"),
    "Show - 13.05.2020.mkv": day("Show", "2020-05-13"),
    "Show/Season 2020/2020-05-13.mkv": day("Show", "2020-05-13"),
    "Show.2020.13.45.mkv": OTHER,
    "Holidays/2020-05-13 Beach.mp4": OTHER,
    # numbered through
    "[Group] Anime Name - 12 [1080p][ABCD1234].mkv": ep("Anime Name", 1, 12),
    "[Group] Anime - 12v2 (1080p).mkv": ep("Anime", 1, 12),
    "[Group]_Anime_Name_-_03_[720p].mkv": ep("Anime Name", 1, 3),
    "[Group] Anime S2 - 05 [1080p].mkv": ep("Anime", 2, 5),
    "[Group] Anime - 1071 [1080p].mkv": ep("Anime", 1, 1071),
    "Anime/Anime - 07.mkv": ep("Anime", 1, 7),
    "Fox Spirits/Episode 12.mkv": ep("Fox Spirits", 1, 12),
    # films
    "Film (1999)/Film (1999).mkv": film("Film", 1999),
    "Film (1999)/movie.mkv": film("Film", 1999),
    "movies/Film (1999) [1080p].mp4": film("Film", 1999),
    "Film.1999.1080p.BluRay.x264-GROUP.mkv": film("Film", 1999),
    "Some.Film.1999.mkv": film("Some Film", 1999),
    "Film [1999].avi": film("Film", 1999),
    "Film (1999) {edition-Final Cut}.mkv": film("Film", 1999),
    "Film (1999) [tmdbid-123]/Film (1999) - 2160p.mkv": film("Film", 1999),
    "1917 (2019).mkv": film("1917", 2019),
    "2012.2009.1080p.BluRay.mkv": film("2012", 2009),
    "2001 A Space Odyssey (1968).mkv": film("2001 A Space Odyssey", 1968),
    "Blade Runner 2049 (2017).mkv": film("Blade Runner 2049", 2017),
    "Alien.1080p.BluRay.x264.mkv": film("Alien"),
    "Matrix, The (1999).mkv": film("The Matrix", 1999),
    "Trilogy (1999-2003)/Film Two (2001).mkv": film("Film Two", 2001),
    "Film (1999)/Film (1999) cd1.avi": film("Film", 1999),
    "Amélie (2001)/Le Fabuleux Destin.mkv": film("Amélie", 2001),
    "Фильм (2003).mkv": film("Фильм", 2003),
    "Mr. Nobody (2009).mkv": film("Mr. Nobody", 2009),
    "Se7en (1995).1920x1080.mkv": film("Se7en", 1995),
    # what comes with them
    "Film (1999)/Extras/Making of.mkv": extra("Making of"),
    "Film (1999)/Trailers/Teaser.mkv": extra("Teaser"),
    "Film (1999)/Film (1999)-trailer.mkv": extra("Film (1999)-trailer"),
    "Film (1999)/Behind The Scenes/A.mkv": extra("A"),
    "Film (1999)/Shorts/A.mkv": extra("A"),
    "Show/Season 1/Interviews/Them.mkv": extra("Them"),
    "Film (1999)/sample.mkv": extra("sample"),
    # what is none of these
    "holiday.mov": OTHER,
    "Holiday 2019.mp4": OTHER,
    "IMG_20200513_101010.mp4": OTHER,
    "Home/Birthdays/Ada at five.mp4": OTHER,
    "VID 1920x1080.mp4": OTHER,
    "Shorts/Ada.mp4": OTHER,
    "Trailer Park.mp4": OTHER,
    "S.mkv": OTHER,
    # music
    "Artist/Album (1999)/01 - Song.flac": song("Album", 1, "Song", "Artist", year=1999),
    "Artist/1999 - Album/01. Song.mp3": song("Album", 1, "Song", "Artist", year=1999),
    "Artist/Album/1-05 Song.m4a": song("Album", 5, "Song", "Artist", disc=1),
    "Artist/Album (1999)/CD2/03 Song.flac": song("Album", 3, "Song", "Artist", year=1999, disc=2),
    "Artist/Album/Disc 1/03 - Artist - Song.flac": song("Album", 3, "Song", "Artist", disc=1),
    "music/Artist - Album (1999)/07 Song.mp3": song("Album", 7, "Song", "Artist", year=1999),
    "music/Album/07 Song.mp3": song("Album", 7, "Song"),
    "Artist/Album/Song.mp3": song("Album", None, "Song", "Artist"),
    "Various Artists/Hits/12 - One - Song.mp3": song("Hits", 12, "One - Song", "Various Artists"),
    "music/song.mp3": OTHER,
    "song.mp3": OTHER,
    "01 song.mp3": OTHER,
}


@pytest.mark.parametrize("path", NAMES)
def test_a_name_tells_a_place(path: str) -> None:
    assert dict(read(path.split("/")).known) == NAMES[path]


DEPTHS = {
    "tv/Show (2019)/Season 01/Show - S01E02.mkv": {SERIES: 2, SEASON: 3},
    "Show/S01E02.mkv": {SERIES: 1},
    "Show.S01.1080p/Show.S01E02.mkv": {SERIES: 1},
    "downloads/Show.S01E02.mkv": {},
    "films/Film (1999)/Film.mkv": {MOVIE: 2},
    "films/Film (1999).mkv": {},
    "Film (1999)/Extras/a.mkv": {OWNER: 1},
    "Show/Season 1/Extras/a.mkv": {OWNER: 2},
    "music/Artist/Album/01 Song.mp3": {ARTIST: 2, ALBUM: 3},
    "Artist/Album/CD1/01 Song.mp3": {ARTIST: 1, ALBUM: 2},
}


@pytest.mark.parametrize("path", DEPTHS)
def test_a_name_tells_which_folder_is_whose(path: str) -> None:
    assert dict(read(path.split("/")).depths) == DEPTHS[path]


def test_parts_of_a_film_are_in_order() -> None:
    assert [read([f"Film (1999) {part}.avi"]).part for part in ("cd1", "CD2", "pt3")] == [1, 2, 3]


@given(st.lists(st.text(min_size=1, max_size=60), min_size=1, max_size=5))
def test_whatever_a_name_is_it_can_be_read_and_tells_the_same_again(path: list[str]) -> None:
    assert read(path) == read(path)
