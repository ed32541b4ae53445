"""Thumbnails of real media, taken by real ffmpeg behind the real walls; no Kafka."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.pictures.sheets import Sheets, Thumbnails, vtt
from tests.clips import run
from tests.e2e.drawing import X264, footage, lavfi, luma, nothing, tool

ROUND_S, STEP_LUMA = 50, 4
"""How often a ramp begins anew, and how much brighter it gets each second."""


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


def ramp(path: Path, seconds: int, gop: int, *more: str) -> Path:
    """A plain picture that gets brighter all the time, at 4 pictures a second."""
    brightness = f"geq=lum='16+{STEP_LUMA}*mod(T,{ROUND_S})':cb=128:cr=128"
    graph = f"nullsrc=size=64x36:rate=4:duration={seconds},{brightness}"
    gops = ("-crf", "4", "-g", str(gop), "-keyint_min", str(gop), "-sc_threshold", "0")
    return run(*lavfi(graph), *X264, *gops, *more, to=path)


def lateness(sheets: Sheets) -> list[float]:
    """How many seconds after its cue's middle each tile's moment is, by its brightness."""
    tiles, late = sheets.tiles, []
    for number in range(tiles.count):
        sheet, place = divmod(number, tiles.per_sheet)
        row, column = divmod(place, tiles.columns)
        top, left = row * tiles.height, column * tiles.width
        tile = luma(sheets.paths[sheet])[top : top + tiles.height, left : left + tiles.width]
        second = tile[10:-10, 10:-10].mean() / 255 * 219 / STEP_LUMA
        middle = (number + 0.5) * tiles.step_ms / 1000
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
    media: Path, tmp_path: Path, name: str, demuxer: str, gop: int, by_key_frames: bool
) -> None:
    source, reports = ramp(media / name, 250, gop), list[float]()
    made = await Thumbnails(tool()).draw(footage(source, 250, demuxer=demuxer), tmp_path, reports.append)
    assert made.by_key_frames is by_key_frames
    assert (made.tiles.count, len(made.paths)) == (125, 2)
    late = lateness(made)
    assert -1.25 < min(late) <= max(late) < 0.25
    assert reports[-1] > 0.95
    assert reports == sorted(reports) or not by_key_frames


async def test_tiles_lie_still_when_the_picture_size_changes(media: Path, tmp_path: Path) -> None:
    parts = [
        run(*lavfi(f"color={colour}:size={size}:rate=25:duration=20"), *X264, to=media / f"{colour}.ts")
        for colour, size in (("gray", "320x180"), ("white", "640x480"))
    ]
    source = media / "both.ts"
    source.write_bytes(b"".join(part.read_bytes() for part in parts))
    made = await Thumbnails(tool()).draw(footage(source, 40, 320, 180, "mpegts"), tmp_path, nothing)
    assert luma(made.paths[0]).shape == (2 * 90, 10 * 160)
    assert luma(made.paths[0])[45, 80] == pytest.approx(128, abs=4)
    assert luma(made.paths[0])[135, -80] == pytest.approx(255, abs=4)


async def test_a_picture_that_comes_late_stands_for_the_beginning(media: Path, tmp_path: Path) -> None:
    graph = "color=white:size=64x36:rate=25:duration=6,drawbox=c=black:t=fill:enable='gte(t,2)'"
    late = ("-itsoffset", "4", *lavfi(graph))
    source = run(*late, *lavfi("sine=duration=10"), *X264, "-c:a", "aac", to=media / "late.mp4")
    made = await Thumbnails(tool()).draw(footage(source, 10), tmp_path, nothing)
    assert luma(made.paths[0])[18, 32::64].round(-2) == pytest.approx([300, 300, 300, 0, 0])


async def test_upright_tiles_and_a_track_that_names_them(media: Path, tmp_path: Path) -> None:
    lying = run(*lavfi("color=white:size=64x36:rate=25:duration=5"), *X264, to=media / "lying.mp4")
    source = run("-display_rotation", "90", "-i", str(lying), "-c", "copy", to=media / "up.mp4")
    made = await Thumbnails(tool()).draw(replace(footage(source, 5), rotation=90), tmp_path, nothing)
    assert luma(made.paths[0]).shape == (64, 3 * 36)
    assert luma(made.paths[0]).min() > 240
    assert "00:00:04.000 --> 00:00:05.000\nsheet-000.jpg#xywh=72,0,36,64\n" in vtt(
        made.tiles, made.tiles.sheets
    )


async def test_a_file_that_breaks_off_shows_what_it_has(media: Path, tmp_path: Path) -> None:
    whole = ramp(media / "whole.ts", 100, 4)
    source = media / "half.ts"
    source.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 5])
    made = await Thumbnails(tool()).draw(footage(source, 100, demuxer="mpegts"), tmp_path, nothing)
    assert luma(made.paths[0]).shape == (5 * 36, 10 * 64)
    assert max(map(abs, lateness(made)[:25])) < 1.25
    assert luma(made.paths[0])[-18, 32::64].min() > 30
