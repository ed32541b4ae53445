"""Text tracks through the tools that workers run, behind the walls that this machine has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import av
import numpy
import pytest

from connectors.drawn_text import DrawnText
from connectors.file_tools import FileTools, Whole
from connectors.process import ToolRunner
from connectors.sandbox import Sandbox, find_isolation
from connectors.text_tools import Texts, TextTools
from schemas.medium import Medium
from schemas.profiles import BUILT_IN, Profile, checked
from schemas.renditions import renditions
from schemas.texts import texts
from tests.clips import ffmpeg, looked_at, run
from tests.e2e.burning import out_of_the_middle

_SRT = """1
00:00:01,000 --> 00:00:03,000
<i>First</i> words

2
00:00:05,000 --> 00:00:09,000
Second words
"""
_BURNT = checked(replace(BUILT_IN["preview"], name="burnt"), subtitles="burn")


@pytest.fixture(scope="module")
def runner() -> ToolRunner:
    return ToolRunner(Sandbox(find_isolation()))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten seconds of black with two text tracks; its clock does not begin at nought."""
    folder = tmp_path_factory.mktemp("texts")
    (folder / "first.srt").write_text(_SRT)
    (folder / "second.srt").write_text(_SRT.replace("words", "Wörter"))
    black = "color=black:size=640x360:rate=25:duration=10"
    said = ["-f", "lavfi", "-i", black]
    for name in ("first", "second"):
        said += ["-i", str(folder / f"{name}.srt")]
    maps = ["-map", "0", "-map", "1", "-map", "2", "-metadata:s:s:0", "language=eng"]
    return run(*said, *maps, "-c:v", "libx264", "-c:s", "srt", "-output_ts_offset", "7", to=folder / "f.mkv")


@pytest.fixture(scope="module")
def medium(film: Path) -> Medium:
    return looked_at(film)


async def test_every_track_becomes_webvtt_with_its_own_times(
    runner: ToolRunner, film: Path, medium: Medium, tmp_path: Path
) -> None:
    streams = tuple(track.stream for track in texts(medium))
    assert len(streams) == 2
    order = Texts(source=film, demuxer=medium.container, streams=streams, form="webvtt", folder=tmp_path)
    found = await TextTools(runner, Path(ffmpeg())).extract(order)
    first, second = (found[stream].read_text() for stream in streams)
    assert first.startswith("WEBVTT")
    assert "00:01.000 --> 00:03.000\n<i>First</i> words" in first
    assert "00:05.000 --> 00:09.000\nSecond Wörter" in second


async def test_a_track_that_cannot_be_read_takes_no_other_with_it(
    runner: ToolRunner, film: Path, medium: Medium, tmp_path: Path
) -> None:
    streams = (texts(medium)[0].stream, 17)
    order = Texts(source=film, demuxer=medium.container, streams=streams, form="webvtt", folder=tmp_path)
    assert list(await TextTools(runner, Path(ffmpeg())).extract(order)) == [streams[0]]


async def test_text_is_drawn_into_a_run_at_its_times_and_nowhere_else(
    runner: ToolRunner, film: Path, medium: Medium, tmp_path: Path
) -> None:
    rung = renditions(medium, _BURNT).video[0]
    assert rung.key != renditions(medium, BUILT_IN["preview"]).video[0].key
    text = await _text(runner, film, medium, tmp_path)
    made = await out_of_the_middle(runner, film, medium, rung, text, tmp_path / "made.mp4")
    lit = _lit(made)
    assert [any(lit[at] for at in second) for second in (range(0, 24), range(26, 124), range(126, 150))] == [
        False,
        True,
        False,
    ]
    assert all(lit[at] for at in range(26, 124))


async def test_text_is_drawn_into_a_whole_file_too(
    runner: ToolRunner, film: Path, medium: Medium, tmp_path: Path
) -> None:
    rungs = (replace(BUILT_IN["preview"].video.rungs[0], crf=None, bit_rate=200_000),)  # type: ignore[union-attr]
    profile: Profile = checked(_BURNT, video=replace(_BURNT.video, rungs=rungs))  # type: ignore[type-var]
    whole = Whole(
        source=film,
        medium=medium,
        profile=profile,
        target=tmp_path / "made.mp4",
        text=await _text(runner, film, medium, tmp_path),
    )
    await FileTools(runner, Path(ffmpeg())).whole(whole, lambda _: None)
    lit = _lit(whole.target)
    assert [sum(lit[at] for at in part) for part in (range(0, 24), range(76, 124), range(226, 250))] == [
        0,
        0,
        0,
    ]
    assert all(lit[at] for at in (*range(27, 74), *range(127, 224)))


async def _text(runner: ToolRunner, film: Path, medium: Medium, folder: Path) -> DrawnText:
    stream = texts(medium)[0].stream
    order = Texts(source=film, demuxer=medium.container, streams=(stream,), form="ass", folder=folder)
    return DrawnText((await TextTools(runner, Path(ffmpeg())).extract(order))[stream])


def _lit(path: Path) -> Sequence[bool]:
    """Whether there is something bright low in each picture."""
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    return [int(numpy.max(picture[picture.shape[0] // 2 :])) > 128 for picture in pictures]
