"""Encoders in hardware: only those that work are used, and what fails in mid-job goes on in software.

No machine here need have one: a program that runs the real ffmpeg stands in for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from glob import glob
from pathlib import Path
from typing import Any

import av
import pytest

from connectors.blobs import FileStore
from connectors.clock import SystemClock
from connectors.file_tools import FileTools, Join
from connectors.hardware import Hardware
from connectors.hardware_trials import Trials
from connectors.process import ToolRunner
from connectors.sandbox import Isolation, Sandbox, find_isolation
from connectors.segment_tools import SegmentTools
from processors.transcode.orders import RunOutcome, VideoOrder, read
from processors.transcode.plan import Asked, plan
from processors.transcode.runs import VideoWork
from processors.work.execution import Execution, TaskFailed
from processors.work.tasks import Task
from schemas.profiles import Container, Profile, Rung, Video
from schemas.renditions import INIT, Medium, segment_location
from tests import samples
from tests.clips import clip, ffmpeg, looked_at
from tests.pretended import NAME, pretended

PROFILE = Profile(name="quick", video=Video(codec="h264", rungs=(Rung(height=360, crf=30),), hardware=True))
SECONDS, PER_SEGMENT = 16, 120
WORKS = {"hardware_encoders": NAME}


@pytest.fixture(scope="module")
def isolation() -> Isolation:
    return find_isolation()


@pytest.fixture
def runner(isolation: Isolation) -> ToolRunner:
    return ToolRunner(Sandbox(isolation))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip(tmp_path_factory.mktemp("film") / "film.mp4", seconds=SECONDS, sound=False)


async def found(runner: ToolRunner, program: Path, within_s: float = 60) -> Hardware:
    """What the trials find."""
    hardware = Hardware()
    folder = program.with_name("trials")
    await Trials(runner, program, folder, within_s).run(hardware)
    assert not folder.exists()
    return hardware


@pytest.mark.skipif(bool(glob("/dev/dri/*") + glob("/dev/nvidia*")), reason="there may be hardware here")
async def test_where_there_is_no_device_no_listed_encoder_counts(runner: ToolRunner, tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.symlink_to(ffmpeg())
    assert (await found(runner, program)).details() == {"hardware_encoders": "none"}


async def test_an_encoder_whose_pictures_can_be_decoded_counts(runner: ToolRunner, tmp_path: Path) -> None:
    assert (await found(runner, pretended(tmp_path / "ffmpeg"))).details() == WORKS


@pytest.mark.parametrize(
    "fault",
    [
        {"end": 1},
        {"pictures": 8},
        {"bitstream": "noise=amount=1:drop=0"},
        {"bitstream": "filter_units=remove_types=7|8"},
        {"bitstream": "setts=ts=TS+100"},
    ],
)
async def test_an_encoder_that_gives_anything_less_does_not_count(
    runner: ToolRunner, tmp_path: Path, fault: dict[str, Any]
) -> None:
    program = pretended(tmp_path / "ffmpeg", **fault)
    assert (await found(runner, program)).details() == {"hardware_encoders": "none"}


async def test_a_trial_that_hangs_is_given_up(runner: ToolRunner, tmp_path: Path) -> None:
    program = pretended(tmp_path / "ffmpeg", bitstream="dump_extra,setts=ts=TS")
    program.write_text(program.read_text().replace("done = ", "__import__('time').sleep(600); done = "))
    assert (await found(runner, program, within_s=1)).details() == {"hardware_encoders": "none"}


@dataclass
class Scene:
    """One run of segments with real tools over a real store."""

    runner: ToolRunner
    program: Path
    hardware: Hardware
    film: Path
    folder: Path
    store: FileStore = field(init=False)
    medium: Medium = field(init=False)

    def __post_init__(self) -> None:
        self.store, self.medium = FileStore(self.folder / "blobs", "w1"), looked_at(self.film)
        source = self.folder / "blobs" / self.medium.location
        source.parent.mkdir(parents=True)
        source.hardlink_to(self.film)

    @property
    def order(self) -> VideoOrder:
        return read(VideoOrder, self._planned().order)

    def _planned(self) -> Any:
        given = {"media_id": "m", "owner_id": "o", "priority": "normal", "name": "film"}
        return plan(Asked(medium=self.medium, profile=PROFILE, **given))[0].plan

    async def run(self) -> RunOutcome:
        async def confirm() -> None: ...

        task = Task.planned(samples.task_changed(kind="video", plan=self._planned()))
        execution = Execution(task, "w1", self.folder, lambda _: None, confirm)
        tools = SegmentTools(self.runner, self.program)
        work = VideoWork(self.store, tools, SystemClock(), self.hardware)
        return read(RunOutcome, await work(execution))

    async def pieces(self) -> list[Path]:
        (rung,) = self.order.rungs
        numbers = (INIT, *range(rung.grid.segments))
        return [await self.store.local_path(segment_location(rung.source, rung.key, n)) for n in numbers]

    async def joined(self, container: Container) -> Path:
        target = self.folder / f"out.{container}"
        order = Join(
            source=self.film,
            medium=self.medium,
            profile=replace(PROFILE, container=container),
            video=await self.pieces(),
            audio=[],
            audio_streams=[],
            self_contained=self.order.rungs[0].self_contained,
            target=target,
        )
        await FileTools(self.runner, Path(ffmpeg())).join(order)
        return target


@pytest.fixture
async def scene(runner: ToolRunner, film: Path, tmp_path: Path) -> Scene:
    program = pretended(tmp_path / "ffmpeg")
    return Scene(runner, program, await found(runner, program), film, tmp_path)


def sound(path: Path) -> bool:
    """Whether a file has all pictures, each decoded without a complaint."""
    with av.open(str(path)) as made:
        made.streams.video[0].codec_context.options = {"err_detect": "explode"}
        times = [frame.time for frame in made.decode(video=0)]
    return len(times) == SECONDS * 30 and times == sorted(set(times))


async def test_a_run_is_made_in_hardware_where_that_works(scene: Scene) -> None:
    outcome = await scene.run()
    assert outcome.encoded == SECONDS * 30 // PER_SEGMENT
    assert scene.hardware.details() == WORKS
    assert sound(await scene.joined("mp4"))


async def test_hardware_that_fails_in_mid_run_loses_no_segment(scene: Scene) -> None:
    pretended(scene.program, pictures=2 * PER_SEGMENT, end=1)
    outcome = await scene.run()
    assert outcome.encoded == SECONDS * 30 // PER_SEGMENT  # none of them twice
    assert scene.hardware.details() == {"hardware_encoders": "none", "hardware_out_of_order": NAME}
    for container in ("mp4", "mkv"):
        assert sound(await scene.joined(container))
    with av.open(str(await scene.joined("mp4"))) as made:
        assert made.streams.video[0].codec_tag == "avc3"


async def test_hardware_that_ends_early_without_a_word_is_made_up_for(scene: Scene) -> None:
    pretended(scene.program, pictures=PER_SEGMENT + 7)
    assert (await scene.run()).encoded == SECONDS * 30 // PER_SEGMENT
    assert scene.hardware.details()["hardware_out_of_order"] == NAME
    assert sound(await scene.joined("mp4"))


async def test_what_software_cannot_do_either_is_not_held_against_hardware(scene: Scene) -> None:
    source = scene.folder / "blobs" / scene.medium.location
    source.unlink()
    source.write_bytes(b"\0" * 1000)
    with pytest.raises(TaskFailed):
        await scene.run()
    assert scene.hardware.details() == WORKS
