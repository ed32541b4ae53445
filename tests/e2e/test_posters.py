"""Posters of real media, taken by real ffmpeg behind the real walls; no Kafka."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from connectors.pictures.poster import Posters
from tests.clips import run
from tests.e2e.drawing import X264, colours, footage, lavfi, luma, tool


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


async def test_a_black_beginning_gives_no_black_poster(media: Path, tmp_path: Path) -> None:
    black, bright = "color=black:size=640x360:rate=25:duration=3", "testsrc2=size=640x360:rate=25:duration=7"
    graph = "[0:v][1:v]concat=n=2:v=1:a=0"
    source = run(
        *lavfi(black), *lavfi(bright), "-filter_complex", graph, *X264, "-g", "1000", to=media / "b.mp4"
    )
    made = await Posters(tool()).draw(footage(source, 10, 640, 360), tmp_path)
    assert all(luma(picture.path).mean() > 60 for picture in made)


async def test_each_width_as_jpeg_and_webp_and_none_scaled_up(media: Path, tmp_path: Path) -> None:
    source = run(*lavfi("testsrc2=size=500x282:rate=25:duration=0.4"), *X264, to=media / "w.mp4")
    made = await Posters(tool()).draw(footage(source, 0.4, 500, 282), tmp_path)
    assert [picture.path.name for picture in made] == [
        "poster-320.jpg",
        "poster-320.webp",
        "poster-500.jpg",
        "poster-500.webp",
    ]
    for picture in made:
        assert luma(picture.path).shape == (picture.size.height, picture.size.width)


async def test_a_turned_picture_is_turned_back(media: Path, tmp_path: Path) -> None:
    lying = run(
        *lavfi("color=white:size=320x180:rate=25:duration=0.4,drawbox=w=160:c=black:t=fill"),
        *X264,
        to=media / "l.mp4",
    )
    source = run("-display_rotation", "90", "-i", str(lying), "-c", "copy", to=media / "r.mp4")
    order = replace(footage(source, 0.4, 320, 180), rotation=90)
    shown = luma((await Posters(tool()).draw(order, tmp_path, (160,)))[0].path)
    assert shown.shape == (284, 160)
    assert sorted((shown[:130].mean().round(-1), shown[150:].mean().round(-1))) == [0, 260]


async def test_pixels_that_are_not_square(media: Path, tmp_path: Path) -> None:
    graph = "color=gray:size=720x576:rate=25:duration=0.4,setsar=64/45"
    source = run(*lavfi(graph), *X264, to=media / "a.mp4")
    order = replace(footage(source, 0.4, 720, 576), pixel_aspect=Fraction(64, 45))
    shown = luma((await Posters(tool()).draw(order, tmp_path, (320,)))[0].path)
    assert shown.shape == (180, 320)
    assert shown.min() > 100


async def test_the_lines_of_two_fields_are_not_mixed(media: Path, tmp_path: Path) -> None:
    running = "geq=lum='if(lt(mod(X-16*N,64),32),235,16)':cb=128:cr=128"
    graph = f"nullsrc=size=320x180:rate=50:duration=0.4,{running},interlace"
    source = run(*lavfi(graph), *X264, "-flags", "+ilme+ildct", "-x264-params", "tff=1", to=media / "i.mp4")
    shown = luma((await Posters(tool()).draw(footage(source, 0.4, 320, 180), tmp_path, (320,)))[0].path)
    assert np.abs(np.diff(shown[20:160], axis=0)).mean() < 30


async def test_another_shape_than_was_told_gets_bars(media: Path, tmp_path: Path) -> None:
    source = run(*lavfi("color=white:size=360x360:rate=25:duration=0.4"), *X264, to=media / "q.mp4")
    shown = luma((await Posters(tool()).draw(footage(source, 0.4, 640, 360), tmp_path, (320,)))[0].path)
    assert shown.shape == (180, 320)
    assert shown[90, 2] < 20
    assert shown[90, 160] > 235


@pytest.mark.parametrize("seconds", [0.04, 600])
async def test_one_frame_is_enough(media: Path, tmp_path: Path, seconds: float) -> None:
    source = run(*lavfi("testsrc2=size=320x180:rate=25"), "-frames:v", "1", *X264, to=media / "one.mp4")
    made = await Posters(tool()).draw(footage(source, seconds, 320, 180), tmp_path)
    assert luma(made[0].path).std() > 20


async def test_hdr_keeps_its_contrast(media: Path, tmp_path: Path) -> None:
    halves = "geq=lum='if(lt(X,160),150,572)':cb=512:cr=512"
    graph = f"color=black:size=320x180:rate=25:duration=0.4,format=yuv420p10,{halves}"
    tags = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=none"
    source = run(
        *lavfi(graph), "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", tags, to=media / "h.mp4"
    )
    order = footage(source, 0.4, 320, 180)
    plain = luma((await Posters(tool()).draw(order, tmp_path, (320,)))[0].path)
    mapped = luma((await Posters(tool()).draw(replace(order, is_hdr=True), tmp_path, (320,)))[0].path)
    assert mapped[90, 300] - mapped[90, 20] > plain[90, 300] - plain[90, 20] + 20


async def test_colours_stay(media: Path, tmp_path: Path) -> None:
    graph = "color=0x20c040:size=320x180:rate=25:duration=0.4,scale=out_color_matrix=bt709,format=yuv420p"
    source = run(*lavfi(graph), *X264, "-colorspace", "bt709", to=media / "c.mp4")
    for picture in await Posters(tool()).draw(footage(source, 0.4, 320, 180), tmp_path, (320,)):
        assert np.abs(colours(picture.path)[90, 160] - (0x20, 0xC0, 0x40)).max() < 8


async def test_a_cover_as_poster(media: Path, tmp_path: Path) -> None:
    cover = run(*lavfi("testsrc2=size=400x400"), "-frames:v", "1", to=media / "cover.png")
    song = ("-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
    source = run(*lavfi("sine=duration=20"), "-i", str(cover), *song, to=media / "song.mp3")
    order = replace(footage(source, 20, 400, 400, "mp3", 1), is_cover=True)
    made = await Posters(tool()).draw(order, tmp_path)
    assert {picture.size.width for picture in made} == {320, 400}
    assert luma(made[0].path).std() > 20
