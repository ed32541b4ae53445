"""How thumbnails lie on their sheets, when each is, and with which command: tables, no ffmpeg."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connectors.pictures.sheets import KeyFrames, TooRare, sheets_command, tile_plan, vtt
from tests.unit.connectors.graphs import FOOTAGE, HOUR_MS, OPENED, QUIETLY, command_of, framed, graph


@pytest.mark.parametrize("key_frames", [True, False])
def test_the_command_for_sheets(key_frames: bool) -> None:
    command = command_of(sheets_command(FOOTAGE, tile_plan(FOOTAGE), key_frames=key_frames))
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
    assert "-reinit_filter" not in command_of(sheets_command(turned, tile_plan(turned), key_frames=True))


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


TEN_MINUTES = tile_plan(replace(FOOTAGE, duration_ms=600_000))


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
