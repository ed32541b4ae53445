"""Encoders in hardware: only those that work are used, and what fails in mid-job goes on in software.

No machine here need have one: a program that runs the real ffmpeg stands in for it.
"""

from __future__ import annotations

import subprocess
from glob import glob
from pathlib import Path
from typing import Any

import av
import pytest

from connectors.hardware import Hardware
from connectors.hardware_trials import Trials
from connectors.process import ToolRunner
from connectors.sandbox import Isolation, Sandbox, find_isolation
from connectors.segment_tools import SegmentTools, VideoRun
from processors.work.execution import TaskFailed
from schemas.profiles import Profile, Rung, Speed, Video, VideoCodec
from schemas.renditions import renditions
from tests.clips import clip, ffmpeg, frames
from tests.e2e.encoding import PER_SEGMENT, SECONDS, WORKS, Scene, sound
from tests.pretended import NAME, pretended


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


@pytest.fixture
async def scene(runner: ToolRunner, film: Path, tmp_path: Path) -> Scene:
    program = pretended(tmp_path / "ffmpeg")
    return Scene(runner, program, await found(runner, program), film, tmp_path)


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


async def test_hardware_that_hangs_is_given_up(scene: Scene) -> None:
    pretended(scene.program, hangs=True)
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


@pytest.mark.parametrize(
    ("codec", "tag"), [("h264", "avc3"), ("hevc", "hev1"), ("av1", "av01"), ("vp9", "vp09")]
)
async def test_segments_do_with_the_first_piece_of_another_encoder(
    scene: Scene, codec: VideoCodec, tag: str
) -> None:
    made = [await one_segment(scene, codec, 0, "fastest"), await one_segment(scene, codec, 1, "slow")]
    pieces = [scene.folder / f"{number}.piece" for number in range(3)]
    for path, content in zip(pieces, (*made[0], made[1][1]), strict=True):
        path.write_bytes(content)
    path = await scene.join(pieces, "mp4", codec)
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_tag == tag
    decode = [ffmpeg(), "-v", "error", "-i", str(path), "-f", "null", "-"]
    assert subprocess.run(decode, capture_output=True, check=True).stderr == b""
    assert frames(path) == 2 * PER_SEGMENT


async def one_segment(scene: Scene, codec: VideoCodec, number: int, speed: Speed) -> list[bytes]:
    """The first piece and one segment, by the product's own encoder with settings of its own."""
    video = Video(codec=codec, rungs=(Rung(height=180, crf=40),), speed=speed, hardware=True)
    rungs = renditions(scene.medium, Profile(name="x", video=video)).video
    pieces = []

    async def keep(_key: str, _number: int, content: bytes) -> None:
        pieces.append(content)

    run = VideoRun(source=scene.film, demuxer="mov", rungs=rungs, first=number, count=1)
    await SegmentTools(scene.runner, Path(ffmpeg())).video(run, keep, lambda _: None)
    return pieces
