"""What is encoded in runs and joined is what one process would have made: no picture more or less, no seam.

A chosen subset of the odd sources goes through the plain profile in every run of the tests; with `--full`
every source goes through every profile.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.file_tools import FileTools
from connectors.process import ToolRunner
from connectors.sandbox import Isolation, Sandbox
from schemas.profiles import Audio, Profile, Rung, Video
from tests.clips import ffmpeg, run
from tests.exact import decodes, difference, in_runs, likeness, reference, samples, steps, times, whole
from tests.sources import SOURCES, made
from tests.sources.measures import beeps, flashes, offsets_s
from tests.sources.seen import seen

_RUNGS = (Rung(height=180, crf=23),)
PLAIN = Profile(name="plain", video=Video(codec="h264", rungs=_RUNGS), audio=Audio(codec="aac"))
CHOSEN = (
    "film_24",
    "film_30",
    "one_a_second",
    "rate_120",
    "vfr_gaps",
    "vfr_quickens",
    "no_pts",
    "clock_restarts",
    "cut_by_edit_list",
    "hour_late",
    "video_late_mkv",
    "one_picture",
    "under_a_second",
    "size_change",
    "open_gop",
    "interlaced",
    "hdr10",
    "rotated_90",
    "anamorphic",
    "odd_size_vp9",
    "languages",
    "no_sound",
    "cover_mp4",
    "boasting_mkv",
    "torn_mp4",
    "mpeg2_ps",
)
LEFT_OUT = {
    "twelve_hours": "thousands of segments; see test_long_media",
    "hour_with_sound": "thousands of segments; see test_long_media",
}
PICTURES = [name for name, source in SOURCES.items() if source.has_video and name not in LEFT_OUT]
OTHERS = {
    "hevc": replace(PLAIN, video=Video(codec="hevc", rungs=_RUNGS, speed="fastest")),
    "av1": replace(PLAIN, video=Video(codec="av1", rungs=(Rung(height=180, crf=35),), speed="fastest")),
    "vp9": Profile(
        name="vp9",
        container="webm",
        video=Video(codec="vp9", rungs=(Rung(height=180, crf=35),), speed="fastest"),
        audio=Audio(codec="opus"),
    ),
    "capped": replace(
        PLAIN, video=Video(codec="h264", rungs=(Rung(height=180, crf=23, max_bit_rate=300_000),))
    ),
    "hdr": replace(PLAIN, video=Video(codec="hevc", rungs=_RUNGS, speed="fastest", tone_map=False)),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sources")


def all_of(names: list[str], chosen: tuple[str, ...]) -> list[object]:
    return [pytest.param(name, marks=[] if name in chosen else [pytest.mark.full]) for name in names]


@pytest.mark.parametrize("name", all_of(PICTURES, CHOSEN))
async def test_a_source_comes_out_whole(name: str, folder: Path, tmp_path: Path) -> None:
    await _compare(name, PLAIN, folder, tmp_path, cuts=(1, 3) if name == "film_24" else (1,))


@pytest.mark.full
@pytest.mark.parametrize("profile", OTHERS)
@pytest.mark.parametrize("name", PICTURES)
async def test_in_every_profile_too(name: str, profile: str, folder: Path, tmp_path: Path) -> None:
    await _compare(name, OTHERS[profile], folder, tmp_path, cuts=(1,))


@pytest.mark.parametrize("profile", OTHERS)
async def test_every_codec_joins(profile: str, folder: Path, tmp_path: Path) -> None:
    await _compare("film_24", OTHERS[profile], folder, tmp_path, cuts=(1,))


async def _taken_in(name: str, folder: Path) -> Path:
    """The file that segments are made of: a clock that restarts is made straight first."""
    source = made(name, folder)
    if name != "clock_restarts":
        return source
    straight = folder / f"{name}.straight.mkv"
    tools = FileTools(ToolRunner(Sandbox(Isolation(()))), Path(ffmpeg()))
    await tools.straighten(source, "mpegts", straight)
    return straight


async def _compare(name: str, profile: Profile, folder: Path, scratch: Path, cuts: tuple[int, ...]) -> None:
    source = await _taken_in(name, folder)
    by_one = await whole(source, profile, scratch)
    for cut in cuts:
        encoded = await in_runs(source, profile, scratch / str(cut), cut)
        rung = encoded.made.video[0]
        joined = await encoded.joined()
        assert len(times(joined, "video")) == len(times(by_one, "video")) == rung.grid.units
        assert all(len(inits) == 1 for inits in encoded.inits.values())
        if rung.grid.units > 1 and profile.container == "mp4":
            assert len(steps(joined, "video")) == 1
        exact = reference(encoded)
        assert likeness(joined, exact) >= likeness(by_one, exact) - 0.003
        assert decodes(joined) == ""


@pytest.mark.parametrize(
    "name", ["flash_beep", "flash_beep_24", "cut_by_edit_list", "video_late", "hour_late"]
)
@pytest.mark.parametrize("cut", [1, 2])
async def test_pictures_and_sound_stay_together(name: str, cut: int, folder: Path, tmp_path: Path) -> None:
    source = SOURCES[name]
    assert source.beat is not None
    assert source.frame_rate is not None
    joined = await (await in_runs(made(name, folder), PLAIN, tmp_path, cut)).joined()
    found, before = seen(joined, "mov"), seen(made(name, folder), source.demuxer)
    nearest = [min(abs(flash - beep) for flash in flashes(found)) for beep in beeps(found)]
    together = [apart for apart in nearest if apart < source.beat / 4]
    assert len(together) == len(offsets_s(before, source.beat)) > 1
    assert max(together) < 1 / source.frame_rate / 2


@pytest.mark.parametrize("codec", ["aac", "opus"])
async def test_a_tone_has_no_seam_where_runs_meet(codec: str, folder: Path, tmp_path: Path) -> None:
    """Around each join the sound differs from the source by no more than elsewhere."""
    source = run(
        "-f", "lavfi", "-i", "sine=440:sample_rate=48000:duration=25", "-ac", "2", to=tmp_path / "tone.wav"
    )
    profile = Profile(
        name="sound",
        container="mp4",
        audio=Audio(codec="aac" if codec == "aac" else "opus", bit_rate=192_000),
    )
    encoded = await in_runs(source, profile, tmp_path / "runs", 1)
    track = encoded.made.audio[0]
    heard, sung = samples(await encoded.joined()), samples(source)
    length = track.grid.per_segment * track.samples
    joins = range(length, len(sung) - length // 2, length)
    assert len(joins) >= 5
    between = [join + length // 2 for join in joins]
    worst = max(difference(heard, sung, at) for at in joins)
    assert worst < 2 * max(difference(heard, sung, at) for at in between) + 0.002
    assert worst < 0.01
