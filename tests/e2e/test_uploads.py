"""Clients of tus that know nothing of Sluice send through cuts and a kill, and every byte arrives."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from tests.client import Client, until
from tests.cutting import cutting
from tests.debian import required

_SENDER = Path(__file__).with_name("tus_js")
_CUTS, _KILL = 10, 5
_CHUNK = 4 << 20

Send = Callable[[str, str, Path], None]
"""Sends a file to an endpoint with a token."""


@pytest.fixture(scope="module")
def size(request: pytest.FixtureRequest) -> int:
    return 1 << 30 if request.config.getoption("--full") else 64 << 20


@pytest.fixture(scope="module")
def gateways(
    size: int, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stack]:
    """The stack of all tests, or one that takes in larger files."""
    if size <= 64 << 20:
        yield request.getfixturevalue("stack")
        return
    with Stack.start(Home(tmp_path_factory.mktemp("home")), Options(port=8770, gateways=2)) as stack:
        yield stack


@pytest.fixture
def file(size: int, tmp_path: Path) -> Path:
    """A file of nothing in particular, like no other."""
    path = tmp_path / "file.bin"
    with path.open("wb") as target:
        for _ in range(size >> 20):
            target.write(os.urandom(1 << 20))
    return path


def by_tus_js_client(endpoint: str, token: str, file: Path) -> None:
    """All at once, from wherever it was cut."""
    node, folder = required("nodejs", "node"), _sender(file.with_name("sender"))
    subprocess.run([node, "send.js", endpoint, token, str(file)], cwd=folder, check=True, timeout=600)


def by_tuspy(endpoint: str, token: str, file: Path) -> None:
    """In pieces with checksums: one that was cut is sent again as a whole."""
    client = TusClient(endpoint, headers={"Authorization": f"Bearer {token}"})
    uploader = client.uploader(
        str(file),
        chunk_size=_CHUNK,
        metadata={"filename": "sent by tuspy.bin"},
        retries=100,
        retry_delay=0.2,
        upload_checksum=True,
    )
    uploader.upload()


def _sender(folder: Path) -> Path:
    """A folder with the script and what its lock names."""
    npm = required("npm", "npm")
    shutil.copytree(_SENDER, folder)
    subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, check=True)
    return folder


@pytest.mark.parametrize(
    ("send", "name"),
    [(by_tus_js_client, "sent by tus-js-client.bin"), (by_tuspy, "sent by tuspy.bin")],
)
def test_a_file_arrives_through_cuts_and_a_kill(gateways: Stack, file: Path, send: Send, name: str) -> None:
    names = ("gateway-1", "gateway-2")
    killed: list[str] = []

    def on_cut(number: int, gateway: int) -> None:
        if number == _KILL:
            killed.append(names[gateway])
            gateways.children[names[gateway]].kill()

    with cutting(gateways.endpoints.urls, file.stat().st_size, _CUTS, on_cut) as (way, made):
        send(f"{way}/api/v1/uploads", gateways.token, file)
        assert made.made == _CUTS
    assert len(killed) == 1
    arrived = [each for each in _media(gateways) if each["name"] == name]
    assert len(arrived) == 1
    with file.open("rb") as source:
        assert arrived[0]["sha256"] == hashlib.file_digest(source, "sha256").hexdigest()
    assert not list((gateways.home.blobs / "unfinished").iterdir())


def _media(stack: Stack) -> list[dict[str, Any]]:
    """All media, once every gateway is there."""
    until(lambda: stack.lacks() is None, "the stack to be whole")
    items: list[dict[str, Any]] = Client(stack.endpoints.urls[0], stack.token).get("/api/v1/media")["items"]
    return items


def test_an_unfinished_one_is_listed_and_can_be_given_up(gateways: Stack) -> None:
    client, spoken = Client(gateways.endpoints.urls[0], gateways.token), {"Tus-Resumable": "1.0.0"}
    said = {"Upload-Length": "10", "Upload-Metadata": "filename YS5iaW4="}
    with client.http as http:
        begun = [http.post("/api/v1/uploads", headers=spoken | said).raise_for_status() for _ in range(3)]
        at = [each.headers["location"] for each in begun]
        first = http.get("/api/v1/uploads", params={"limit": 2}).raise_for_status().json()
        rest = http.get("/api/v1/uploads", params={"limit": 2, "cursor": first["next"]}).json()
        listed = [each["links"]["self"] for each in (*first["items"], *rest["items"])]
        assert (listed, rest["next"]) == (at[::-1], None)
        for each in at:
            http.delete(each, headers=spoken).raise_for_status()
        assert http.get("/api/v1/uploads").json()["items"] == []
