"""Where to look for a poster, how large it becomes, and with which command: tables, no ffmpeg."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from connectors.pictures.orders import Size, shown_size
from connectors.pictures.poster import moments, poster_command, poster_sizes, score
from tests.unit.connectors.graphs import FOOTAGE, HOUR_MS, OPENED, QUIETLY, command_of, framed, graph

FILES = {"poster-320.jpg": Size(320, 180), "poster-640.webp": Size(640, 360)}


@pytest.mark.parametrize(
    ("change", "width", "size"),
    [
        ({}, 320, Size(320, 180)),
        ({}, 1921, Size(1280, 720)),
        ({"width": 853, "height": 480}, 2000, Size(852, 480)),
        ({"rotation": 90}, 160, Size(160, 284)),
        ({"rotation": 180}, 160, Size(160, 90)),
        ({"rotation": 270}, 160, Size(160, 284)),
        ({"width": 720, "height": 576, "pixel_aspect": Fraction(64, 45)}, 1280, Size(1024, 576)),
        (
            {"width": 720, "height": 576, "pixel_aspect": Fraction(64, 45), "rotation": 90},
            160,
            Size(160, 284),
        ),
        ({"width": 1, "height": 1}, 160, Size(2, 2)),
        ({"width": 0, "height": 0}, 160, Size(2, 2)),
        ({"width": 10_000, "height": 4}, 160, Size(160, 2)),
        ({"width": 40, "height": 10_000}, 160, Size(40, 160)),
    ],
)
def test_a_picture_keeps_its_shape(change: dict[str, Any], width: int, size: Size) -> None:
    assert shown_size(replace(FOOTAGE, **change), width) == size


@pytest.mark.parametrize(
    ("width", "widths"), [(1920, [320, 640, 1280]), (1000, [320, 640, 1000]), (640, [320, 640]), (100, [100])]
)
def test_no_poster_is_scaled_up(width: int, widths: list[int]) -> None:
    sizes = poster_sizes(replace(FOOTAGE, width=width), (1280, 320, 640))
    assert [size.width for size in sizes] == widths


@pytest.mark.parametrize(
    ("duration_ms", "looked_at"),
    [
        (0, (0,)),
        (40, (0,)),
        (10_000, (1_000, 2_000, 3_000, 5_000, 0)),
        (12 * HOUR_MS, (300_000, 600_000, 900_000, 1_500_000, 0)),
    ],
)
def test_where_to_look_for_a_poster(duration_ms: int, looked_at: tuple[int, ...]) -> None:
    assert moments(replace(FOOTAGE, duration_ms=duration_ms)) == looked_at
    assert moments(replace(FOOTAGE, duration_ms=duration_ms, is_cover=True)) == (0,)


@pytest.mark.parametrize(
    ("said", "worth"),
    [
        ([], -1),
        (["frame:0    pts:0       pts_time:0"], -1),
        (["lavfi.signalstats.YLOW=16", "lavfi.signalstats.YAVG=20.5", "lavfi.signalstats.YHIGH=200"], 184),
        (["lavfi.signalstats.YLOW=16", "lavfi.signalstats.YHIGH=16"], 0),
    ],
)
def test_how_much_there_is_to_see(said: list[str], worth: float) -> None:
    assert score(said) == worth


def test_the_command_for_posters() -> None:
    command = command_of(poster_command(FOOTAGE, FILES, 6_000))
    begin = command.index("-filter_complex")
    assert command[:begin] == ["/bin/ffmpeg", *OPENED, "-ss", "6.0", "-i", "/in/a.mkv"]
    assert command[begin + 1].startswith("[0:3]bwdif=")
    assert graph(command) == [
        "bwdif=deint=interlaced:mode=send_frame",
        *framed(640, 360),
        "format=yuv420p",
        "thumbnail=24",
        "metadata=delete",
        "signalstats",
        "metadata=print:file=-",
        "split=2",
        "scale=320:180",
        "scale=out_color_matrix=bt601:out_range=full",
        "format=yuv420p",
        "scale=640:360",
        "format=bgra",
    ]
    once = ["-frames:v", "1"]
    jpeg = ["-f", "image2", "-c:v", "mjpeg", *once, "-q:v", "3", "-update", "1", "poster-320.jpg"]
    webp = ["-f", "image2", "-c:v", "libwebp", *once, "-quality", "80", "-update", "1", "poster-640.webp"]
    assert [part for part in command[begin + 2 :] if not part.startswith(("-map", "[s"))] == [
        *jpeg,
        *webp,
        *QUIETLY,
    ]


def test_a_cover_is_taken_as_it_is() -> None:
    command = command_of(poster_command(replace(FOOTAGE, is_cover=True), FILES, 0))
    assert "-ss" not in command
    assert graph(command)[:5] == [*framed(640, 360), "format=yuv420p", "metadata=delete"]


def test_hdr_is_brought_to_what_plain_screens_show() -> None:
    steps = graph(command_of(poster_command(replace(FOOTAGE, is_hdr=True), FILES, 0)))
    assert steps[4:10] == [
        "zscale=min=bt2020nc:npl=100:p=bt2020:pin=bt2020:t=linear",
        "format=pix_fmts=gbrpf32le",
        "zscale=p=bt709",
        "tonemap=desat=0:tonemap=hable",
        "zscale=m=bt709:r=tv:t=bt709",
        "format=pix_fmts=yuv420p",
    ]
