"""What a medium becomes is known beforehand, the same everywhere, and named by what its bytes depend on."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from schemas.medium import Medium
from schemas.profiles import BUILT_IN, Audio, Profile, Rung, Video
from schemas.renditions import CannotRender, VideoRendition, picture_grid, renditions, shown_size, sound_grid
from schemas.segments import Grid, Made, segment_location
from tests import samples


def medium(**more: Any) -> Medium:
    return Medium.of(samples.probed(**more))


def video(**more: Any) -> tuple[VideoRendition, ...]:
    return renditions(medium(streams=[samples.video_stream(**more)]), BUILT_IN["web"]).video


@pytest.mark.parametrize(
    ("stream", "most", "size"),
    [
        ({"width": 3840, "height": 2160}, 720, (1280, 720)),
        ({"width": 1280, "height": 720}, 1080, (1280, 720)),
        ({"width": 640, "height": 481}, 480, (638, 480)),
        ({"width": 1920, "height": 1080, "rotation": 90}, 720, (404, 720)),
        ({"width": 720, "height": 576, "aspect": "16/11"}, 576, (1048, 576)),
        ({"width": 320, "height": 240, "rotation": 270}, 1080, (240, 320)),
        ({"width": 321, "height": 181}, 1080, (320, 180)),
        ({"width": 1, "height": 1}, 240, (2, 2)),
    ],
)
def test_a_picture_is_never_scaled_up_and_always_even(
    stream: dict[str, Any], most: int, size: tuple[int, int]
) -> None:
    assert shown_size(samples.video_stream(**stream), most) == size


@pytest.mark.parametrize(
    ("source", "heights"),
    [(2160, [1080, 720, 480, 240]), (720, [720, 480, 240]), (600, [600, 480, 240]), (144, [144])],
)
def test_rungs_taller_than_the_source_are_one(source: int, heights: list[int]) -> None:
    rungs = video(width=source * 16 // 9, height=source)
    assert [rung.height for rung in rungs] == heights


def test_the_lowest_rung_that_holds_the_source_is_the_one_that_stands() -> None:
    assert video(width=1280, height=720)[0].max_bit_rate == 3_500_000


@pytest.mark.parametrize(
    ("rate", "end_us", "units", "per_segment", "segments"),
    [
        ("24000/1001", 60_500_000, 1451, 96, 16),
        ("30", 10_000_000, 300, 120, 3),
        ("1", 5_000_000, 5, 4, 2),
        ("120", 1_000_000, 120, 480, 1),
        ("25", 0, 1, 100, 1),
    ],
)
def test_the_grid_is_exact(rate: str, end_us: int, units: int, per_segment: int, segments: int) -> None:
    grid = picture_grid(Fraction(rate), end_us)
    assert (grid.units, grid.per_segment, grid.segments) == (units, per_segment, segments)
    assert sum(grid.length(n) for n in range(grid.segments)) == units
    assert sum(grid.duration(n) for n in range(grid.segments)) == units / Fraction(rate)


@pytest.mark.parametrize(("second", "segment"), [(0, 0), (3.99, 0), (4, 1), (1000, 2), (-5, 0)])
def test_an_instant_lies_in_one_segment(second: float, segment: int) -> None:
    assert Grid(rate=Fraction(30), units=300, per_segment=120).at(second) == segment


def test_sound_covers_all_of_the_time() -> None:
    grid = sound_grid("aac", 48000, 61_300)
    assert (grid.units, grid.per_segment) == (2874, 188)
    assert grid.units / grid.rate >= Fraction(613, 10)


@pytest.mark.parametrize(("rate", "most", "made"), [("120", 60, "60"), ("50", 60, "50"), ("100", 30, "25")])
def test_too_many_pictures_a_second_are_thinned_evenly(rate: str, most: int, made: str) -> None:
    wanted = Video(codec="h264", rungs=(Rung(height=480, crf=23),), max_frame_rate=most)
    found = renditions(
        medium(streams=[samples.video_stream(frame_rate=rate)]), Profile(name="a", video=wanted)
    )
    assert found.video[0].picture.rate == made


def test_profiles_share_the_rungs_that_they_have_in_common() -> None:
    one = Profile(name="one", video=Video(codec="h264", rungs=(Rung(height=480, crf=25),)))
    two = Profile(
        name="two", video=Video(codec="h264", rungs=(Rung(height=720, crf=20), Rung(height=480, crf=25)))
    )
    known = medium()
    assert renditions(known, one).video[0].key == renditions(known, two).video[1].key
    assert renditions(known, one).video[0].group == renditions(known, two).video[0].group


@pytest.mark.parametrize(
    "change",
    [
        {"crf": 26},
        {"height": 240},
        {"codec": "hevc"},
        {"speed": "slow"},
        {"variant": "hardware"},
        {"max_bit_rate": 1},
        {"source": "x"},
    ],
)
def test_the_key_follows_whatever_the_bytes_depend_on(change: dict[str, Any]) -> None:
    rung = video()[0]
    assert replace(rung, **change).key != rung.key


@pytest.mark.parametrize(
    ("height", "rate", "codec", "string"),
    [
        (240, "25", "h264", "avc1.64001e"),
        (720, "30", "h264", "avc1.64001f"),
        (720, "60", "h264", "avc1.640020"),
        (1080, "60", "h264", "avc1.64002a"),
        (720, "30", "hevc", "hvc1.1.6.L93.90"),
        (720, "60", "hevc", "hvc1.1.6.L120.90"),
        (1080, "60", "hevc", "hvc1.1.6.L123.90"),
        (2160, "30", "hevc", "hvc1.1.6.L153.90"),
        (720, "60", "av1", "av01.0.08M.08"),
        (1080, "60", "av1", "av01.0.09M.08"),
        (240, "25", "av1", "av01.0.04M.08"),
        (720, "60", "vp9", "vp09.00.40.08"),
        (1080, "60", "vp9", "vp09.00.41.08"),
    ],
)
def test_players_are_told_levels_that_there_are(height: int, rate: str, codec: str, string: str) -> None:
    rung = video(width=height * 16 // 9, height=height, frame_rate=rate)[0]
    tall = replace(rung, height=height, width=height * 16 // 9, codec=codec)
    assert tall.codec_string == string


def test_a_name_or_a_language_changes_no_bytes() -> None:
    def key(**more: Any) -> str:
        found = renditions(medium(streams=[samples.audio_stream(**more)]), BUILT_IN["web"])
        return found.audio[0].key

    assert key(language="en", title="Main") == key(language="de", title=None, is_default=False)
    assert key(sample_rate=44100) != key(sample_rate=48000)


def test_hdr_is_mapped_unless_it_is_kept() -> None:
    stream = samples.video_stream(transfer="smpte2084", bits=10)
    known = medium(streams=[stream])
    assert renditions(known, BUILT_IN["web"]).video[0].picture.tone_map
    kept = renditions(known, replace(BUILT_IN["archive"], container="mp4")).video[0]
    assert (kept.picture.tone_map, kept.ten_bit) == (False, True)


def test_a_cover_is_no_picture() -> None:
    streams = [samples.video_stream(is_attached_picture=True), samples.audio_stream()]
    found = renditions(medium(streams=streams), BUILT_IN["web"])
    assert (len(found.video), len(found.audio)) == (0, 1)


def test_the_default_track_is_chosen_and_all_where_they_are_wanted() -> None:
    streams = [
        samples.audio_stream(index=0, is_default=False),
        samples.audio_stream(index=1, is_default=True),
    ]
    one = renditions(medium(streams=streams), BUILT_IN["web"]).audio
    assert [track.stream for track in one] == [1]
    every = replace(BUILT_IN["web"], audio=Audio(codec="aac", tracks="all"))
    assert [track.stream for track in renditions(medium(streams=streams), every).audio] == [0, 1]


def test_nothing_of_what_is_kept_cannot_be_rendered() -> None:
    with pytest.raises(CannotRender, match="holds nothing"):
        renditions(medium(streams=[samples.video_stream()]), BUILT_IN["sound"])


def test_a_medium_is_read_as_it_was_written() -> None:
    known = medium()
    assert Medium.read(known.written()) == known


def test_a_segment_has_one_place() -> None:
    assert segment_location("ab" * 16, "c" * 16, 42) == f"renditions/ab/{'ab' * 16}/{'c' * 16}/000042.m4s"
    assert segment_location("ab" * 16, "c" * 16, -1).endswith("/init.mp4")


@pytest.mark.parametrize("text", [None, "", "x", "a/b", "a:b+c", "a:1", "a:1+", "a:-1+2"])
def test_what_is_no_run_is_none(text: str | None) -> None:
    assert Made.parse(text) is None


def test_a_run_is_read_as_it_was_written() -> None:
    made = Made("abc/def", 16, 8)
    assert Made.parse(str(made)) == made
    assert [n in made for n in (15, 16, 23, 24)] == [False, True, True, False]
