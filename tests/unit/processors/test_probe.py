"""What a probe answers of a medium whose clock restarts; its tools are played."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.blobs import FileStore
from connectors.media_tools import MediaRefused
from connectors.ports import content_of
from connectors.process import ToolFailed
from processors.ingest.plan import ProbeOrder, ProbeOutcome
from processors.ingest.scanning import NoScans, Scanning
from processors.ingest.work import Probe
from processors.work.execution import Execution
from processors.work.tasks import Task
from tests import samples
from tests.fakes import FakeClock

CONTENT = b"two recordings"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
RAW = f"raw/{DIGEST[:2]}/{DIGEST}"


@dataclass
class Tools:
    """Finds a clock that restarts, until it is made straight."""

    restarts: bool = True
    error: Exception | None = None
    wrong_after: Exception | None = None
    wrong: Exception | None = None
    probed: list[str] = field(default_factory=list)

    async def probe(self, path: Path) -> dict[str, Any]:
        self.probed.append(path.name)
        if self.wrong is not None:
            raise self.wrong
        straight = path.read_bytes() != CONTENT
        if straight and self.wrong_after is not None:
            raise self.wrong_after
        return {
            "container": "matroska" if straight else "mpegts",
            "duration_ms": 4000 if straight else 2000,
            "clock_restarts": self.restarts and not straight,
        }

    async def straighten(self, source: Path, demuxer: str, target: Path) -> None:
        assert (source.read_bytes(), demuxer) == (CONTENT, "mpegts")
        if self.error is not None:
            raise self.error
        target.write_bytes(b"one recording")


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    place = tmp_path / "blobs" / RAW
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)
    return FileStore(tmp_path / "blobs", "w1")


async def answered(store: FileStore, folder: Path, tools: Tools) -> ProbeOutcome:
    order = ProbeOrder(location=RAW, size_bytes=len(CONTENT), sha256=DIGEST)
    asked = samples.plan(order=orjson.dumps(asdict(order)).decode())
    task = Task.planned(samples.task_changed(kind="probe", plan=asked))

    async def confirm() -> None: ...

    execution = Execution(task, "w1", folder, lambda _: None, confirm)
    probe = Probe(store, tools, tools, Scanning(None, NoScans()), FakeClock())
    return ProbeOutcome(**orjson.loads(await probe(execution)))


async def test_a_medium_with_one_clock_is_taken_as_it_is(store: FileStore, tmp_path: Path) -> None:
    tools = Tools(restarts=False)
    found = await answered(store, tmp_path, tools)
    assert (found.location, found.container, found.duration_ms) == (RAW, "mpegts", 2000)
    assert tools.probed == [DIGEST]


async def test_one_whose_clock_restarts_is_described_as_its_copy(store: FileStore, tmp_path: Path) -> None:
    found = await answered(store, tmp_path, Tools())
    assert (found.container, found.duration_ms) == ("matroska", 4000)
    assert (found.sha256, found.size_bytes) == (DIGEST, len(CONTENT))
    assert found.location.startswith("straight/")
    assert await content_of(store, found.location) == b"one recording"
    assert await content_of(store, RAW) == CONTENT


@pytest.mark.parametrize(
    "tools",
    [
        Tools(error=ToolFailed("tool_error", "no such codec in Matroska")),
        Tools(wrong_after=MediaRefused("corrupt", "it cannot be read")),
    ],
    ids=["no copy", "no good copy"],
)
async def test_where_no_copy_can_be_had_it_is_taken_as_it_is(
    store: FileStore, tmp_path: Path, tools: Tools
) -> None:
    found = await answered(store, tmp_path, tools)
    assert (found.location, found.container, found.duration_ms, found.code) == (RAW, "mpegts", 2000, None)
    assert not list((tmp_path / "blobs").glob("straight/*/*"))


async def test_bytes_of_another_length_are_not_looked_at(store: FileStore, tmp_path: Path) -> None:
    tools = Tools(wrong=ToolFailed("crashed", "it fell over"))
    (tmp_path / "blobs" / RAW).write_bytes(CONTENT[:-1])
    found = await answered(store, tmp_path, tools)
    assert (found.code, "not as long as what was uploaded" in str(found.reason)) == ("corrupt", True)
    assert tools.probed == []


async def test_a_tool_that_fails_over_the_right_bytes_is_tried_again(
    store: FileStore, tmp_path: Path
) -> None:
    with pytest.raises(ToolFailed):
        await answered(store, tmp_path, Tools(wrong=ToolFailed("crashed", "it fell over")))
    refused = await answered(store, tmp_path, Tools(wrong=MediaRefused("hostile", "it is odd")))
    assert (refused.code, refused.reason) == ("hostile", "it is odd")
