"""Files a second that a scan takes in of 100,000 small ones, and looks at again, against a plain walk.

The plain walk reads and hashes of each file what the scan does. The scan also tells Kafka of each medium, and
keeps what it saw in MongoDB; how fast workers then probe them, which it otherwise waits for, is left out.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median

import psutil

from connectors.clock import SystemClock
from connectors.kafka_bulk import KafkaBulk
from connectors.mongo import MongoDatabase
from connectors.read_models import ReadModels
from connectors.rooted.identity import PART_BYTES
from connectors.rooted.located import place
from connectors.rooted.root import Root
from processors.folders.missing import Missing
from processors.folders.pages import COLLECTION, Pages
from processors.folders.plan import Patience
from processors.folders.ports import Outcome, Ports
from processors.folders.replaced import Replaced
from processors.folders.scan import Scan
from processors.folders.shelves import Shelf
from schemas.codec import Codec
from tests.bench.figures import Figure, figure
from tests.servers import Servers, servers

_FILES, _FOLDERS = 100_000, 1_000
_BYTES = 3_000
_RUNS = 3
_ALLOWED_MIB = 64


class NoPace:
    """Nobody probes here, and so nothing is waited for."""

    async def room(self) -> None: ...

    def told(self, media_ids: Iterable[str]) -> None: ...


def run() -> Iterator[Figure]:
    """The first scan, another with nothing changed, and the memory of both."""
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name, servers() as found:
        folder = Path(name) / "films"
        fill(folder)
        walks, firsts, agains = [], [], []
        with Memory() as memory:
            for _ in range(_RUNS):
                walks.append(_FILES / walk(folder))
                first, again = asyncio.run(scans(folder, found))
                firsts.append(_FILES / first)
                agains.append(_FILES / again)
    base = median(walks)
    for name, ours in (("scan first", median(firsts)), ("scan again", median(agains))):
        yield figure(name, ours, base, "files/s", "at least 0.3", ours >= 0.3 * base, _RUNS)
    goal, holds = f"at most {_ALLOWED_MIB} MiB more", memory.most - memory.before <= _ALLOWED_MIB
    yield figure("scan memory", memory.most, memory.before, "MiB", goal, holds, 1)


def fill(folder: Path) -> None:
    """Makes the files."""
    for number in range(_FOLDERS):
        within = folder / f"{number // 100:02d}" / f"{number:04d}"
        within.mkdir(parents=True)
        for each in range(_FILES // _FOLDERS):
            said = f"{number} {each} ".encode()
            (within / f"film {each:03d}.mp4").write_bytes(said * (_BYTES // len(said)))


def walk(folder: Path) -> float:
    """How many seconds it takes to find all files and to hash of each its beginning and its end."""
    began = time.monotonic()
    for at, _, names in os.walk(folder):
        for name in names:
            with Path(at, name).open("rb") as file:
                digest = hashlib.sha256(file.read(PART_BYTES))
                if (size := os.fstat(file.fileno()).st_size) > PART_BYTES:
                    file.seek(max(PART_BYTES, size - PART_BYTES))
                    digest.update(file.read(PART_BYTES))
    return time.monotonic() - began


async def scans(folder: Path, found: Servers) -> tuple[float, float]:
    """How many seconds a scan takes that knows nothing, and the one after it."""
    database = MongoDatabase(found.mongodb_url, "bench_scan")
    try:
        await database.drop(COLLECTION)
        ports = Ports(
            roots={"films": Root("films", folder)},
            pages=Pages(database),
            publisher=KafkaBulk(found.kafka, Codec()),
            clock=SystemClock(),
            pace=NoPace(),
            successions=Replaced(ReadModels(database)),
            patience=Patience(settle=timedelta(0)),
        )
        first_s, first = await timed(ports)
        again_s, again = await timed(ports)
    finally:
        database.close()
    assert (first.new, again.files, again.new, again.opened) == (_FILES, _FILES, 0, 0)
    return first_s, again_s


async def timed(ports: Ports) -> tuple[float, Outcome]:
    """One scan, and how many seconds it took."""
    began = time.monotonic()
    outcome = await Scan(ports, Shelf("library", "admin", place("films")), Missing()).run()
    return time.monotonic() - began, outcome


class Memory:
    """The resident memory of this process: before, and the most of it."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._done = threading.Event()
        self._watching = threading.Thread(target=self._watch)
        self.before = self.most = 0.0

    def __enter__(self) -> Memory:
        self.before = self.most = self._resident()
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._watching.join()

    def _watch(self) -> None:
        while not self._done.wait(0.05):
            self.most = max(self.most, self._resident())

    def _resident(self) -> float:
        return float(self._process.memory_info().rss / (1 << 20))
