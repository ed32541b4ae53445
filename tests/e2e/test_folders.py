"""A folder of the operator's becomes a library by itself, and stays one while people work in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.client import Client, until
from tests.clips import clip

_FOLDER = "library of folders"


@pytest.fixture(scope="module")
def folder(films_at_home: Path, clips: Path) -> Path:
    """A folder with one film in it, and what is none of ours."""
    made = films_at_home / _FOLDER
    (made / "old").mkdir(parents=True)
    outside = clips / "outside.mp4"
    clip(made / "old" / "first.mp4", seconds=4)
    clip(outside, seconds=1.5)
    (made / "link.mp4").symlink_to(outside)
    (made / "linked").symlink_to(clips)
    (made / "notes.txt").write_text("no film")
    return made


@pytest.fixture(scope="module")
def library(client: Client, folder: Path) -> Iterator[str]:
    with client.http as http:
        answer = http.post("/api/v1/libraries", json={"name": "Folders", "folders": [f"home/{folder.name}"]})
    assert answer.status_code == 202, answer.text
    yield answer.json()["library"]["id"]
    with client.http as http:
        assert http.delete(f"/api/v1/libraries/{answer.json()['library']['id']}").status_code == 202


def named(client: Client, name: str, status: str = "ready") -> dict[str, Any]:
    """The medium of that name, once it is so far."""

    def look() -> dict[str, Any] | None:
        items = client.get("/api/v1/media", limit="200")["items"]
        return next((each for each in items if (each["name"], each["status"]) == (name, status)), None)

    return until(look, f"{name} to be {status}")


def names(client: Client) -> set[str]:
    """What all media are called."""
    return {each["name"] for each in client.get("/api/v1/media", limit="200")["items"]}


def test_what_is_there_becomes_media_that_are_played_and_transcoded_where_they_are(
    client: Client, folder: Path, library: str
) -> None:
    medium, film = named(client, "first.mp4"), folder / "old" / "first.mp4"
    content = film.read_bytes()
    with client.http as http:
        part = http.get(medium["links"]["content"], headers={"Range": "bytes=1000-1999"})
        whole = http.get(medium["links"]["content"])
        asked = http.post(f"{medium['links']['self']}/transcode", json={"profile": "preview"})
        playing = http.post(f"{medium['links']['self']}/playback", json={})
    assert (part.status_code, part.content) == (206, content[1000:2000])
    assert whole.content == content
    assert playing.status_code in (200, 201, 202), playing.text
    assert asked.status_code == 202, asked.text
    assert client.until_job(asked.json()["job"]["id"], "completed")
    assert film.read_bytes() == content
    assert not names(client) & {"link.mp4", "outside.mp4", "notes.txt"}


def test_a_new_file_is_taken_in_once_and_whole_and_a_renamed_one_stays_the_same(
    client: Client, folder: Path, library: str, clips: Path
) -> None:
    content = clip(clips / "second.mp4", seconds=2).read_bytes()
    with (folder / "second.mp4").open("wb") as file:
        for part in range(5):
            file.write(content[part * len(content) // 5 : (part + 1) * len(content) // 5])
            file.flush()
            assert "second.mp4" not in names(client)
    medium = named(client, "second.mp4")
    assert medium["size_bytes"] == len(content)
    (folder / "deep").mkdir()
    (folder / "second.mp4").rename(folder / "deep" / "renamed.mp4")
    again = named(client, "renamed.mp4")
    assert again["id"] == medium["id"]
    with client.http as http:
        assert http.get(again["links"]["content"]).content == content


def test_what_is_deleted_is_gone_after_the_grace(
    client: Client, folder: Path, library: str, clips: Path
) -> None:
    gone = folder / "third.mp4"
    gone.write_bytes(clip(clips / "third.mp4", seconds=1).read_bytes())
    medium = named(client, "third.mp4")
    gone.unlink()

    def deleted() -> bool:
        with client.http as http:
            return http.get(medium["links"]["self"]).status_code == 410

    until(deleted, "the medium to be deleted")
    assert named(client, "first.mp4")


def test_how_folders_are_is_told(client: Client, folder: Path, library: str) -> None:
    def said() -> str:
        found: dict[str, str] = client.get("/api/v1/system/status")["folders"]
        return found.get(f"home/{folder.name}", "")

    until(lambda: said().startswith("well, watching"), said)
    with client.http as http:
        assert http.post(f"/api/v1/libraries/{library}/scan").status_code == 202
