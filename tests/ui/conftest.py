"""A stack with two gateways and two workers, leases as they are, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from deploy.local.children import Backoff
from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from tests.browser import browser
from tests.client import Client, until
from tests.clips import run


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    options = Options(port=8800, gateways=2, workers=2, env={"MAX_CONCURRENT_JOBS": "1"})
    home = Home(tmp_path_factory.mktemp("home"))
    with Stack.start(home, options, backoff=Backoff(first_s=0.2, most_s=1.0)) as running:
        yield running


@pytest.fixture(autouse=True)
def _whole(stack: Stack) -> None:
    """Whatever was broken before, each test begins with all of it up."""
    for child in stack.children.values():
        child.release()
    until(lambda: stack.lacks() is None, "the stack to be whole")


@pytest.fixture(scope="package")
def clients(stack: Stack) -> list[Client]:
    """One for each gateway."""
    return [Client(url, stack.token) for url in stack.endpoints.urls]


@pytest.fixture(scope="package")
def client(clients: list[Client]) -> Client:
    return clients[0]


@pytest.fixture(scope="package")
def started() -> Iterator[Browser]:
    """The browser's process."""
    with browser() as opened:
        yield opened


@pytest.fixture
def chrome(started: Browser) -> Iterator[Browser]:
    """The browser; what a test opened is closed after it, or it would play on beside the next ones."""
    yield started
    for context in list(started.contexts):
        context.close()


@pytest.fixture(scope="package")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("films")


def film(folder: Path, name: str, seconds: int, size: str = "640x360") -> Path:
    """A film like no other, with two tracks of sound."""
    picture = f"testsrc2=size={size}:rate=30:duration={seconds},hue=h={len(name) * 31}"
    tones = [
        part
        for hertz in (300, 500)
        for part in ("-f", "lavfi", "-i", f"sine={hertz}:sample_rate=48000:duration={seconds}")
    ]
    maps = ("-map", "0", "-map", "1", "-map", "2", "-metadata:s:a:0", "language=eng")
    made = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-metadata:s:a:1", "language=spa")
    return run("-f", "lavfi", "-i", picture, *tones, *maps, *made, to=folder / f"{name}.mkv")
