"""kill -9 before and after each step of what people do: nothing accepted is lost, and nothing stays behind.

Clients do what clients do who got no answer: they ask again.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.backup.archive import entries, verified
from deploy.local.children import Backoff
from deploy.local.failures import Failure
from deploy.local.home import Home
from deploy.local.parts import DATABASE, GATEWAY, KAFKA, PROCESSORS, WORKER, Options
from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from tests.backed_up import ends_in, views
from tests.client import Client, until
from tests.clips import run
from tests.drills import mortal
from tests.drills.conftest import SETTINGS

_MODULES = {GATEWAY: ("gateway",), PROCESSORS: ("processors", "stages"), WORKER: ("processors", "worker")}
_FAST = ("-c:v", "libx264", "-preset", "ultrafast")
_STAGES, _AT_WORK, _BACKUP = "processors stages", "processors worker", "deploy.local backup"
_KILLED = -9


@dataclass
class Scene:
    """A stack whose processes die where they are told to."""

    stack: Stack
    client: Client
    folder: Path
    films: list[Path] = field(default_factory=list)

    def film(self) -> Path:
        """A clip like no other."""
        graph = f"testsrc2=size=160x90:rate=25:duration=1,hue=h={11 * len(self.films)}"
        target = self.folder / f"film-{len(self.films)}.mp4"
        self.films.append(run("-f", "lavfi", "-i", graph, *_FAST, to=target))
        return target

    def answered(self, verb: str, path: str, **more: Any) -> httpx.Response:
        """The answer that a client gets who asks again as long as it gets none."""

        def ask() -> httpx.Response | None:
            try:
                with self.client.http as http:
                    answer = http.request(verb, path, **more)
            except httpx.TransportError:
                return None
            return None if answer.status_code == 503 else answer

        return until(ask, f"an answer to {verb} {path}")

    def upload(self, film: Path) -> dict[str, Any]:
        """The medium of a film that was sent until it was accepted."""
        content = film.read_bytes()
        answer = self.answered("POST", "/api/v1/media", params={"name": film.name}, content=content)
        assert answer.status_code == 202, answer.text
        medium: dict[str, Any] = answer.json()["media"]
        return medium

    def until_struck(self) -> None:
        """Whoever was to die has died, and all is up again."""
        until(lambda: mortal.has_struck(self.folder), "someone to die")
        until(lambda: not self.stack.lacks(), lambda: f"the stack to be whole; it lacks {self.stack.lacks()}")

    def whole(self, id: str, content: bytes) -> dict[str, Any]:
        """The medium, once it is accepted; what readers get of it is all of it."""
        medium = self.client.until_media(id, "ready")
        assert medium["sha256"] == hashlib.sha256(content).hexdigest()
        assert self.answered("GET", f"/api/v1/media/{id}/content").content == content
        return medium

    def cleaned(self) -> None:
        """A cleanup finds what is left over, and removes it: what is there then is what media refer to."""
        order = {"delete": True, "grace_s": 0}
        job = self.answered("POST", "/api/v1/care/cleanup", json=order).json()["job"]["id"]
        self.client.until_job(job, "completed")
        wanted = set[str]()
        for medium in self.client.get("/api/v1/media", limit="200")["items"]:
            versions = self.client.get(f"/api/v1/media/{medium['id']}/versions")["items"]
            wanted |= {each["sha256"] for each in versions}
        assert {name.partition(".")[0] for name in self.raw()} == wanted

    @property
    def archive(self) -> Path:
        """The second folder."""
        return self.folder / "archive"

    def raw(self) -> set[str]:
        """What sources there are in the store."""
        folders = (self.stack.home.blobs, self.archive)
        return {path.name for root in folders for path in (root / "raw").rglob("*") if path.is_file()}

    def backup(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """`sluice backup`, which dies where it is told to."""
        command = [sys.executable, "-m", "tests.drills.mortal", "deploy.local", "backup", *map(str, words)]
        env = {**os.environ, mortal.FOLDER: str(self.folder), "SLUICE_ARCHIVE": str(self.archive)}
        return subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=240, check=False
        )


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("drill")
    commands = {
        part: (sys.executable, "-m", "tests.drills.mortal", *module) for part, module in _MODULES.items()
    }
    named = {mortal.FOLDER: str(folder), "SLUICE_ARCHIVE": str(folder / "archive")}
    options = Options(port=8755, env={**SETTINGS, **named}, commands=commands)
    home = Home(tmp_path_factory.mktemp("home"))
    with Stack.start(home, options, backoff=Backoff(first_s=0.2, most_s=1.0)) as stack:
        assert stack.url is not None
        yield Scene(stack, Client(stack.url, stack.token), folder)


@dataclass(frozen=True)
class Archived:
    """A backup of the scene, and what is in it."""

    path: Path
    views: dict[str, Any]
    sources: set[str]


@pytest.fixture(scope="module")
def archived(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Archived:
    film = scene.film()
    scene.whole(scene.upload(film)["id"], film.read_bytes())
    path = tmp_path_factory.mktemp("backup") / "backup.tar"
    made = scene.backup("create", path, "--home", scene.stack.home.root)
    assert made.returncode == 0, made.stderr
    shown = asyncio.run(views(scene.stack, ends_in(path)))
    names = {entry.name.rpartition("/")[2] for entry in entries(path) if entry.name.startswith("blobs/raw/")}
    return Archived(path, shown, names)


@pytest.fixture(autouse=True)
def _disarmed(scene: Scene) -> Iterator[None]:
    yield
    mortal.disarm(scene.folder)


Point = tuple[str, str, str]
"""Of which process, at which port, about what."""


def around(*points: Point, always: tuple[int, ...] = (0, -1)) -> list[Any]:
    """Before and after each; but for some, as the first and the last of all, only in a full run."""
    both = [(*point, when) for point in points for when in ("before", "after")]
    kept = {number % len(both) for number in always}
    return [pytest.param(*each, marks=[pytest.mark.full] * (n not in kept)) for n, each in enumerate(both)]


IN_AN_UPLOAD = [
    *around(
        ("gateway", "FileWriter.commit", ""),
        ("gateway", "KafkaPublisher.send", "media.uploaded"),
    ),
    *around(
        (_STAGES, "KafkaPublisher.send", "task.changed"),
        (_STAGES, "MongoDatabase.merge", "'upload'"),
        (_AT_WORK, "MongoDatabase.change", "completed"),
        (_AT_WORK, "KafkaPublisher.send", "task.changed"),
        (_STAGES, "KafkaPublisher.send", "media.probed"),
    ),
]
IN_A_REPLACEMENT = around(
    ("gateway", "KafkaPublisher.send", "media.uploaded"),
    (_STAGES, "KafkaPublisher.send", "media.probed"),
)
IN_A_DELETION = around(
    ("gateway", "KafkaPublisher.send", "media.changed"),
    (_STAGES, "MongoDatabase.merge", "deleted_at"),
    (_AT_WORK, "FileStore.discard", "raw/"),
)


IN_AN_ARCHIVAL = around(
    (_AT_WORK, "FileArchive.publish", "raw/"),
    (_AT_WORK, "FileArchive.give_up", "raw/"),
    (_STAGES, "KafkaPublisher.send", "storage"),
    (_STAGES, "MongoDatabase.merge", "'storage'"),
    always=(2,),
)
IN_A_BACKUP = around(
    (_BACKUP, "Writing.add", "log/"),
    (_BACKUP, "Writing.add", "blobs/"),
    (_BACKUP, "Writing.finish", ""),
    always=(1,),
)
IN_A_RESTORE = around(
    (_BACKUP, "Home.begin_restore", ""),
    (_BACKUP, "Loading.load", "media.uploaded"),
    (_BACKUP, "FileWriter.commit", "raw"),
    (_BACKUP, "groups.put_back", ""),
    (_BACKUP, "Home.end_restore", ""),
    always=(),
)


@pytest.mark.parametrize(("part", "at", "about", "when"), IN_AN_UPLOAD)
def test_an_upload_is_whole_or_never_was(scene: Scene, part: str, at: str, about: str, when: str) -> None:
    film = scene.film()
    mortal.arm(scene.folder, part, at, when, about)
    medium = scene.upload(film)
    scene.until_struck()
    scene.whole(medium["id"], film.read_bytes())
    for each in scene.client.get("/api/v1/media", limit="200")["items"]:
        if each["sha256"] == medium["sha256"]:
            scene.whole(each["id"], film.read_bytes())


@pytest.mark.parametrize(("part", "at", "about", "when"), IN_A_REPLACEMENT)
def test_a_replaced_file_is_the_old_one_or_the_new_one(
    scene: Scene, part: str, at: str, about: str, when: str
) -> None:
    old, new = scene.film(), scene.film()
    medium = scene.upload(old)
    path = f"/api/v1/media/{medium['id']}"
    scene.whole(medium["id"], old.read_bytes())
    mortal.arm(scene.folder, part, at, when, about)
    version = scene.answered("PUT", f"{path}/content", content=new.read_bytes()).json()["version"]
    scene.until_struck()
    seen = set[bytes]()

    def shown() -> bool:
        seen.add(scene.answered("GET", f"{path}/content").content)
        return bool(scene.client.get(path)["version"] >= version)

    until(shown, "the new version to be shown")
    assert seen <= {old.read_bytes(), new.read_bytes()}
    scene.whole(medium["id"], new.read_bytes())


@pytest.mark.parametrize(("part", "at", "about", "when"), IN_A_DELETION)
def test_a_deletion_is_done_and_takes_the_bytes_along(
    scene: Scene, part: str, at: str, about: str, when: str
) -> None:
    film = scene.film()
    medium = scene.upload(film)
    scene.whole(medium["id"], film.read_bytes())
    mortal.arm(scene.folder, part, at, when, about)
    path = f"/api/v1/media/{medium['id']}"
    scene.answered("DELETE", path)
    until(lambda: scene.answered("GET", path).status_code == 410, "the medium to be gone")
    scene.cleaned()
    scene.until_struck()
    assert medium["sha256"] not in scene.raw()


@pytest.mark.parametrize(("part", "at", "about", "when"), IN_AN_ARCHIVAL)
def test_what_is_archived_is_at_one_place_or_the_other(
    scene: Scene, part: str, at: str, about: str, when: str
) -> None:
    film = scene.film()
    medium = scene.upload(film)
    scene.whole(medium["id"], film.read_bytes())
    path = f"/api/v1/media/{medium['id']}"
    mortal.arm(scene.folder, part, at, when, about)
    scene.answered("POST", f"{path}/archive")
    scene.until_struck()
    until(lambda: scene.client.get(path)["archived"], "the medium to be archived")
    scene.whole(medium["id"], film.read_bytes())
    location = f"raw/{medium['sha256'][:2]}/{medium['sha256']}"
    assert (scene.archive / location).exists()
    assert not (scene.stack.home.blobs / location).exists()
    assert not [each for each in (scene.archive / "tmp").iterdir() if each.is_file()]


@pytest.mark.parametrize(("part", "at", "about", "when"), IN_A_BACKUP)
def test_a_backup_is_whole_or_has_no_name(
    scene: Scene, tmp_path: Path, part: str, at: str, about: str, when: str
) -> None:
    path = tmp_path / "backup.tar"
    mortal.arm(scene.folder, part, at, when, about)
    assert scene.backup("create", path, "--home", scene.stack.home.root).returncode == _KILLED
    if path.exists():
        assert (at, when) == ("Writing.finish", "after")
        verified(path)
        path.unlink()
    assert scene.backup("create", path, "--home", scene.stack.home.root).returncode == 0
    assert verified(path).damaged == []
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("part", "at", "about", "when"), IN_A_RESTORE)
def test_a_restore_that_was_killed_is_begun_again(
    scene: Scene, archived: Archived, tmp_path: Path, part: str, at: str, about: str, when: str
) -> None:
    home = Home(tmp_path / "home")
    mortal.arm(scene.folder, part, at, when, about)
    assert scene.backup("restore", archived.path, "--home", home.root).returncode == _KILLED
    if home.is_half_restored:
        with pytest.raises(Failure, match="did not come to its end"):
            Stack.start(home, Options(parts=frozenset({KAFKA, DATABASE})))
    again = scene.backup("restore", archived.path, "--home", home.root)
    if (at, when) == ("Home.end_restore", "after"):
        assert "is a home already" in again.stderr
    else:
        assert again.returncode == 0, again.stderr
    with Stack.start(home, Options(parts=frozenset({KAFKA, DATABASE}))) as stack:
        assert asyncio.run(views(stack)) == archived.views
    kept = [path.relative_to(home.blobs) for path in home.blobs.rglob("*") if path.is_file()]
    sources = {path.name: (home.blobs / path).read_bytes() for path in kept if path.parts[0] == "raw"}
    assert sources.keys() == archived.sources
    assert all(hashlib.sha256(content).hexdigest() == name for name, content in sources.items())
    assert not [path for path in kept if path.parts[0] == "tmp"]


def test_of_all_that_nothing_stays_behind(scene: Scene) -> None:
    scene.cleaned()
