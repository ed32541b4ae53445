"""Subtitles that are pictures become part of the pictures, through the tools that workers run."""

from __future__ import annotations

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
from schemas.profiles import BUILT_IN, checked
from schemas.renditions import renditions
from schemas.texts import drawn_text
from tests.clips import ffmpeg, looked_at, run
from tests.e2e.burning import FIRST, out_of_the_middle
from tests.sources.discs import BAR, CANVAS, pgs

RATE = 25
CUES = ((1.0, 3.0), (3.6, 9.0))
LIT = {at for begin, end in CUES for at in range(round(begin * RATE), round(end * RATE))}
TO_THE_END = set(range(round(CUES[0][0] * RATE), 10 * RATE))
"""ffmpeg writes subtitles for DVDs that never go away."""
BURNT = checked(replace(BUILT_IN["preview"], name="burnt"), subtitles="burn")
FFMPEG = Path(ffmpeg())


@pytest.fixture(scope="module")
def runner() -> ToolRunner:
    return ToolRunner(Sandbox(find_isolation()))


@pytest.fixture(params=["blu-ray", "dvd", "cropped"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def lit(kind: str) -> set[int]:
    """The pictures with a bar."""
    return TO_THE_END if kind == "dvd" else LIT


@pytest.fixture
def film(kind: str, tmp_path: Path) -> Path:
    """Ten seconds of black whose clock does not begin at nought."""
    size = {"blu-ray": "640x360", "dvd": "720x406", "cropped": "640x272"}[kind]
    codec = "dvdsub" if kind == "dvd" else "copy"
    (tmp_path / "bar.sup").write_bytes(pgs(CUES))
    black = f"color=black:size={size}:rate={RATE}:duration=10"
    bar = ("-itsoffset", str(CUES[0][0]), "-i", str(tmp_path / "bar.sup"))
    return run(
        *("-f", "lavfi", "-i", black, *bar, "-map", "0", "-map", "1"),
        *("-c:v", "libx264", "-c:s", codec, "-output_ts_offset", "7"),
        to=tmp_path / "film.mkv",
    )


@pytest.fixture
def medium(film: Path) -> Medium:
    return looked_at(film)


@pytest.fixture
async def text(runner: ToolRunner, film: Path, medium: Medium, tmp_path: Path) -> DrawnText:
    (stream,) = medium.drawn_texts
    said = drawn_text(medium, stream.index)
    order = Texts(
        source=film, demuxer=medium.container, streams=(said.stream,), form=said.form, folder=tmp_path
    )
    found = await TextTools(runner, FFMPEG).extract(order)
    return DrawnText(found[said.stream], said.shown_on)


async def test_they_are_drawn_into_a_run_that_begins_in_the_middle_of_one(
    runner: ToolRunner, film: Path, medium: Medium, text: DrawnText, lit: set[int], tmp_path: Path
) -> None:
    rung = renditions(medium, BURNT).video[0]
    made = await out_of_the_middle(runner, film, medium, rung, text, tmp_path / "made.mp4")
    begin = rung.grid.first(FIRST)
    assert {begin + at for at, bar in enumerate(bars(made)) if bar} == {at for at in lit if at >= begin}


async def test_they_are_drawn_into_a_whole_file_where_they_belong(
    runner: ToolRunner, film: Path, medium: Medium, text: DrawnText, lit: set[int], tmp_path: Path
) -> None:
    order = Whole(source=film, medium=medium, profile=BURNT, target=tmp_path / "made.mp4", text=text)
    await FileTools(runner, FFMPEG).whole(order, lambda _: None)
    found = bars(order.target)
    assert {at for at, bar in enumerate(found) if bar} == lit
    assert all(at == pytest.approx(place(medium), abs=4) for at in found if at)


async def test_they_are_carried_into_matroska(
    runner: ToolRunner, film: Path, medium: Medium, tmp_path: Path
) -> None:
    profile = checked(replace(BUILT_IN["preview"], name="kept"), subtitles="carry", container="mkv")
    order = Whole(source=film, medium=medium, profile=profile, target=tmp_path / "made.mkv")
    await FileTools(runner, FFMPEG).whole(order, lambda _: None)
    assert [s.codec for s in looked_at(order.target).drawn_texts] == [s.codec for s in medium.drawn_texts]


def place(medium: Medium) -> tuple[int, int, int, int]:
    """Where the bar is in a result: its shape and its distance from the bottom are those on the disc."""
    rung = renditions(medium, BURNT).video[0]
    scale = min(rung.width / CANVAS[0], rung.height / CANVAS[1])
    side = (rung.width - CANVAS[0] * scale) / 2
    left, top, width, height = (length * scale for length in BAR)
    above = rung.height - CANVAS[1] * scale
    return round(left + side), round(top + above), round(width), round(height)


def bars(path: Path) -> list[tuple[int, int, int, int] | None]:
    """Where the bar is in each picture of a file: left, top, width, height."""
    with av.open(str(path)) as container:
        return [_bar(frame.to_ndarray(format="gray")) for frame in container.decode(video=0)]


def _bar(picture: numpy.ndarray) -> tuple[int, int, int, int] | None:
    rows, columns = numpy.nonzero(picture > 120)
    if not len(rows):
        return None
    left, top = columns.min(), rows.min()
    return int(left), int(top), int(columns.max() - left + 1), int(rows.max() - top + 1)
