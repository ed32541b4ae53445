"""A folder as people have them (a series with NFO files and images, a film, an album) becomes a library with
an order, and follows what is done in the folder.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, until
from tests.clips import clip, run

_FOLDER = "shelves"
_SHOW = "Show (2019)"
_NFO = (
    "<tvshow><title>Die Schau</title><plot>It is long.</plot><thumb>http://127.0.0.1:9/x.jpg</thumb></tvshow>"
)
_EPISODE = "<episodedetails><title>Der Anfang</title><plot>P</plot></episodedetails>"


def still(path: Path, size: str) -> Path:
    return run("-f", "lavfi", "-i", f"testsrc=size={size}", "-frames:v", "1", to=path)


def song(path: Path, clips: Path, track: int) -> Path:
    tags = [f"title=Song {track}", "artist=Artist", "album=Album", f"track={track}/2"]
    tagged = [each for tag in tags for each in ("-metadata", tag)]
    sine = f"sine=frequency={300 + track}:duration=1"
    return run("-f", "lavfi", "-i", sine, "-c:a", "flac", *tagged, to=path)


@pytest.fixture(scope="module")
def folder(films_at_home: Path, clips: Path) -> Path:
    made = films_at_home / _FOLDER
    for name in (f"{_SHOW}/Season 01", "A Film (1999)", "Music"):
        (made / name).mkdir(parents=True)
    for number in (2, 10):
        clip(made / _SHOW / "Season 01" / f"Show S01E{number:02}.mp4", seconds=1 + number / 10)
    (made / _SHOW / "tvshow.nfo").write_text(_NFO)
    (made / _SHOW / "Season 01" / "Show S01E02.nfo").write_text(_EPISODE)
    still(made / _SHOW / "poster.jpg", "200x300")
    still(made / _SHOW / "season01-poster.png", "100x150")
    clip(made / "A Film (1999)" / "A Film (1999).mp4", seconds=1.5)
    (made / "A Film (1999)" / "poster.jpg").write_bytes(b"\xff\xd8\xff" + b"no image at all" * 9)
    for track in (2, 1):
        song(made / "Music" / f"{track}.flac", clips, track)
    return made


@pytest.fixture(scope="module")
def items(client: Client, folder: Path) -> Iterator[str]:
    """Where what is in the library is listed."""
    order = {"name": "Shelves", "folders": [f"home/{folder.name}"]}
    answer = client.post("/api/v1/libraries", order)
    assert answer.status_code == 202, answer.text
    path = f"/api/v1/libraries/{answer.json()['library']['id']}"
    yield f"{path}/items"
    with client.http as http:
        assert http.delete(path).status_code == 202


def listed(client: Client, items: str, parent: str | None = None) -> list[dict[str, Any]]:
    found = client.find(items, **({"parent": parent} if parent else {}))
    return found["items"] if found else []


def named(client: Client, items: str, *way: str) -> dict[str, Any] | None:
    """The item at the end of this way down, if it is there yet."""
    found: dict[str, Any] | None = None
    for name in way:
        below = listed(client, items, found["id"] if found else None)
        found = next((each for each in below if each["name"] == name), None)
        if found is None:
            return None
    return found


def test_a_folder_is_a_library_with_an_order(client: Client, items: str) -> None:
    def shown() -> list[tuple[str, str]]:
        return [(each["kind"], each["name"]) for each in listed(client, items)]

    top = [("artist", "Artist"), ("movie", "A Film"), ("series", "Die Schau")]
    until(lambda: shown() == top, lambda: str(shown()))
    season = until(lambda: named(client, items, "Die Schau", "Season 1"), "the season")
    until(lambda: named(client, items, "Die Schau", "Season 1", "Der Anfang"), "what the NFO file says")
    assert [each["number"] for each in listed(client, items, season["id"])] == [2, 10]
    album = until(lambda: named(client, items, "Artist", "Album"), "the album")
    assert [each["name"] for each in listed(client, items, album["id"])] == ["Song 1", "Song 2"]
    show = named(client, items, "Die Schau")
    assert show is not None
    node = client.get(f"{items}/{show['id']}")
    assert (node["year"], node["description"]) == (2019, "It is long.")
    assert (node["media_count"], node["node_counts"]) == (2, {"season": 1})


def test_images_beside_media_are_in_the_store_and_what_is_none_is_not(client: Client, items: str) -> None:
    def height(*way: str) -> int:
        found = named(client, items, *way)
        posters = [each for each in found["images"] if each["kind"] == "poster"] if found else []
        return posters[0]["height"] if posters else 0

    until(lambda: height("Die Schau") == 300, "the poster of the series")
    until(lambda: height("Die Schau", "Season 1") == 150, "the poster of the season")
    show = named(client, items, "Die Schau")
    assert show is not None
    with client.http as http:
        sent = http.get(show["images"][0]["url"])
    assert (sent.status_code, sent.headers["content-type"]) == (200, "image/jpeg")
    assert sent.content.startswith(b"\xff\xd8\xff")
    film = until(lambda: named(client, items, "A Film"), "the film")
    (medium,) = (each["media"] for each in listed(client, items, film["id"]))

    def failed() -> bool:
        return "poster" in {each["kind"] for each in client.get(medium["links"]["self"])["image_failures"]}

    until(failed, "the film to say that its poster is no image")


def test_an_image_that_is_given_goes_before_what_was_drawn(client: Client, items: str, clips: Path) -> None:
    film = until(lambda: named(client, items, "A Film"), "the film")
    (medium,) = (each["media"] for each in listed(client, items, film["id"]))
    given = still(clips / "given.png", "400x600").read_bytes()
    with client.http as http:
        answer = http.put(f"{medium['links']['self']}/images/poster", content=given)
    assert answer.status_code == 202, answer.text

    def heights() -> set[int]:
        images = client.get(medium["links"]["self"])["images"]
        return {each["height"] for each in images if each["kind"] == "poster"}

    until(lambda: heights() == {480, 600}, lambda: str(heights()))


def test_what_people_say_and_where_files_go_is_where_things_stand(
    client: Client, folder: Path, items: str
) -> None:
    until(lambda: named(client, items, "Die Schau", "Season 1", "Der Anfang"), "the episode")
    season = folder / _SHOW / "Season 01"
    (season / "Show S01E10.mp4").rename(folder / "Other S02E01.mp4")
    until(lambda: named(client, items, "Other", "Season 2"), "the episode to be another series'")
    episode = named(client, items, "Die Schau", "Season 1", "Der Anfang")
    assert episode is not None
    with client.http as http:
        said = http.patch(episode["links"]["self"], json={"place": {"series": "Mine", "season": 3}})
    assert said.status_code == 202, said.text
    until(
        lambda: named(client, items, "Mine", "Season 3", "Der Anfang"), "the episode to be where it is said"
    )
    until(lambda: named(client, items, "Die Schau") is None, "the empty series to be gone")
