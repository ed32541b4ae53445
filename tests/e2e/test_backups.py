"""A backup of a stack at work goes back into an empty one: the same views, every blob, and work goes on."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.local.home import Home
from deploy.local.parts import DATABASE, KAFKA, Options
from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from tests.backed_up import GENERATION, ends_in, views
from tests.client import Client
from tests.clips import clip, marked, slow_clip

Documents = dict[str, Any]


def sluice(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.local", *map(str, words), "--json"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)


def said(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    return answer


@contextmanager
def uploading(client: Client, film: Path, folder: Path) -> Iterator[None]:
    """Uploads one film after another until the context ends."""
    over = threading.Event()

    def upload() -> None:
        number = 0
        while not over.is_set():
            client.upload(marked(film, folder / "load.mp4", number), f"load {number}.mp4")
            number += 1

    loading = threading.Thread(target=upload)
    loading.start()
    try:
        yield
    finally:
        over.set()
        loading.join(60)


@dataclass(frozen=True)
class BackedUp:
    """A backup, and what there was when it was made."""

    archive: Path
    views: Documents
    done: dict[str, Any]
    """A job that was completed."""
    output: bytes
    under_way: str
    """A job that was not."""
    user: dict[str, str]


@pytest.fixture(scope="module")
def backed_up(tmp_path_factory: pytest.TempPathFactory) -> BackedUp:
    folder = tmp_path_factory.mktemp("backups")
    home = Home(folder / "home")
    with Stack.start(home, Options(port=8780, env={"MAX_CONCURRENT_JOBS": "1"})) as stack:
        assert stack.url is not None
        client = Client(stack.url, stack.token)
        film = clip(folder / "film.mp4", seconds=2)
        user = {"login": "ann", "password": "a long word for Ann 7"}
        assert client.post("/api/v1/users", {**user, "role": "viewer"}).status_code == 201
        done = client.upload(film, profile="preview")["job"]["id"]
        job = client.until_job(done, "completed")
        output = client.download(job["links"]["output"], folder / "out.mp4").read_bytes()
        under_way = client.upload(slow_clip(folder / "slow.mp4"), profile="web")["job"]["id"]
        client.until_job(under_way, "processing")
        path = folder / "backup.tar"
        with uploading(client, film, folder):
            made = said(sluice("backup", "create", path, "--home", home.root))
        assert (made["damaged"], made["records"] > 50, made["blobs"] > 3) == ([], True, True)
        shown = asyncio.run(views(stack, ends_in(path)))
    shutil.rmtree(home.root)
    return BackedUp(path, shown, job, output, under_way, user)


def test_a_stack_that_works_comes_back_from_its_backup(backed_up: BackedUp, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    restored = said(sluice("backup", "restore", backed_up.archive, "--home", home.root))
    assert restored["damaged"] == []
    with Stack.start(home, Options(parts=frozenset({KAFKA, DATABASE}))) as stack:
        assert asyncio.run(views(stack)) == backed_up.views
    with Stack.start(home, Options(port=8785)) as stack:
        assert stack.url is not None
        client = Client(stack.url, stack.token)
        job = client.job(backed_up.done["id"])
        assert job == backed_up.done
        assert client.download(job["links"]["output"], tmp_path / "out").read_bytes() == backed_up.output
        client.until_job(backed_up.under_way, "completed")
        for id, medium in backed_up.views[f"media_{GENERATION}"].items():
            content = client.download(f"/api/v1/media/{id}/content", tmp_path / "content").read_bytes()
            assert hashlib.sha256(content).hexdigest() == medium["upload"]["sha256"]
        signed_in = client.post("/api/v1/auth/login", backed_up.user)
        assert signed_in.status_code == 200, signed_in.text
    again = sluice("backup", "restore", backed_up.archive, "--home", home.root)
    assert (again.returncode, "is a home already" in again.stderr) == (5, True)


@pytest.mark.parametrize("harm", ["flipped", "cut off"])
def test_a_damaged_backup_is_told_and_nothing_of_it_is_restored(
    backed_up: BackedUp, tmp_path: Path, harm: str
) -> None:
    path = tmp_path / "damaged.tar"
    content = bytearray(backed_up.archive.read_bytes())
    if harm == "flipped":
        with tarfile.open(backed_up.archive) as opened:
            largest = max(opened, key=lambda member: member.size)
        content[largest.offset_data + largest.size // 2] ^= 1
    path.write_bytes(content if harm == "flipped" else content[: len(content) // 2])
    assert sluice("backup", "verify", path).returncode == 1
    refused = sluice("backup", "restore", path, "--home", tmp_path / "home")
    assert refused.returncode == 1
    assert "damaged" in refused.stderr or "no whole backup" in refused.stderr
    assert not (tmp_path / "home").exists()
