"""Files, a real S3 that is started once for all, and any other S3 that SLUICE_TEST_S3 names."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.ports import BlobStore
from connectors.s3.options import S3Options
from tests.contract.blob_homes import Home
from tests.s3_server import S3Server, s3_server

ELSEWHERE = os.environ.get("SLUICE_TEST_S3")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with s3_server(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture
def own(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    cache = tmp_path / "cache"
    return Home(server.url(f"t/{uuid.uuid4().hex}"), S3Options(endpoint=server.endpoint, cache=cache))


@pytest.fixture(params=["files", "archived", "s3", *(["elsewhere"] if ELSEWHERE else [])])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    if request.param == "files":
        yield Home((tmp_path / "blobs").as_uri(), S3Options())
    elif request.param == "archived":
        yield Home((tmp_path / "blobs").as_uri(), S3Options(), tmp_path / "archive")
    elif request.param == "s3":
        yield request.getfixturevalue("own")
    else:
        options = S3Options(endpoint=os.environ.get("SLUICE_S3_ENDPOINT"), cache=tmp_path / "cache")
        found = Home(f"{str(ELSEWHERE).rstrip('/')}/{uuid.uuid4().hex}", options)
        yield found
        found.clear()


@pytest.fixture
def store(home: Home) -> BlobStore:
    return home.open()
