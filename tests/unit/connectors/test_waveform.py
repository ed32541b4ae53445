"""How many points a waveform has, what they say, and with which commands: tables, no ffmpeg."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from connectors.pictures.waveform import (
    Levels,
    draft,
    levels_command,
    samples_per_point,
    wave_picture_command,
)
from tests.unit.connectors.graphs import HOUR_MS, OPENED, QUIETLY, SOUND, command_of, graph


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
    assert samples_per_point(replace(SOUND, sample_rate=rate, duration_ms=duration_ms)) == samples


def test_the_command_for_levels() -> None:
    command = command_of(levels_command(SOUND))
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
    command = command_of(wave_picture_command(Path("/out")))
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
