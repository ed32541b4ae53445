"""Hardware is used until it fails; then software, from what is missing on, and in the same attempt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from connectors.blobs import FileStore
from connectors.file_tools import Join, Whole
from connectors.hardware import Hardware, HardwareEncoder
from connectors.media_tools import OnProgress
from connectors.process import ToolFailed
from connectors.segment_tools import AudioRun, Misaligned, OnSegment, VideoRun
from processors.transcode.choice import Choice
from processors.transcode.drawing import Drawing
from processors.transcode.orders import RunOutcome, read
from processors.transcode.plan import Asked, Planned, plan
from processors.transcode.runs import VideoWork
from processors.transcode.work import FileWork
from processors.work.execution import Execution, TaskFailed, Work
from processors.work.tasks import Task
from schemas.medium import Medium
from schemas.profiles import Profile, Rung, Video
from schemas.segments import INIT
from tests import samples
from tests.fakes import FakeClock
from tests.unit.processors.extractor import FakeExtractor
from tests.unit.processors.test_runs import fragment

NVENC = HardwareEncoder("h264", "nvenc")
MEDIUM = Medium.of(samples.probed(duration_ms=40_000, streams=[samples.video_stream(end_us=40_000_000)]))
BROKEN = {"hardware_encoders": "none", "hardware_out_of_order": "h264_nvenc"}
IN_ORDER = {"hardware_encoders": "h264_nvenc"}

Fault = Callable[[bool, int], Exception | None]
"""What goes wrong: in hardware or not, and at which segment."""


def planned(**more: object) -> Planned:
    rung = Rung(height=360, crf=None if more else 23, **more)  # type: ignore[arg-type]
    profile = Profile(name="p", video=Video(codec="h264", rungs=(rung,), hardware=True))
    asked = Asked(medium=MEDIUM, profile=profile, media_id="m", owner_id="o", priority="normal", name="n")
    return plan(asked)[0]


@pytest.fixture
def hardware() -> Hardware:
    made = Hardware(tried=True)
    made.works(NVENC)
    return made


@dataclass
class Tools:
    """Encodes as it is told, and remembers with what, and from where on."""

    fault: Fault
    used: list[tuple[str, int]] = field(default_factory=list)

    async def video(self, run: VideoRun, on_segment: OnSegment, on_progress: OnProgress) -> None:
        self.used.append((_name(run.hardware), run.first))
        (rung,) = run.rungs
        await on_segment(rung.key, INIT, b"init")
        for number in range(run.first, run.first + run.count):
            if error := self.fault(run.hardware is not None, number):
                raise error
            await on_segment(rung.key, number, fragment(run.grid.length(number)))

    async def audio(self, run: AudioRun, on_segment: OnSegment, on_progress: OnProgress) -> None:
        raise NotImplementedError

    async def join(self, order: Join) -> None:
        raise NotImplementedError

    async def whole(self, order: Whole, on_progress: OnProgress) -> None:
        self.used.append((_name(order.hardware), 0))
        if error := self.fault(order.hardware is not None, 0):
            raise error
        order.target.write_bytes(b"film")


def _name(encoder: HardwareEncoder | None) -> str:
    return encoder.name if encoder else "software"


async def done(folder: Path, tools: Tools, hardware: Hardware, task: Planned) -> str:
    """One attempt at a task."""
    store, clock = FileStore(folder / "blobs", "w1"), FakeClock()
    source = folder / "blobs" / MEDIUM.location
    source.parent.mkdir(parents=True, exist_ok=True)
    source.touch()
    made = Task.planned(samples.task_changed(kind=task.kind, plan=replace(task.plan)))

    async def confirm() -> None: ...

    drawing = Drawing(store, FakeExtractor())
    works: dict[str, Work] = {
        "video": VideoWork(store, tools, clock, drawing, hardware),
        "file": FileWork(store, tools, clock, drawing, hardware=hardware),
    }
    return await works[task.kind](Execution(made, "w1", folder, lambda _: None, confirm))


async def test_what_works_is_used(tmp_path: Path, hardware: Hardware) -> None:
    tools = Tools(lambda in_hardware, number: None)
    outcome = read(RunOutcome, await done(tmp_path, tools, hardware, planned()))
    assert (tools.used, hardware.details()) == ([("h264_nvenc", 0)], IN_ORDER)
    assert outcome.encoder == "h264_nvenc"


@pytest.mark.parametrize("error", [ToolFailed("tool_error", "lost"), Misaligned("late")])
async def test_software_goes_on_where_hardware_left_off(
    tmp_path: Path, hardware: Hardware, error: Exception
) -> None:
    tools = Tools(lambda in_hardware, number: error if in_hardware and number == 3 else None)
    outcome = read(RunOutcome, await done(tmp_path, tools, hardware, planned()))
    assert tools.used[-1] == ("software", 3)
    assert {name for name, _ in tools.used[:-1]} == {"h264_nvenc"}
    assert [stored.segment for stored in next(iter(outcome.stored.values()))] == list(range(8))
    assert outcome.encoder.startswith("h264_nvenc, which failed (")
    assert outcome.encoder.endswith("); then software")
    assert hardware.details() == BROKEN
    again = Tools(tools.fault)
    await done(tmp_path / "again", again, hardware, planned())
    assert again.used == [("software", 0)]


async def test_where_software_fails_too_hardware_stays_in_use(tmp_path: Path, hardware: Hardware) -> None:
    tools = Tools(lambda in_hardware, number: ToolFailed("tool_error", "no such stream"))
    with pytest.raises(TaskFailed, match="no such stream"):
        await done(tmp_path, tools, hardware, planned())
    assert (tools.used, hardware.details()) == ([("h264_nvenc", 0), ("software", 0)], IN_ORDER)


async def test_a_whole_file_is_begun_again_in_software(tmp_path: Path, hardware: Hardware) -> None:
    tools = Tools(lambda in_hardware, number: ToolFailed("tool_error", "lost") if in_hardware else None)
    await done(tmp_path, tools, hardware, planned(bit_rate=800_000))
    assert tools.used == [("h264_nvenc", 0), ("software", 0)]
    assert hardware.details() == BROKEN


def test_nothing_is_left_to_try_after_software(hardware: Hardware) -> None:
    choice = Choice(Hardware())
    assert choice.encoder([]) is None
    assert not choice.falls_back(TaskFailed("x", "y"))
