"""Encoders in hardware: only those that work are used, and what fails in mid-job goes on in software.

No machine here need have one: a program that runs the real ffmpeg stands in for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from glob import glob
from pathlib import Path
from typing import Any

import av
import orjson
import pytest

from connectors.blobs import FileStore
from connectors.clock import SystemClock
from connectors.file_tools import FileTools, Join
from connectors.hardware import Hardware
from connectors.hardware_trials import Trials
from connectors.process import ToolRunner
from connectors.sandbox import Isolation, Sandbox, find_isolation
from connectors.segment_tools import SegmentTools
from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from processors.transcode.orders import RunOutcome, VideoOrder, read
from processors.transcode.plan import Asked, plan
from processors.transcode.runs import VideoWork
from processors.work.execution import Execution, TaskFailed
from processors.work.tasks import Task
from schemas.profiles import Audio, Container, Profile, Rung, Video, written
from schemas.renditions import INIT, Medium, segment_location
from tests import samples
from tests.client import Client, until
from tests.clips import clip, ffmpeg, looked_at, marked
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


@pytest.fixture(scope="module")
def equipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Path]]:
    """A stack whose worker has an encoder in hardware, and the program that stands in for it."""
    program = pretended(tmp_path_factory.mktemp("bin") / "ffmpeg")
    child_env = {"worker-1": {"IMAGEIO_FFMPEG_EXE": str(program)}}
    options = Options(port=8790, child_env=child_env, env={"SLUICE_BEAT_S": "0.5"})
    with Stack.start(Home(tmp_path_factory.mktemp("equipped")), options) as running:
        yield running, program


@pytest.fixture
def client(equipped: tuple[Stack, Path]) -> Client:
    stack, _ = equipped
    assert stack.url is not None
    return Client(stack.url, stack.token)


def details(client: Client) -> dict[str, str]:
    """What the worker says of its hardware; nothing before its trials are over."""
    items = client.get("/api/v1/services")["items"]
    found = next(item["details"] for item in items if item["service"] == "worker")
    said = {name: value for name, value in found.items() if name.startswith("hardware_")}
    return {} if said.get("hardware_encoders", "untried") == "untried" else said


def made(client: Client, source: Path, to: Path, **changes: Any) -> Path:
    """The result of a job with a profile that asks for hardware."""
    profile = replace(PROFILE, audio=Audio(codec="aac"), **changes)
    with client.http as http:
        assert (
            http.put(f"/api/v1/profiles/{profile.name}", json=orjson.loads(written(profile))).status_code
            == 202
        )
    said = client.upload(source, profile=profile.name)
    job = client.until_job(said["job"]["id"], "completed")
    return client.download(job["output"]["url"], to)


def test_jobs_are_encoded_in_hardware_until_that_breaks(
    equipped: tuple[Stack, Path], client: Client, tmp_path: Path
) -> None:
    _, program = equipped
    first = clip(tmp_path / "first.mp4", seconds=SECONDS)
    second = marked(first, tmp_path / "second.mp4", "other")
    assert until(lambda: details(client), "the trials") == WORKS
    assert sound(made(client, first, tmp_path / "first.out.mp4"))
    by_rate = Video(codec="h264", rungs=(Rung(height=360, bit_rate=800_000),), hardware=True)
    assert sound(made(client, first, tmp_path / "whole.out.mp4", name="whole", video=by_rate))
    assert details(client) == WORKS
    pretended(program, pictures=2 * PER_SEGMENT, end=1)
    assert sound(made(client, second, tmp_path / "second.out.mp4"))
    broken = {"hardware_encoders": "none", "hardware_out_of_order": NAME}
    until(lambda: details(client) == broken, "the worker's word")
    warnings = client.get("/api/v1/system/status")["warnings"]
    assert "hardware-out-of-order" in [warning["code"] for warning in warnings]
    assert sound(made(client, second, tmp_path / "third.out.mp4", name="whole", video=by_rate))
