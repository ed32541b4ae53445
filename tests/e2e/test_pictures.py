"""Pictures of real media, made by real ffmpeg behind the real walls; no Kafka."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from connectors.pictures import Footage, NoPictures, NoSound, Pictures, Sheets, Sound
from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Sandbox, find_isolation
from tests.clips import ffmpeg, run

MEMORY = 1 << 30
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
ROUND_S, STEP_LUMA = 50, 4
"""How often a ramp begins anew, and how much brighter it gets each second."""

Luma = NDArray[np.float64]


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    return Pictures(ToolRunner(Sandbox(find_isolation())), Path(ffmpeg()))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


def lavfi(graph: str) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", graph)


def footage(
    source: Path,
    seconds: float,
    width: int = 64,
    height: int = 36,
    demuxer: str = "mov",
    stream: int | None = 0,
) -> Footage:
    return Footage(
        source=source,
        demuxer=demuxer,
        duration_ms=round(seconds * 1000),
        video_stream=stream,
        width=width,
        height=height,
        memory_bytes=MEMORY,
    )


def sound(source: Path, seconds: float, demuxer: str = "wav", stream: int | None = 0) -> Sound:
    return Sound(
        source=source,
        demuxer=demuxer,
        duration_ms=round(seconds * 1000),
        audio_stream=stream,
        sample_rate=48_000,
        memory_bytes=MEMORY,
    )


def colours(path: Path) -> Luma:
    """A picture's red, green and blue, by row and column."""
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(np.float64)


def luma(path: Path) -> Luma:
    """A picture's brightness, by row and column."""
    return np.asarray(colours(path) @ (0.299, 0.587, 0.114))


def nothing(_done: float) -> None:
    return None


async def test_a_black_beginning_gives_no_black_poster(
    pictures: Pictures, media: Path, tmp_path: Path
) -> None:
    black, bright = "color=black:size=640x360:rate=25:duration=3", "testsrc2=size=640x360:rate=25:duration=7"
    graph = "[0:v][1:v]concat=n=2:v=1:a=0"
    source = run(
        *lavfi(black), *lavfi(bright), "-filter_complex", graph, *X264, "-g", "1000", to=media / "b.mp4"
    )
    made = await pictures.poster(footage(source, 10, 640, 360), tmp_path)
    assert all(luma(picture.path).mean() > 60 for picture in made)


async def test_each_width_as_jpeg_and_webp_and_none_scaled_up(
    pictures: Pictures, media: Path, tmp_path: Path
) -> None:
    source = run(*lavfi("testsrc2=size=500x282:rate=25:duration=0.4"), *X264, to=media / "w.mp4")
    made = await pictures.poster(footage(source, 0.4, 500, 282), tmp_path)
    assert [picture.path.name for picture in made] == [
        "poster-320.jpg",
        "poster-320.webp",
        "poster-500.jpg",
        "poster-500.webp",
    ]
    for picture in made:
        assert luma(picture.path).shape == (picture.size.height, picture.size.width)


async def test_a_turned_picture_is_turned_back(pictures: Pictures, media: Path, tmp_path: Path) -> None:
    lying = run(
        *lavfi("color=white:size=320x180:rate=25:duration=0.4,drawbox=w=160:c=black:t=fill"),
        *X264,
        to=media / "l.mp4",
    )
    source = run("-display_rotation", "90", "-i", str(lying), "-c", "copy", to=media / "r.mp4")
    order = replace(footage(source, 0.4, 320, 180), rotation=90)
    shown = luma((await pictures.poster(order, tmp_path, (160,)))[0].path)
    assert shown.shape == (284, 160)
    assert sorted((shown[:130].mean().round(-1), shown[150:].mean().round(-1))) == [0, 260]


async def test_pixels_that_are_not_square(pictures: Pictures, media: Path, tmp_path: Path) -> None:
    graph = "color=gray:size=720x576:rate=25:duration=0.4,setsar=64/45"
    source = run(*lavfi(graph), *X264, to=media / "a.mp4")
    order = replace(footage(source, 0.4, 720, 576), pixel_aspect=Fraction(64, 45))
    shown = luma((await pictures.poster(order, tmp_path, (320,)))[0].path)
    assert shown.shape == (180, 320)
    assert shown.min() > 100


async def test_the_lines_of_two_fields_are_not_mixed(pictures: Pictures, media: Path, tmp_path: Path) -> None:
    running = "geq=lum='if(lt(mod(X-16*N,64),32),235,16)':cb=128:cr=128"
    graph = f"nullsrc=size=320x180:rate=50:duration=0.4,{running},interlace"
    source = run(*lavfi(graph), *X264, "-flags", "+ilme+ildct", "-x264-params", "tff=1", to=media / "i.mp4")
    shown = luma((await pictures.poster(footage(source, 0.4, 320, 180), tmp_path, (320,)))[0].path)
    assert np.abs(np.diff(shown[20:160], axis=0)).mean() < 30


async def test_another_shape_than_was_told_gets_bars(pictures: Pictures, media: Path, tmp_path: Path) -> None:
    source = run(*lavfi("color=white:size=360x360:rate=25:duration=0.4"), *X264, to=media / "q.mp4")
    shown = luma((await pictures.poster(footage(source, 0.4, 640, 360), tmp_path, (320,)))[0].path)
    assert shown.shape == (180, 320)
    assert shown[90, 2] < 20
    assert shown[90, 160] > 235


@pytest.mark.parametrize("seconds", [0.04, 600])
async def test_one_frame_is_enough(pictures: Pictures, media: Path, tmp_path: Path, seconds: float) -> None:
    source = run(*lavfi("testsrc2=size=320x180:rate=25"), "-frames:v", "1", *X264, to=media / "one.mp4")
    made = await pictures.poster(footage(source, seconds, 320, 180), tmp_path)
    assert luma(made[0].path).std() > 20


async def test_hdr_keeps_its_contrast(pictures: Pictures, media: Path, tmp_path: Path) -> None:
    halves = "geq=lum='if(lt(X,160),150,572)':cb=512:cr=512"
    graph = f"color=black:size=320x180:rate=25:duration=0.4,format=yuv420p10,{halves}"
    tags = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=none"
    source = run(
        *lavfi(graph), "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", tags, to=media / "h.mp4"
    )
    order = footage(source, 0.4, 320, 180)
    plain = luma((await pictures.poster(order, tmp_path, (320,)))[0].path)
    mapped = luma((await pictures.poster(replace(order, is_hdr=True), tmp_path, (320,)))[0].path)
    assert mapped[90, 300] - mapped[90, 20] > plain[90, 300] - plain[90, 20] + 20


async def test_colours_stay(pictures: Pictures, media: Path, tmp_path: Path) -> None:
    graph = "color=0x20c040:size=320x180:rate=25:duration=0.4,scale=out_color_matrix=bt709,format=yuv420p"
    source = run(*lavfi(graph), *X264, "-colorspace", "bt709", to=media / "c.mp4")
    for picture in await pictures.poster(footage(source, 0.4, 320, 180), tmp_path, (320,)):
        assert np.abs(colours(picture.path)[90, 160] - (0x20, 0xC0, 0x40)).max() < 8


async def test_a_cover_as_poster(pictures: Pictures, media: Path, tmp_path: Path) -> None:
    cover = run(*lavfi("testsrc2=size=400x400"), "-frames:v", "1", to=media / "cover.png")
    song = ("-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
    source = run(*lavfi("sine=duration=20"), "-i", str(cover), *song, to=media / "song.mp3")
    order = replace(footage(source, 20, 400, 400, "mp3", 1), is_cover=True)
    made = await pictures.poster(order, tmp_path)
    assert {picture.size.width for picture in made} == {320, 400}
    assert luma(made[0].path).std() > 20


def ramp(path: Path, seconds: int, gop: int, *more: str) -> Path:
    """A plain picture that gets brighter all the time, at 4 pictures a second."""
    brightness = f"geq=lum='16+{STEP_LUMA}*mod(T,{ROUND_S})':cb=128:cr=128"
    graph = f"nullsrc=size=64x36:rate=4:duration={seconds},{brightness}"
    gops = ("-crf", "4", "-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0")
    return run(*lavfi(graph), *X264, *gops, *more, to=path)


def lateness(sheets: Sheets) -> list[float]:
    """How many seconds after its cue's middle each tile's moment is, by its brightness."""
    plan, late = sheets.plan, []
    for number in range(plan.count):
        sheet, place = divmod(number, plan.columns * plan.rows)
        row, column = divmod(place, plan.columns)
        top, left = row * plan.tile.height, column * plan.tile.width
        tile = luma(sheets.paths[sheet])[top : top + plan.tile.height, left : left + plan.tile.width]
        second = tile[10:-10, 10:-10].mean() / 255 * 219 / STEP_LUMA
        middle = (number + 0.5) * plan.step_ms / 1000
        late.append((second - middle + ROUND_S / 2) % ROUND_S - ROUND_S / 2)
    return late


@pytest.mark.parametrize(
    ("name", "demuxer", "gop", "by_key_frames"),
    [
        ("dense.mp4", "mov", 4, True),
        ("each.mkv", "matroska", 1, True),
        ("old.avi", "avi", 4, True),
        ("tv.ts", "mpegts", 4, True),
        ("rare.mp4", "mov", 1000, False),
        ("rare.ts", "mpegts", 60, False),
    ],
)
async def test_each_tile_shows_its_moment(
    pictures: Pictures, media: Path, tmp_path: Path, name: str, demuxer: str, gop: int, by_key_frames: bool
) -> None:
    source, reports = ramp(media / name, 250, gop), list[float]()
    made = await pictures.thumbnails(footage(source, 250, demuxer=demuxer), tmp_path, reports.append)
    assert made.by_key_frames is by_key_frames
    assert (made.plan.count, len(made.paths)) == (125, 2)
    late = lateness(made)
    assert -1.25 < min(late) <= max(late) < 0.25
    assert reports[-1] > 0.95
    assert reports == sorted(reports) or not by_key_frames


async def test_tiles_lie_still_when_the_picture_size_changes(
    pictures: Pictures, media: Path, tmp_path: Path
) -> None:
    parts = [
        run(*lavfi(f"color={colour}:size={size}:rate=25:duration=20"), *X264, to=media / f"{colour}.ts")
        for colour, size in (("gray", "320x180"), ("white", "640x480"))
    ]
    source = media / "both.ts"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    made = await pictures.thumbnails(footage(source, 40, 320, 180, "mpegts"), tmp_path, nothing)
    assert luma(made.paths[0]).shape == (2 * 90, 10 * 160)
    assert luma(made.paths[0])[45, 80] == pytest.approx(128, abs=4)
    assert luma(made.paths[0])[135, -80] == pytest.approx(255, abs=4)


async def test_a_picture_that_comes_late_stands_for_the_beginning(
    pictures: Pictures, media: Path, tmp_path: Path
) -> None:
    graph = "color=white:size=64x36:rate=25:duration=6,drawbox=c=black:t=fill:enable='gte(t,2)'"
    late = ("-itsoffset", "4", *lavfi(graph))
    source = run(*late, *lavfi("sine=duration=10"), *X264, "-c:a", "aac", to=media / "late.mp4")
    made = await pictures.thumbnails(footage(source, 10), tmp_path, nothing)
    assert luma(made.paths[0])[18, 32::64].round(-2) == pytest.approx([300, 300, 300, 0, 0])


async def test_upright_tiles_and_a_track_that_names_them(
    pictures: Pictures, media: Path, tmp_path: Path
) -> None:
    lying = run(*lavfi("color=white:size=64x36:rate=25:duration=5"), *X264, to=media / "lying.mp4")
    source = run("-display_rotation", "90", "-i", str(lying), "-c", "copy", to=media / "up.mp4")
    made = await pictures.thumbnails(replace(footage(source, 5), rotation=90), tmp_path, nothing)
    assert luma(made.paths[0]).shape == (64, 3 * 36)
    assert luma(made.paths[0]).min() > 240
    assert "00:00:04.000 --> 00:00:05.000\nsheet-000.jpg#xywh=72,0,36,64\n" in made.track.read_text()


async def test_loud_and_then_silent(pictures: Pictures, media: Path, tmp_path: Path) -> None:
    tone = "aevalsrc='if(lt(t,5),0.8*sin(2765*t),0)|if(lt(t,5),0.8*sin(2765*t),0)':s=48000:d=10"
    source, reports = run(*lavfi(tone), to=media / "tone.wav"), list[float]()
    made = await pictures.waveform(sound(source, 10), tmp_path, reports.append)
    wave = orjson.loads(made.data.read_bytes())
    assert (wave["version"], wave["channels"], wave["bits"]) == (2, 1, 8)
    assert wave["length"] * wave["samples_per_pixel"] / wave["sample_rate"] == pytest.approx(10, abs=0.02)
    assert len(wave["data"]) == 2 * wave["length"]
    lowest, highest = np.array(wave["data"]).reshape(-1, 2).T
    assert np.all(np.abs(highest[:249] - 102) < 3)
    assert np.all(np.abs(lowest[:249] + 102) < 3)
    assert not lowest[251:].any()
    assert not highest[251:].any()
    drawn = luma(made.picture) > 30
    assert drawn[:, :890].mean() > 0.7
    assert drawn[:, 910:].mean() < 0.02
    assert reports[-1] > 0.95
    assert {path.name for path in tmp_path.iterdir()} == {"waveform.json", "waveform.png"}


@pytest.mark.parametrize("graph", ["anullsrc=r=48000:d=1", "sine=r=48000:d=0.001"])
async def test_silence_and_a_click(pictures: Pictures, media: Path, tmp_path: Path, graph: str) -> None:
    source = run(*lavfi(graph), to=media / "short.wav")
    made = await pictures.waveform(sound(source, 0.001), tmp_path, nothing)
    assert made.points == orjson.loads(made.data.read_bytes())["length"] >= 1
    assert luma(made.picture).shape == (240, 1800)


async def test_a_sound_of_another_length_than_was_told(
    pictures: Pictures, media: Path, tmp_path: Path
) -> None:
    source = run(*lavfi("sine=r=48000:d=200"), to=media / "long.wav")
    made = await pictures.waveform(sound(source, 1), tmp_path, nothing)
    wave = orjson.loads(made.data.read_bytes())
    assert 2_000 < wave["length"] <= 4_000
    assert wave["length"] * wave["samples_per_pixel"] / wave["sample_rate"] == pytest.approx(200, abs=0.2)


async def test_nothing_to_see_and_nothing_to_hear(pictures: Pictures, tmp_path: Path) -> None:
    with pytest.raises(NoPictures):
        await pictures.poster(footage(tmp_path, 1, stream=None), tmp_path)
    with pytest.raises(NoPictures):
        await pictures.thumbnails(footage(tmp_path, 1, stream=None), tmp_path, nothing)
    with pytest.raises(NoPictures):
        await pictures.thumbnails(replace(footage(tmp_path, 1), is_cover=True), tmp_path, nothing)
    with pytest.raises(NoSound):
        await pictures.waveform(sound(tmp_path, 1, stream=None), tmp_path, nothing)


@pytest.mark.parametrize("damage", ["text", "half"])
async def test_what_cannot_be_read_fails_clearly(
    pictures: Pictures, media: Path, tmp_path: Path, damage: str
) -> None:
    good = run(*lavfi("testsrc2=size=320x180:rate=25:duration=2"), *X264, to=media / "good.mp4")
    content = {"text": b"this is no film\n" * 100, "half": good.read_bytes()[: good.stat().st_size // 2]}
    source = media / "bad.mp4"
    source.write_bytes(content[damage])
    for asked in (
        pictures.poster(footage(source, 2, 320, 180), tmp_path),
        pictures.thumbnails(footage(source, 2, 320, 180), tmp_path, nothing),
        pictures.waveform(sound(source, 2, "mov"), tmp_path, nothing),
    ):
        with pytest.raises(ToolFailed) as refused:
            await asked
        assert refused.value.code == "tool_error"
        assert str(refused.value)


async def test_a_file_that_breaks_off_shows_what_it_has(
    pictures: Pictures, media: Path, tmp_path: Path
) -> None:
    whole = ramp(media / "whole.ts", 100, 4)
    source = media / "half.ts"
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 5])
    made = await pictures.thumbnails(footage(source, 100, demuxer="mpegts"), tmp_path, nothing)
    assert luma(made.paths[0]).shape == (5 * 36, 10 * 64)
    assert max(map(abs, lateness(made)[:25])) < 1.25
    assert luma(made.paths[0])[-18, 32::64].min() > 30
