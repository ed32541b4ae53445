"""A stack with two of everything that can be two, short leases and short sessions, for breaking."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymongo
import pytest

from deploy.local.children import Backoff
from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from tests.client import Client
from tests.drills.scene import LEASE_S, Scene

SETTINGS = {
    "SLUICE_LEASE_S": f"{LEASE_S:g}",
    "SLUICE_SESSION_TIMEOUT_S": "2",
    "SLUICE_BEAT_S": "1",
    "SLUICE_REVOCATION_PATIENCE_S": "4",
    "SLUICE_DRAIN_S": "0.5",
    "MAX_CONCURRENT_JOBS": "1",
}


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = Options(port=8750, processors=2, workers=2, env=SETTINGS)
    home = Home(tmp_path_factory.mktemp("home"))
    with Stack.start(home, options, backoff=Backoff(first_s=0.2, most_s=1.0)) as running:
        yield running


@pytest.fixture(scope="package")
def mongo(stack: Stack) -> Iterator[Any]:
    """One client for all that drills look at: they look often, and to connect takes longer than to look."""
    url = stack.endpoints.mongodb_url
    client: Any = pymongo.MongoClient(url, serverSelectionTimeoutMS=60_000, tz_aware=True)
    with client:
        yield client


@pytest.fixture
def scene(stack: Stack, mongo: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A scene on the stack, which must be whole before and after."""
    assert stack.url is not None
    folder: Path = tmp_path_factory.getbasetemp() / "drill-clips"
    folder.mkdir(exist_ok=True)
    database = mongo[stack.environ["SLUICE_DATABASE"]]
    made = Scene(stack, Client(stack.url, stack.token), folder, database)
    made.until_whole()
    yield made
    for child in stack.children.values():
        child.release()
    made.until_whole()
