"""A store that is full, or can't be written: clear errors, nothing half done, and work goes on by itself."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.children import Backoff
from deploy.local.home import Home
from deploy.local.parts import GATEWAY, PROCESSORS, WORKER, Options
from deploy.local.stack import Stack
from tests.client import Client, until
from tests.clips import run
from tests.drills import disks
from tests.drills.conftest import SETTINGS
from tests.drills.disks import Disk, Pretended, SmallFileSystem

_MODULES = {GATEWAY: ("gateway",), PROCESSORS: ("processors", "stages"), WORKER: ("processors", "worker")}
_TUS = {"Tus-Resumable": "1.0.0"}


@dataclass
class Scene:
    """A stack whose store is on a disk that drills break."""

    stack: Stack
    client: Client
    disk: Disk
    folder: Path
    clips: int = 0

    def clip(self, seconds: int = 1) -> Path:
        """A clip like no other."""
        self.clips += 1
        graph = (
            f"testsrc2=size=320x180:rate=25:duration={seconds},hue=h={29 * self.clips},noise=alls=40:allf=t"
        )
        video = ("-c:v", "libx264", "-preset", "ultrafast")
        return run("-f", "lavfi", "-i", graph, *video, to=self.folder / f"clip-{self.clips}.mp4")

    def answer(
        self, verb: str, path: str, content: bytes = b"", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """What the gateway answers."""
        with self.client.http as http:
            return http.request(verb, path, content=content, headers=headers)

    def leftovers(self) -> list[Path]:
        """What lies in the store's folder for what is being written."""
        return list((self.stack.home.blobs / "tmp").iterdir())


@pytest.fixture(scope="module", params=["real", pytest.param("pretended", marks=pytest.mark.full)])
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("disk")
    home = Home(tmp_path_factory.mktemp("home"))
    home.prepare()
    if request.param == "pretended" or not disks.may_mount(home.blobs):
        order = folder / "order"
        commands = {
            part: (sys.executable, "-m", "tests.drills.disks", *module) for part, module in _MODULES.items()
        }
        yield from _scene(home, folder, Pretended(order), {disks.ORDER: str(order)}, commands)
    else:
        with SmallFileSystem.mounted(home.blobs) as disk:
            yield from _scene(home, folder, disk, {}, {})


def _scene(
    home: Home, folder: Path, disk: Disk, env: dict[str, str], commands: dict[str, tuple[str, ...]]
) -> Iterator[Scene]:
    options = Options(port=8757, env={**SETTINGS, **env}, commands=commands)
    with Stack.start(home, options, backoff=Backoff(first_s=0.2, most_s=1.0)) as stack:
        assert stack.url is not None
        yield Scene(stack, Client(stack.url, stack.token), disk, folder)


Broken = Callable[[Disk], AbstractContextManager[None]]
FULL: tuple[Broken, int, str, str] = (lambda disk: disk.full(), 507, "store-full", "full")
READ_ONLY: tuple[Broken, int, str, str] = (
    lambda disk: disk.read_only(),
    503,
    "store-read-only",
    "read-only",
)


@pytest.mark.parametrize(("broken", "status", "code", "why"), [FULL, READ_ONLY], ids=["full", "read-only"])
def test_nothing_is_lost_and_work_goes_on_when_there_is_room(
    scene: Scene, broken: Broken, status: int, code: str, why: str
) -> None:
    kept, new, film = scene.clip(), scene.clip().read_bytes(), scene.clip(6)
    medium = scene.client.upload(kept)["media"]["id"]
    scene.client.until_media(medium, "ready")
    asked = scene.client.upload(film, profile="web")["job"]["id"]
    scene.client.until_job(asked, "processing")
    place, half = begun(scene, len(new)), len(new) // 2
    assert scene.answer("PATCH", place, new[:half], _patch(0)).status_code == 204
    with broken(scene.disk):
        refused = scene.answer("POST", "/api/v1/media?name=new.mp4", new)
        assert (refused.status_code, refused.json()["code"]) == (status, code), refused.text
        assert scene.answer("PATCH", place, new[half:], _patch(half)).status_code == status
        waiting = until(lambda: waits(scene, asked), "the job to wait")
        assert (waiting["state"], why in waiting["waits_for"]) == ("processing", True), waiting
        assert scene.answer("GET", f"/api/v1/media/{medium}/content").content == kept.read_bytes()
        assert scene.client.is_ready()
    done = scene.client.until_job(asked, "completed")
    assert (done["waits_for"], done["run"]) == (None, 1)
    assert scene.answer("GET", f"/api/v1/jobs/{asked}/output").status_code == 200
    at = int(scene.answer("HEAD", place, headers=_TUS).headers["Upload-Offset"])
    assert half <= at < len(new)
    ended = scene.answer("PATCH", place, new[at:], _patch(at))
    assert ended.status_code == 204, ended.text
    became = scene.client.get(place)["accepted"]["media"]["id"]
    shown = scene.client.until_media(became, "ready")
    assert shown["sha256"] == hashlib.sha256(new).hexdigest()
    assert scene.leftovers() == []


def begun(scene: Scene, length: int) -> str:
    """Where an upload in parts goes to."""
    said = {"Upload-Length": f"{length}", "Upload-Metadata": "filename bmV3Lm1wNA=="}
    answer = scene.answer("POST", "/api/v1/uploads", headers={**_TUS, **said})
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"]


def waits(scene: Scene, job_id: str) -> dict[str, Any] | None:
    """The job, once it waits for something."""
    job = scene.client.job(job_id)
    assert job["state"] == "processing", job
    return job if job["waits_for"] else None


def _patch(at: int) -> dict[str, str]:
    return {**_TUS, "Upload-Offset": f"{at}", "Content-Type": "application/offset+octet-stream"}
