"""One whole stack for all end-to-end tests, with everything real."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.ports import pick
from deploy.local.stack import Stack
from tests.client import Client
from tests.clips import slow_clip
from tests.debian import CLAMD, HANDBRAKE, program
from tests.malware import ClamdProcess, clamd


@cache
def metrics_ports() -> dict[str, int]:
    """Where the processes behind the gateway show their metrics."""
    first = pick(set())
    return {"processors-1": first, "worker-1": pick({first})}


@pytest.fixture(scope="package")
def scanner() -> Iterator[ClamdProcess | None]:
    """What everything that is uploaded here is scanned with; None where it can't be had."""
    if program(*CLAMD) is None:
        yield None
        return
    with clamd(limit=256 << 20) as process:
        process.start()
        yield process


@pytest.fixture(scope="package")
def films_at_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the root `home` is."""
    return tmp_path_factory.mktemp("films-at-home")


@pytest.fixture(scope="package")
def stack(
    tmp_path_factory: pytest.TempPathFactory, scanner: ClamdProcess | None, films_at_home: Path
) -> Iterator[Stack]:
    program(*HANDBRAKE)  # a worker looks for it once, at its start
    scanned = {"SLUICE_CLAMD": scanner.tcp} if scanner else {}
    ports = metrics_ports()
    options = Options(
        port=8700,
        gateways=2,
        child_env={
            **{name: {"SLUICE_METRICS_PORT": str(port)} for name, port in ports.items()},
            "worker-1": {"SLUICE_METRICS_PORT": str(ports["worker-1"]), **scanned},
            "gateway-2": {"SLUICE_ACCEL_REDIRECT": "/_blobs/"},
        },
        env={
            "SLUICE_UPLOAD_STALL_S": "2",
            "SLUICE_MAX_UPLOAD_BYTES": str(64 << 20),
            "SLUICE_BEAT_S": "1",
            "SLUICE_ARCHIVE": str(tmp_path_factory.mktemp("archive")),
            "SLUICE_ROOTS": f"home={films_at_home}",
            "SLUICE_ROOTS_WRITABLE": "home",
            "SLUICE_FOLDERS_SETTLE_S": "1",
            "SLUICE_FOLDERS_GRACE_S": "3",
        },
    )
    with Stack.start(Home(tmp_path_factory.mktemp("home")), options) as running:
        yield running


@pytest.fixture(scope="package")
def client(stack: Stack) -> Client:
    assert stack.url is not None
    return Client(stack.url, stack.token)


@pytest.fixture(scope="package")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="package")
def slow_film(clips: Path) -> Path:
    """Takes some seconds to transcode, and as long as that to make: others are copies with a mark."""
    return slow_clip(clips / "slow.mp4")


@pytest.fixture
def blobs(stack: Stack) -> Path:
    return stack.home.blobs
