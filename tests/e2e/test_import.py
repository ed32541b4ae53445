"""Moving here: libraries of other systems, with files and people, taken over by the command line."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from tests import earlier_systems as systems
from tests.client import Client, until
from tests.clips import clip, marked, run
from tests.earlier_systems import ALIEN, PILOT, SONG, Library

ALIEN_FILE, PILOT_FILE, SONG_FILE = "Alien (1979)/Alien.mkv", "Show/Season 1/Show S01E02.mkv", "Song.flac"


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the other system's files are."""
    folder = tmp_path_factory.mktemp("other-films")
    for name in (ALIEN_FILE, PILOT_FILE):
        (folder / name).parent.mkdir(parents=True)
    film = clip(folder / "one.mkv", seconds=3, size="320x180")
    run("-i", str(film), "-c", "copy", "-metadata:s:a:0", "language=eng", to=folder / ALIEN_FILE)
    marked(film, folder / PILOT_FILE, "pilot")
    film.unlink()
    run("-f", "lavfi", "-i", "sine=330:duration=2", "-c:a", "flac", to=folder / SONG_FILE)
    return folder


def command(stack: Stack, tmp_path: Path, *arguments: str) -> list[str]:
    kept = ["--home", str(stack.home.root), "--report", str(tmp_path / "report.json")]
    return [sys.executable, "-m", "deploy.local", "import", *arguments, *kept]


def start(stack: Stack, tmp_path: Path, *arguments: str) -> subprocess.Popen[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "XDG_CONFIG_HOME": str(tmp_path)}
    return subprocess.Popen(
        command(stack, tmp_path, *arguments),
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def imports(stack: Stack, tmp_path: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    """The report of an import that ends with that code."""
    process = start(stack, tmp_path, *arguments)
    said, _ = process.communicate(timeout=180)
    assert process.returncode == code, said
    found: dict[str, Any] = orjson.loads((tmp_path / "report.json").read_bytes())
    return found


def taken(client: Client, prefix: str) -> dict[str, list[dict[str, Any]]]:
    """The media that items of a system became, by item."""
    found: dict[str, list[dict[str, Any]]] = {}
    for medium in client.get("/api/v1/media", limit="200")["items"]:
        mark = str(medium["custom"].get("import", ""))
        if mark.startswith(prefix):
            found.setdefault(mark.removeprefix(prefix), []).append(medium)
    return found


def states(client: Client, login: str) -> dict[str, dict[str, Any]]:
    """Someone's states by medium."""
    users = client.get("/api/v1/users", limit="200")["items"]
    (id,) = [user["id"] for user in users if user["login"] == login]
    return {one["work_id"]: one for one in client.get(f"/api/v1/users/{id}/export")["viewing"]}


def test_a_library_is_sent_once_though_its_import_is_killed(
    client: Client, stack: Stack, films: Path, tmp_path: Path
) -> None:
    library = systems.classic(tmp_path / "data", Library())
    sent = [str(library), "--map", f"/media/films={films}", "--only", "users,items,state"]
    would = imports(stack, tmp_path, *sent, "--dry-run")
    assert (would["items"], would["people"]) == ({"to be sent": 3}, {"to be made": 3})
    assert taken(client, "jellyfin:") == {}
    killed = start(stack, tmp_path, *sent)
    until(lambda: taken(client, "jellyfin:"), "a first film to be taken over")
    killed.kill()
    killed.communicate()
    report = imports(stack, tmp_path, *sent)
    media = taken(client, "jellyfin:")
    assert {id: len(each) for id, each in media.items()} == {str(id): 1 for id in (ALIEN, PILOT, SONG)}
    assert report["checks"]["streams"] == {"alike": 2, "not compared": 1}
    assert report["checks"]["samples' bytes"] == {"alike": 3}
    (alien,), (pilot,) = media[str(ALIEN)], media[str(PILOT)]
    assert (alien["title"], alien["released"], alien["rating"]) == ("Alien", "1979-05-25", 8.5)
    assert alien["custom"]["people"] == "Sigourney Weaver (Ripley)"
    hers, his = states(client, "Ada.Lovelace"), states(client, "Bob.Brown")
    assert (hers[alien["id"]]["plays"], hers[alien["id"]]["favourite"]) == (3, True)
    assert hers[alien["id"]]["played_at"].startswith("2019-03-04T05:06:07.890")
    assert his[pilot["id"]]["position_ms"] == 1500
    again = imports(stack, tmp_path, *sent)
    assert (again["items"], again["people"], again["states"]) == (
        {"there": 3},
        {"there": 3},
        {"unchanged": 2},
    )
    assert taken(client, "jellyfin:").keys() == media.keys()


def test_files_stay_where_a_library_reads_them(
    client: Client, stack: Stack, films: Path, films_at_home: Path, tmp_path: Path
) -> None:
    folder = films_at_home / "moved-here"
    folder.mkdir()
    for name in (ALIEN_FILE, PILOT_FILE, SONG_FILE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes((films / name).read_bytes() + b"\0" * 8)
    made = client.post("/api/v1/libraries", {"name": "moved", "folders": ["home/moved-here"]}).json()
    pictures = tmp_path / "metadata"
    pictures.mkdir()
    run("-f", "lavfi", "-i", "testsrc2=size=200x300", "-frames:v", "1", to=pictures / "poster.jpg")
    has = Library(top="D:\\films", pictures={"Primary": "%MetadataPath%/poster.jpg"})
    file = systems.newer(tmp_path / "newer", has)
    with closing(sqlite3.connect(file)) as db, db:  # another server's
        ids = {"BaseItems": ("Id", "SeriesId"), "UserData": ("ItemId",), "MediaStreamInfos": ("ItemId",)}
        ids["BaseItemImageInfos"] = ("ItemId",)
        for table, column in ((table, column) for table, columns in ids.items() for column in columns):
            db.execute(f"UPDATE {table} SET {column} = replace({column}, '00000000-', 'ABCDEF00-')")
    (tmp_path / "people.json").write_bytes(orjson.dumps({"Bob Brown": "bob.brown"}))
    whose = ("--people", str(tmp_path / "people.json"), "--metadata", str(pictures))
    told = ("--map", f"D:\\films={folder}", *whose)
    report = imports(stack, tmp_path, str(file), "--library", made["library"]["id"], *told)
    assert report["items"] == {"found": 3}
    media = {each["item"]: each["medium"] for each in report["media"]}
    alien = media[str(ALIEN).replace("00000000-", "abcdef00-")]
    assert states(client, "Ada.Lovelace")[alien]["plays"] == 3
    assert report["pictures"] == {"given": 2}
    until(lambda: 300 in posters(client.get(f"/api/v1/media/{alien}")), "the film's poster")
    items = f"/api/v1/libraries/{made['library']['id']}/items"
    show = until(lambda: series(client, items, "Show"), "the series")
    (season,) = client.get(items, parent=show["id"])["items"]
    (pilot,) = client.get(items, parent=season["id"])["items"]
    assert (season["number"], pilot["media"]["place"]["episode"]) == (1, 2)
    until(lambda: posters(client.get(f"{items}/{show['id']}")) == {300}, "the series' poster")


def series(client: Client, items: str, name: str) -> dict[str, Any] | None:
    """A series of a library, if it is there yet."""
    found = client.get(items)["items"]
    return next((each for each in found if (each["kind"], each["name"]) == ("series", name)), None)


def posters(shown: dict[str, Any]) -> set[int]:
    """How high the posters are of a medium or item."""
    return {each["height"] for each in shown["images"] if each["kind"] == "poster"}


def test_the_older_transcoders_files_come_with_what_they_were_made_from(
    client: Client, stack: Stack, films: Path, tmp_path: Path
) -> None:
    film, song = (films / ALIEN_FILE).read_bytes(), (films / SONG_FILE).read_bytes()
    raw = {"ada/holiday.mp4": film + b"\0", "job-2/song.flac": song + b"\0"}
    made = {"job-9/holiday.webm": film + b"\0\0", "job-2/song.mp3": song + b"\0\0"}
    folder = systems.transcoder(tmp_path / "bucket", raw, made)
    report = imports(stack, tmp_path, str(folder))
    assert report["items"] == {"sent": 4}
    media = {id.partition("#")[0]: each for id, (each,) in taken(client, "transcoder:").items()}
    for result, source in (
        ("processed/job-9/holiday.webm", "raw/ada/holiday.mp4"),
        ("processed/job-2/song.mp3", "raw/job-2/song.flac"),
    ):
        assert media[result]["custom"]["made from"] == media[source]["id"]
        assert media[result]["tags"] == ["processed"]
