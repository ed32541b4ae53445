"""NFO files as programs write them, and as nobody should."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.nfo import MOST_BYTES, read
from schemas.described import Credit, Described

MOVIE = """<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>
<movie>
  <title>Der  Film</title><originaltitle>The Film</originaltitle>
  <ratings><rating name="imdb" max="10" default="true"><value>7.84</value></rating></ratings>
  <plot>One.

  Two &amp; three.</plot>
  <premiered>1999-05-13</premiered><year>1999</year>
  <genre>Drama</genre><genre>Comedy</genre><genre>Drama</genre>
  <uniqueid type="imdb" default="true">tt0133093</uniqueid><uniqueid type="odd">x</uniqueid>
  <tmdbid>603</tmdbid>
  <director>Ada B.</director>
  <actor><name>Carl</name><role>Himself</role><thumb>http://169.254.169.254/x.jpg</thumb></actor>
  <actor><role>Nobody</role></actor>
  <thumb aspect="poster">http://127.0.0.1/poster.jpg</thumb>
</movie>
https://www.themoviedb.org/movie/603
"""
EPISODE = """<episodedetails><title>Two</title><showtitle>Show</showtitle><season>1</season>
<episode>2</episode><aired>2020-05-13</aired><plot>P</plot></episodedetails>
<episodedetails><title>Three</title><episode>3</episode></episodedetails>"""


def test_a_film_is_read_whole() -> None:
    assert read(MOVIE.encode()) == Described(
        title="Der Film",
        original_title="The Film",
        description="One.\n\nTwo & three.",
        released="1999-05-13",
        rating=7.8,
        genres=("Drama", "Comedy"),
        ids={"imdb": "tt0133093", "tmdb": "603"},
        people=(
            Credit(name="Carl", kind="actor", role="Himself"),
            Credit(name="Ada B.", kind="director"),
        ),
        place={"kind": "movie", "title": "Der Film", "year": 1999},
    )


def place(text: str) -> dict[str, Any]:
    said = read(text.encode())
    assert said is not None
    return dict(said.place)


def test_an_episode_says_its_place_and_the_first_of_several_counts() -> None:
    assert place(EPISODE) == {
        "kind": "episode",
        "title": "Two",
        "series": "Show",
        "season": 1,
        "episode": 2,
        "air_date": "2020-05-13",
    }


def test_a_show_an_artist_and_an_album_say_nothing_of_a_mediums_place() -> None:
    for root in ("tvshow", "artist", "album", "season"):
        assert place(f"<{root}><title>S</title><year>2019</year><season>-1</season></{root}>") == {}


def test_an_artist_is_called_by_its_name() -> None:
    said = read(b"<artist><name>A</name><biography>B</biography></artist>")
    assert said == Described(title="A", description="B")


TITLES = {
    "utf-8": "<movie><title>Krak\u00f3w</title></movie>".encode(),
    "with a mark": b"\xef\xbb\xbf" + "<movie><title>Krak\u00f3w</title></movie>".encode(),
    "utf-16": "<movie><title>Krak\u00f3w</title></movie>".encode("utf-16"),
    "latin-1": "<movie><title>Krak\u00f3w</title></movie>".encode("latin-1"),
    "a lie": '<?xml version="1.0" encoding="utf-16"?><movie><title>Krak\u00f3w</title></movie>'.encode(),
    "an odd one": '<?xml version="1.0" encoding="x-odd"?><movie><title>Krak\u00f3w</title></movie>'.encode(),
    "html": b"<movie><title>Krak&oacute;w</title><x>a & b &nosuch; c</x></movie>",
    "what can't be seen": "<movie><title>\x01Krak\u00f3\u202ew\x00</title></movie>".encode(),
    "in capitals": "some line\n<MOVIE><title>Krak\u00f3w</title></MOVIE>".encode(),
}


@pytest.mark.parametrize("content", TITLES.values(), ids=TITLES)
def test_a_title_is_read_whatever_it_is_written_in(content: bytes) -> None:
    said = read(content)
    assert said is not None
    assert said.title == "Krak\u00f3w"


def test_an_address_alone_says_what_others_call_it() -> None:
    said = read(b"https://www.imdb.com/title/tt0133093/\nhttps://www.themoviedb.org/movie/603-x")
    assert said == Described(ids={"imdb": "tt0133093", "tmdb": "603"})


_LOL = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = {
    "entities": f'<!DOCTYPE movie [<!ENTITY l0 "lol">{_LOL}]><movie><title>&l9;</title></movie>',
    "a file": '<!DOCTYPE movie [<!ENTITY x SYSTEM "file:///etc/passwd">]><movie><title>&x;</title></movie>',
    "inside": '<movie><!DOCTYPE x [<!ENTITY x "y">]><title>&x;</title></movie>',
    "cut off": "<movie><title>Fi",
    "not closed": "<movie><title>Film</movie>",
    "art": "\u2588\u2588\u2592 RELEASE \u2592\u2588\u2588\n\nruntime: 90 min\n",
    "nothing": "",
    "empty": "<movie/>",
    "too large": "<movie><title>Film</title>" + "<x/>" * (MOST_BYTES // 4) + "</movie>",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_nfo_or_is_made_to_harm_says_nothing(text: str) -> None:
    assert read(text.encode()) in (None, Described(place={"kind": "movie"}))


def test_what_is_nested_without_end_or_long_is_bounded() -> None:
    assert read(("<movie>" + "<a>" * 50_000 + "</movie>").encode()) is None
    actors = "<actor><name>N</name></actor>" * 500
    long = read(f"<movie><title>{'x' * 9000}</title><plot>{'y' * 90000}</plot>{actors}</movie>".encode())
    assert long is not None
    assert (len(long.title or ""), len(long.description or ""), len(long.people)) == (200, 5000, 100)


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read(content: bytes) -> None:
    read(content)
    read(b"<movie><title>" + content + b"</title></movie>")
