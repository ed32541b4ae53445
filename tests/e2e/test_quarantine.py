"""A real scanner before everything: what it finds is held and reviewed, and without it nothing goes in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from tests.client import Client, until
from tests.clips import clip, run
from tests.e2e.conftest import metrics_ports
from tests.malware import EICAR, FINDING, ClamdProcess


@pytest.fixture
def running(scanner: ClamdProcess | None) -> Iterator[ClamdProcess]:
    if scanner is None:
        pytest.skip("there is no clamd here, and it cannot be installed without root")
    yield scanner
    if not scanner.listens():
        scanner.start()


def sluice(stack: Stack, *words: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "deploy.local", *words, "--json", "--home", str(stack.home.root)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [orjson.loads(line) for line in done.stdout.splitlines()]


def infected(path: Path) -> Path:
    """A film that plays, and carries the test file in what it says of itself."""
    good = clip(path.with_suffix(".mp4"), seconds=1)
    return run("-i", str(good), "-c", "copy", "-metadata", f"comment={EICAR.decode()}", to=path)


def areas(blobs: Path, sha256: str) -> set[str]:
    """Where bytes are that were uploaded."""
    return {area for area in ("raw", "quarantine") if list((blobs / area).rglob(sha256))}


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_what_the_scanner_finds_is_held_until_someone_lets_it_in(
    running: ClamdProcess, stack: Stack, client: Client, blobs: Path, tmp_path: Path
) -> None:
    film = infected(tmp_path / "film.mkv")
    said = client.upload(film, profile="preview")
    media = client.until_media(said["media"]["id"], "quarantined")
    path = f"/api/v1/media/{media['id']}"
    assert (media["quarantine"]["finding"], media["probe"]) == (FINDING, None)
    assert areas(blobs, media["sha256"]) == {"quarantine"}
    with client.http as http:
        assert problem(http.get(f"{path}/content")) == (409, "media-quarantined")
        assert problem(http.post(f"{path}/playback", json={})) == (409, "media-quarantined")
    assert [item["media"]["id"] for item in sluice(stack, "quarantine", "list")] == [media["id"]]
    sluice(stack, "quarantine", "release", media["id"], "--reason", "our own test file")
    assert client.until_media(media["id"], "ready")["quarantine"] is None
    client.until_job(said["job"]["id"], "completed")
    assert client.download(f"{path}/content", tmp_path / "again").read_bytes() == film.read_bytes()
    until(lambda: areas(blobs, media["sha256"]) == {"raw"}, "the bytes to be where they belong")
    (entry,) = client.get("/api/v1/audit", action="media.released")["items"]
    assert (entry["target"], entry["details"]["reason"]) == (media["id"], "our own test file")


def test_what_is_destroyed_is_gone(
    running: ClamdProcess, stack: Stack, client: Client, blobs: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "eicar.mp4"
    bare.write_bytes(EICAR)
    said = client.upload(bare, profile="preview")
    held = client.until_media(said["media"]["id"], "quarantined")
    sluice(stack, "quarantine", "destroy", held["id"], "--reason", "malware indeed")
    rejected = client.until_media(held["id"], "rejected")
    assert (rejected["rejection"]["code"], rejected["quarantine"]) == ("malware", None)
    assert "malware indeed" in rejected["rejection"]["reason"]
    assert client.until_job(said["job"]["id"], "failed")["error"]["code"] == "media_rejected"
    until(lambda: not areas(blobs, held["sha256"]), "the bytes to go")
    assert client.get("/api/v1/quarantine")["items"] == []


def test_without_its_scanner_nothing_goes_in_and_all_goes_on_when_it_is_back(
    running: ClamdProcess, stack: Stack, client: Client, tmp_path: Path
) -> None:
    good = clip(tmp_path / "good.mp4", seconds=1)
    running.kill()
    media = client.upload(good)["media"]
    until(lambda: "scanner-away" in warnings(client), "someone to say that the scanner is away")
    assert "sluice_scanner_up 0.0" in metrics()
    (status,) = sluice(stack, "status")
    assert "accepts nothing" in str(status["warnings"])
    assert client.get(f"/api/v1/media/{media['id']}")["status"] == "uploaded"
    running.start()
    assert client.until_media(media["id"], "ready")["quarantine"] is None
    until(lambda: "scanner-away" not in warnings(client), "the warning to go")
    assert "sluice_scanner_up 1.0" in metrics()


def warnings(client: Client) -> list[str]:
    return [each["code"] for each in client.get("/api/v1/system/status")["warnings"]]


def metrics() -> str:
    return httpx.get(f"http://127.0.0.1:{metrics_ports()['worker-1']}/metrics").text
