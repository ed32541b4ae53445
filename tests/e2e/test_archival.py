"""A medium goes to the archive and comes back: it is watched, downloaded and cared for all the same."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from tests.client import Client
from tests.clips import run
from tests.e2e.drawing import X264, lavfi


@pytest.fixture
def film(clips: Path) -> Path:
    """A film of bytes that no other test has."""
    graph = "testsrc2=size=320x180:rate=25:duration=1,hue=h=73"
    return run(*lavfi(graph), *X264, to=clips / "archived.mp4")


def done(client: Client, path: str, options: Any = None) -> dict[str, Any]:
    """What came of a chore, once it is through."""
    answer = client.post(path, options)
    assert answer.status_code == 202, answer.text
    job = client.until_job(answer.json()["job"]["id"], "completed")
    found: dict[str, Any] = client.get(job["output"]["url"])
    return found


def sluice(*words: str) -> str:
    """What the command line says, which waits for what it asks for."""
    command = [sys.executable, "-m", "deploy.local", *words]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert said.returncode == 0, said.stderr
    return said.stdout


def places(stack: Stack, sha256: str) -> list[str]:
    """In which folders a source is."""
    folders = {"store": stack.home.blobs, "archive": Path(stack.environ["SLUICE_ARCHIVE"])}
    return [name for name, root in folders.items() if (root / "raw" / sha256[:2] / sha256).is_file()]


def contents(stack: Stack, id: str) -> list[bytes]:
    """What each gateway sends: the second hands what is in the store over to the proxy before it."""
    found = []
    for url in stack.endpoints.urls:
        with Client(url, stack.token).http as http:
            found.append(http.get(f"/api/v1/media/{id}/content").content)
    return found


def test_what_is_archived_is_there_for_all_and_comes_back(client: Client, stack: Stack, film: Path) -> None:
    medium = client.until_media(client.upload(film)["media"]["id"], "ready")
    id, sha256, path = medium["id"], medium["sha256"], f"/api/v1/media/{medium['id']}"
    went = done(client, "/api/v1/care/archival", {"media": [id], "archive": True})
    assert [each["id"] for each in went["first"]] == [id]
    assert places(stack, sha256) == ["archive"]
    archived = client.get(path)["archived"]
    assert (archived["storage"], archived["readable"]) == ("archive", True)
    assert id in [each["id"] for each in client.get("/api/v1/media", archived="true")["items"]]
    content = film.read_bytes()
    assert contents(stack, id) == [content, content]
    playing = client.post(f"{path}/playback", {"method": "direct"}).json()
    with client.http as http:
        assert http.get(playing["url"], headers={"Range": "bytes=5-99"}).content == content[5:100]
    transcoded = client.post(f"{path}/transcode", {"profile": "preview"}).json()["job"]["id"]
    client.until_job(transcoded, "completed")

    scrub = done(client, "/api/v1/care/scrub", {"outputs": False})
    assert not [each for each in scrub["findings"] if each["id"] == id]
    done(client, "/api/v1/care/cleanup", {"delete": True, "grace_s": 0})
    assert places(stack, sha256) == ["archive"]
    assert id in sluice("unarchive", id, "--home", str(stack.home.root))
    assert places(stack, sha256) == ["store"]
    assert client.get(path)["archived"] is None
    sent = client.download(f"{path}/content", film.with_suffix(".back")).read_bytes()
    assert hashlib.sha256(sent).hexdigest() == sha256
