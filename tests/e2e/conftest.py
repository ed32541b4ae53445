"""One whole stack for all end-to-end tests, with everything real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from tests.client import Client


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = Options(
        port=8700,
        env={"SLUICE_UPLOAD_STALL_S": "2", "SLUICE_MAX_UPLOAD_BYTES": str(64 << 20), "SLUICE_BEAT_S": "1"},
    )
    with Stack.start(Home(tmp_path_factory.mktemp("home")), options) as running:
        yield running


@pytest.fixture(scope="session")
def client(stack: Stack) -> Client:
    assert stack.url is not None
    return Client(stack.url, stack.token)


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
def blobs(stack: Stack) -> Path:
    return stack.home.blobs
