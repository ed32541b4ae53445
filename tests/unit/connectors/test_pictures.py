"""Which pictures are made of what, and with which commands: tables, no ffmpeg."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from connectors.pictures import (
    Footage,
    KeyFrames,
    Levels,
    Size,
    Sound,
    TilePlan,
    TooRare,
    draft,
    levels_command,
    moments,
    poster_command,
    poster_sizes,
    score,
    sheets_command,
    shown_size,
    tile_plan,
    vtt,
    wave_picture_command,
)

FFMPEG = Path("/bin/ffmpeg")
HOUR_MS = 3_600_000
FOOTAGE = Footage(
    source=Path("/in/a.mkv"),
    demuxer="matroska",
    duration_ms=60_000,
    video_stream=3,
    width=1280,
    height=720,
    memory_bytes=1,
)
SOUND = Sound(
    source=Path("/in/a.mkv"),
    demuxer="matroska",
    duration_ms=60_000,
    audio_stream=1,
    sample_rate=48_000,
    memory_bytes=1,
)
FILES = {"poster-320.jpg": Size(320, 180), "poster-640.webp": Size(640, 360)}
OPENED = ["-f", "matroska", "-protocol_whitelist", "file"]
QUIETLY = ["-v", "error", "-nostdin", "-nostats", "-y"]
FRAMED = r"scale=min({0}\,round({3}*dar/2)*2):min({1}\,round({2}/dar/2)*2)"
"""A size as a filter: width, height, and each with one more."""


def graph(command: list[str]) -> list[str]:
    """The filters of a command in their order, without their labels."""
    chains = command[command.index("-filter_complex") + 1].split(";")
    return [chain[chain.index("]") + 1 :].split("[")[0] for chain in chains]


def framed(width: int, height: int) -> list[str]:
    scale = FRAMED.format(width, height, width + 1, height + 1)
    return [scale, "setsar=1", f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2"]


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
    command = poster_command(FFMPEG, FOOTAGE, FILES, 6_000)
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
    command = poster_command(FFMPEG, replace(FOOTAGE, is_cover=True), FILES, 0)
    assert "-ss" not in command
    assert graph(command)[:5] == [*framed(640, 360), "format=yuv420p", "metadata=delete"]


def test_hdr_is_brought_to_what_plain_screens_show() -> None:
    steps = graph(poster_command(FFMPEG, replace(FOOTAGE, is_hdr=True), FILES, 0))
    assert steps[4:9] == [
        "zscale=min=bt2020nc:npl=100:pin=bt2020:t=linear",
        "format=pix_fmts=gbrpf32le",
        "zscale=p=bt709",
        "tonemap=desat=0:tonemap=hable",
        "zscale=m=bt709:r=tv:t=bt709",
    ]


@pytest.mark.parametrize("key_frames", [True, False])
def test_the_command_for_sheets(key_frames: bool) -> None:
    command = sheets_command(FFMPEG, FOOTAGE, tile_plan(FOOTAGE), key_frames=key_frames)
    begin = command.index("-i")
    due = "not(ld(1))+eq(dts,nopts)+gte(abs(dts*tb-ld(0)),0.5)"
    rare = ["-bsf:3", f"noise=drop='if(key*({due}),st(1,1)*0+st(0,dts*tb)*0,1)'"]
    quick = ["-skip_frame", "noref", "-skip_loop_filter", "all"]
    opened = [*OPENED[:2], *(rare if key_frames else []), *OPENED[2:], "-reinit_filter", "0"]
    assert command[:begin] == ["/bin/ffmpeg", *opened, *([] if key_frames else quick)]
    told = ["metadata=delete", "metadata=add:key=at:value=1", "metadata=print:direct=1:file=-"]
    even = ["fps=1000/2000:start_time=0"]
    assert graph(command) == [
        *(told + even if key_frames else even + told),
        *framed(160, 90),
        "tpad=stop=30:stop_mode=clone",
        "trim=end_frame=30",
        "tile=10x3",
        "scale=out_color_matrix=bt601:out_range=full",
        "format=yuv420p",
    ]
    made = ["-f", "image2", "-c:v", "mjpeg", "-q:v", "5", "-start_number", "0", "sheet-%03d.jpg"]
    assert command[-len(made + QUIETLY) :] == made + QUIETLY


def test_turning_may_begin_anew_when_the_size_changes() -> None:
    turned = replace(FOOTAGE, rotation=90)
    assert "-reinit_filter" not in sheets_command(FFMPEG, turned, tile_plan(turned), key_frames=True)


@pytest.mark.parametrize(
    ("duration_ms", "step_ms", "count", "columns", "rows", "sheets"),
    [
        (0, 2_000, 1, 1, 1, 1),
        (40, 2_000, 1, 1, 1, 1),
        (2_001, 2_000, 2, 2, 1, 1),
        (21_000, 2_000, 11, 10, 2, 1),
        (300_000, 2_000, 150, 10, 10, 2),
        (300_001, 10_000, 31, 10, 4, 1),
        (6_000_000, 10_000, 600, 10, 10, 6),
        (6_000_001, 11_000, 546, 10, 10, 6),
        (12 * HOUR_MS, 72_000, 600, 10, 10, 6),
    ],
)
def test_tiles_are_close_but_never_too_many(
    duration_ms: int, step_ms: int, count: int, columns: int, rows: int, sheets: int
) -> None:
    plan = tile_plan(replace(FOOTAGE, duration_ms=duration_ms))
    assert (plan.step_ms, plan.count, plan.columns, plan.rows) == (step_ms, count, columns, rows)
    assert plan.sheets == tuple(f"sheet-{n:03}.jpg" for n in range(sheets))


def test_the_track_of_a_moment() -> None:
    plan = tile_plan(replace(FOOTAGE, duration_ms=40))
    assert vtt(plan, plan.sheets) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.040\nsheet-000.jpg#xywh=0,0,160,90\n"
    )


def test_the_track_of_half_a_day() -> None:
    cues = vtt(tile_plan(replace(FOOTAGE, duration_ms=12 * HOUR_MS - 500)), "abcdef").split("\n\n")[1:]
    assert len(cues) == 600
    assert cues[0] == "00:00:00.000 --> 00:01:12.000\na#xywh=0,0,160,90"
    assert cues[99] == "01:58:48.000 --> 02:00:00.000\na#xywh=1440,810,160,90"
    assert cues[100] == "02:00:00.000 --> 02:01:12.000\nb#xywh=0,0,160,90"
    assert cues[599] == "11:58:48.000 --> 11:59:59.500\nf#xywh=1440,810,160,90\n"


@pytest.mark.parametrize("duration_ms", [0, 1, 40, 2_000, 2_001, 299_999, 6_000_001, 99 * HOUR_MS])
def test_cues_follow_each_other_without_a_gap(duration_ms: int) -> None:
    plan = tile_plan(replace(FOOTAGE, duration_ms=duration_ms))
    times = [line.split(" --> ") for line in vtt(plan, plan.sheets).splitlines() if "-->" in line]
    assert all(begin < end for begin, end in times)
    assert [begin for begin, _ in times[1:]] == [end for _, end in times[:-1]]


TEN_MINUTES = TilePlan(600_000, 10_000, 60, Size(160, 90))


@pytest.mark.parametrize(
    ("at_s", "too_rare"),
    [
        ([n * 10.4 for n in range(58)], False),
        ([n * 12.5 for n in range(48)], True),
        ([n * 2.0 for n in range(100)] + [250 + n * 2.0 for n in range(175)], False),
        ([n * 2.0 for n in range(100)] + [270 + n * 2.0 for n in range(165)], True),
        ([0.0], True),
        ([], True),
    ],
)
def test_when_key_frames_are_too_rare(at_s: list[float], too_rare: bool) -> None:
    assert rare(at_s) is too_rare


def rare(at_s: list[float]) -> bool:
    seen = KeyFrames(TEN_MINUTES, lambda _done: None)
    try:
        for moment in at_s:
            seen(f"frame:1    pts:1       pts_time:{moment:g}")
        seen.end()
    except TooRare:
        return True
    return False


def test_rare_key_frames_show_early() -> None:
    reports: list[float] = []
    seen = KeyFrames(TEN_MINUTES, reports.append)
    seen("frame:0 pts:0 pts_time:0")
    seen("frame:1 pts:50 pts_time:50")
    with pytest.raises(TooRare):
        seen("frame:2 pts:70 pts_time:70")
    assert reports == [0, pytest.approx(50 / 600), pytest.approx(70 / 600)]


@pytest.mark.parametrize(
    ("rate", "duration_ms", "samples"),
    [
        (48_000, 40, 960),
        (48_000, 60_000, 960),
        (44_100, 72_000, 882),
        (48_000, 12 * HOUR_MS, 576_000),
        (20, 0, 1),
    ],
)
def test_points_are_close_but_never_too_many(rate: int, duration_ms: int, samples: int) -> None:
    assert replace(SOUND, sample_rate=rate, duration_ms=duration_ms).samples_per_point == samples


def test_the_command_for_levels() -> None:
    command = levels_command(FFMPEG, SOUND)
    assert command[: command.index("-filter_complex")] == ["/bin/ffmpeg", *OPENED, "-i", "/in/a.mkv"]
    assert command[command.index("-filter_complex") + 1].startswith("[0:1]aformat=")
    assert graph(command) == [
        "aformat=channel_layouts=mono:sample_fmts=s16:sample_rates=48000",
        "asetnsamples=960:pad=0",
        "ametadata=delete",
        "astats=measure_overall=Min_level+Max_level:measure_perchannel=none:metadata=1:reset=1",
        "ametadata=print:direct=1:file=-",
    ]
    assert command[-len(QUIETLY) - 3 :] == ["-f", "null", "-", *QUIETLY]


def heard(*levels: tuple[int, int]) -> Levels:
    listener = Levels(SOUND, lambda _done: None)
    for number, (lowest, highest) in enumerate(levels):
        listener(f"frame:{number}    pts:0       pts_time:{number}")
        listener(f"lavfi.astats.Overall.Min_level={lowest}.000000")
        listener(f"lavfi.astats.Overall.Max_level={highest}.000000")
    listener.close()
    return listener


def test_levels_as_audiowaveform_writes_them() -> None:
    assert heard((-32768, 32767), (-255, 255), (-256, 25_600)).document() == {
        "version": 2,
        "channels": 1,
        "sample_rate": 48_000,
        "samples_per_pixel": 960,
        "bits": 8,
        "length": 3,
        "data": [-128, 127, 0, 0, -1, 100],
    }


@pytest.mark.parametrize(
    ("told", "points", "merged"),
    [(4_000, 4_000, 1), (4_001, 2_001, 2), (8_001, 2_001, 4), (100_000, 3_125, 32)],
)
def test_too_many_points_are_merged(told: int, points: int, merged: int) -> None:
    levels = [(0, 0)] * told
    levels[7] = (-25_600, 512)
    found = heard(*levels).document()
    assert (found["length"], found["samples_per_pixel"]) == (points, 960 * merged)
    at = 2 * (7 // merged)
    assert found["data"][at : at + 2] == [-100, 2]
    assert sum(found["data"]) == -98


def test_a_draft_has_two_samples_for_each_column() -> None:
    assert draft([(-128, 127)]) == b"\x00\xff" * 1800
    assert draft([(0, 0), (-1, 1)]) == b"\x80\x80" * 900 + b"\x7f\x81" * 900
    assert draft([(0, 0)] * 3599 + [(-9, 9)]) == b"\x80\x80" * 1799 + b"\x77\x89"


def test_the_command_for_a_waveforms_picture() -> None:
    command = wave_picture_command(FFMPEG, Path("/out"))
    assert command[1:9] == [
        "-f",
        "u8",
        "-ar",
        "8000",
        "-protocol_whitelist",
        "file",
        "-i",
        "/out/waveform.u8",
    ]
    assert graph(command) == ["showwavespic=1800x240:colors=0x5b8def:filter=peak"]
    assert command[-len(QUIETLY) - 1 :] == ["waveform.png", *QUIETLY]
