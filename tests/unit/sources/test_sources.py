"""Each source is what the table says of it, and has exactly the odd properties that it is tagged with."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from statistics import median

import pytest

from connectors import sniff
from tests.sources import SOURCES, broken, formats, made, pictures, rates, streams, timing
from tests.sources.measures import (
    HLG,
    PQ,
    PROPERTIES,
    TICKS,
    beeps,
    differences,
    flashes,
    is_regular,
    lasts_s,
    offsets_s,
    shown,
    steps,
    unstamped,
    video_packets,
)
from tests.sources.seen import Seen, seen

_MOST_BYTES = 20_000_000
_NEAR_S = 0.1
_IN_SYNC_S = 0.005
_TO_THE_SAMPLE_S = 0.0005
_MOVING = 0.4
"""Of 255: by how much a picture differs from the one before it, on average."""
_TONE = 0.05

MOVING = [name for name, source in SOURCES.items() if source.has_video]
SOUNDING = [name for name, source in SOURCES.items() if source.has_audio]
BEATING = [name for name, source in SOURCES.items() if source.beat]

Look = Callable[[str], Seen]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where sources are made, once for all tests."""
    return tmp_path_factory.mktemp("sources")


@pytest.fixture(scope="session")
def look(folder: Path) -> Look:
    """Makes a source and reads it through, once for all tests."""
    known: dict[str, Seen] = {}

    def look_at(name: str) -> Seen:
        if name not in known:
            known[name] = seen(made(name, folder), SOURCES[name].demuxer)
        return known[name]

    return look_at


def test_every_tag_is_a_property_and_every_property_a_tag() -> None:
    assert {tag for source in SOURCES.values() for tag in source.tags} == set(PROPERTIES)


@pytest.mark.parametrize("tag", PROPERTIES)
def test_exactly_the_sources_with_a_tag_have_its_property(look: Look, tag: str) -> None:
    having = {name for name in SOURCES if PROPERTIES[tag](look(name))}

    assert having == {name for name, source in SOURCES.items() if tag in source.tags}


@pytest.mark.parametrize("name", SOURCES)
def test_it_is_small_and_of_the_kind_that_it_is_said_to_be(folder: Path, name: str) -> None:
    path = made(name, folder)

    assert path.name == f"{name}{SOURCES[name].suffix}"
    assert sniff.sniff(path) == SOURCES[name].demuxer
    assert path.stat().st_size < _MOST_BYTES


@pytest.mark.parametrize("name", SOURCES)
def test_it_lasts_as_long_as_is_said(look: Look, name: str) -> None:
    source, found = SOURCES[name], look(name)
    if "restarts" in source.tags:  # its clock cannot tell
        assert source.frames is not None
        assert source.frame_rate is not None
        assert source.duration_s == source.frames / source.frame_rate
    else:
        assert lasts_s(found) == pytest.approx(source.duration_s, abs=_NEAR_S)
    if source.claimed_s is not None:
        assert found.claimed_s == pytest.approx(source.claimed_s, rel=0.02)


@pytest.mark.parametrize("name", SOURCES)
def test_it_has_moving_pictures_and_sound_as_is_said(look: Look, name: str) -> None:
    source, found = SOURCES[name], look(name)

    assert (found.video is not None) == source.has_video
    assert (found.audio is not None) == source.has_audio
    assert found.frames() == (source.frames or 0)
    assert (source.frames is None) == (not source.has_video)


@pytest.mark.parametrize("name", MOVING)
def test_its_pictures_are_shaped_as_is_said(look: Look, name: str) -> None:
    source, found = SOURCES[name], look(name)

    assert found.video is not None
    assert found.pictures[0].size == source.size
    assert found.pictures[0].rotation == source.rotation
    assert found.video.sample_aspect == source.sample_aspect


@pytest.mark.parametrize("name", MOVING)
def test_its_pictures_come_at_the_rate_that_is_said(look: Look, name: str) -> None:
    source, found = SOURCES[name], look(name)

    assert is_regular(found) == source.constant_rate
    if source.constant_rate:
        assert found.video is not None
        assert source.frame_rate is not None
        whole = shown(found)[-1] - shown(found)[0]
        assert abs(whole - (len(shown(found)) - 1) / source.frame_rate) <= TICKS * found.video.tick


@pytest.mark.parametrize("name", [name for name in MOVING if SOURCES[name].frames != 1])
def test_its_pictures_move(look: Look, name: str) -> None:
    moved = differences(look(name))

    assert min(moved) > 0
    assert median(moved) > _MOVING


@pytest.mark.parametrize("name", SOUNDING)
def test_its_sound_is_as_is_said(look: Look, name: str) -> None:
    source, found = SOURCES[name], look(name)

    assert found.audio is not None
    assert found.audio.channels == source.channels
    assert found.audio.sample_rate == source.sample_rate


@pytest.mark.parametrize("name", [name for name in SOUNDING if not SOURCES[name].beat])
def test_its_tone_never_stops(look: Look, name: str) -> None:
    sounds = look(name).sounds[1:-1]  # an encoder fades in and out

    assert len(sounds) > 10
    assert min(sound.loudest for sound in sounds) > _TONE


@pytest.mark.parametrize("name", BEATING)
def test_its_beeps_come_with_its_flashes(look: Look, name: str) -> None:
    found, beat = look(name), SOURCES[name].beat

    assert beat is not None
    offsets = offsets_s(found, beat)
    assert len(offsets) >= 2
    assert len(offsets) >= max(len(flashes(found)), len(beeps(found))) - 1
    assert max(map(abs, offsets)) < _IN_SYNC_S


@pytest.mark.parametrize("name", ["flash_beep", "flash_beep_24"])
def test_sound_that_is_stored_as_it_is_beeps_on_the_sample(look: Look, name: str) -> None:
    found, beat = look(name), SOURCES[name].beat

    assert beat is not None
    assert found.audio is not None
    assert flashes(found) == [number * beat for number in range(12)]
    assert shown(found)[0] == found.audio.times()[0] == 0
    offsets = offsets_s(found, beat)
    assert len(offsets) == 12
    assert max(map(abs, offsets)) < _TO_THE_SAMPLE_S


def test_a_varying_rate_varies_a_lot_or_jumps_or_doubles(look: Look) -> None:
    assert len(set(steps(look("vfr_jitter")))) > 100
    assert Fraction(69, 100) < max(steps(look("vfr_gaps"))) < Fraction(71, 100)
    assert set(steps(look("vfr_quickens"))) == {Fraction(1, 15), Fraction(1, 60)}


def test_timestamps_are_missing_on_some_packets_or_on_all(look: Look) -> None:
    assert unstamped(look("no_pts")) == 1
    assert 0.1 < unstamped(look("some_pts")) < 0.9


def test_an_edit_list_hides_pictures_that_must_be_decoded_all_the_same(look: Look) -> None:
    assert sum(packet.is_discarded for packet in video_packets(look("cut_by_edit_list"))) == 39
    assert sum(packet.is_discarded for packet in video_packets(look("before_zero"))) == 15


def test_a_clock_wraps_in_the_middle(look: Look) -> None:
    times = shown(look("clock_wraps"))

    assert times[0] < -2
    assert times[-1] > 2


def test_a_late_start_is_an_hour_late(look: Look) -> None:
    assert shown(look("hour_late"))[0] == pytest.approx(3601.4)


def test_the_picture_size_changes_once(look: Look) -> None:
    sizes = [picture.size for picture in look("size_change").pictures]

    assert sizes == [(320, 180)] * 60 + [(480, 270)] * 60


def test_colours_are_those_of_their_standard(look: Look) -> None:
    hdr10, hlg = look("hdr10").pictures, look("hlg").pictures

    assert {picture.transfer for picture in hdr10} == {PQ}
    assert {picture.transfer for picture in hlg} == {HLG}
    assert {"MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL"} <= hdr10[0].side_data


def test_seven_pictures_in_a_row_look_ahead(look: Look) -> None:
    times = [packet.shown for packet in video_packets(look("b_pyramid"))]

    assert times[:2] == [0, Fraction(8, 30)]


def test_languages_are_in_order_and_the_second_is_the_default(look: Look) -> None:
    for name in ("languages", "languages_mp4"):
        heard = look(name).of_kind("audio")
        assert [stream.language for stream in heard] == ["eng", "deu", "jpn"]
        assert [stream.is_default for stream in heard] == [False, True, False]


def test_subtitles_are_text(look: Look) -> None:
    streams = [look(name).of_kind("subtitle") for name in ("subtitles", "subtitles_mp4")]

    assert [[(stream.codec, stream.language) for stream in each] for each in streams] == [
        [("srt", "deu")],
        [("mov_text", "deu")],
    ]


def test_chapters_have_titles_and_times(look: Look) -> None:
    for name in ("chapters", "chapters_mp4"):
        assert look(name).chapters == [(0.0, 1.0, "One"), (1.0, 2.0, "Two")]


def test_a_torn_file_announces_more_pictures_than_it_has(look: Look) -> None:
    torn = look("torn_mp4")

    assert torn.video is not None
    assert torn.video.frames == 180
    assert torn.frames() == 120


def test_a_source_is_made_once_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = made("cover_mkv", tmp_path)
    first = path.stat()

    assert made("cover_mkv", tmp_path) == path
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)
    assert list(tmp_path.iterdir()) == [path]


def test_every_demuxer_that_a_signature_leads_to_has_a_source() -> None:
    by_signature = {demuxer for _, demuxer in sniff._AT_START} | set(sniff._RIFF.values())

    assert by_signature | {"mov", "mpegts", "aiff", "aac"} <= {source.demuxer for source in SOURCES.values()}


def test_no_name_is_taken_twice() -> None:
    lists = (broken, formats, pictures, rates, streams, timing)

    assert len(SOURCES) == sum(len(each.SOURCES) for each in lists)
