"""Playlists keep RFC 8216, whatever a medium holds and whatever its tracks are called."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.playback import playlists
from schemas.events import Stream
from schemas.medium import Medium
from schemas.profiles import BUILT_IN, Audio, Profile, Rung, Video
from schemas.renditions import Renditions, picture_grid, renditions, sound_grid
from schemas.segments import Grid
from schemas.texts import texts
from tests import hls_rules, samples

HALF_A_MICROSECOND = Fraction(1, 2_000_000)
ALL_TRACKS = Audio(codec="aac", tracks="all")
LADDER = tuple(Rung(height=height, crf=23) for height in (2160, 1080, 720, 480, 240))
HOSTILE = (
    'say "hi"',
    '""',
    "two\nlines\r\n#EXT-X-ENDLIST",
    "tab\tnull\0bell\x07",
    "\u2028separated\u2029",
    "",
    "   ",
    "\u202egnirts",
    "e\u0301 decomposed",
    "🎬 日本語 émoji 👨‍👩‍👧",
    "x" * 5000,
    'NAME="x",URI="http://example.org/"',
    "\ud800 alone",
)


def made(profile: Profile, *streams: Stream, **probe: Any) -> Renditions:
    return renditions(Medium.of(samples.probed(streams=list(streams), **probe)), profile)


def with_tracks(*tracks: dict[str, Any], picture: bool = True, codec: Any = "aac") -> Renditions:
    """What a film with such tracks becomes."""
    profile = replace(BUILT_IN["web"], audio=replace(ALL_TRACKS, codec=codec))
    streams = [samples.video_stream()] if picture else []
    said = [{"index": 1 + number, "is_default": number == 0, **track} for number, track in enumerate(tracks)]
    return made(profile, *streams, *(samples.audio_stream(**each) for each in said))


def read(found: Renditions, **limits: Any) -> hls_rules.Master:
    return hls_rules.master(playlists.master(found, **limits))


def test_a_master_playlist_says_every_size_with_its_sound() -> None:
    found = read(made(BUILT_IN["web"], samples.video_stream(), samples.audio_stream()))
    assert found.version == 7
    assert [variant.said["RESOLUTION"] for variant in found.variants] == ["1280x720", "854x480", "426x240"]
    assert {v.said["CODECS"] for v in found.variants} == {"avc1.64001f,mp4a.40.2", "avc1.64001e,mp4a.40.2"}
    assert {v.said["FRAME-RATE"] for v in found.variants} == {"30.000"}
    rates = [int(variant.said["BANDWIDTH"]) for variant in found.variants]
    assert rates == sorted(rates, reverse=True)
    (track,) = found.tracks
    assert (track["LANGUAGE"], track["DEFAULT"], track["CHANNELS"]) == ("en", "YES", "2")


def test_every_address_is_that_of_a_rendition() -> None:
    known = with_tracks({}, {"language": "spa"})
    found = read(known)
    folders = {variant.uri for variant in found.variants} | {track["URI"] for track in found.tracks}
    keys = [rung.key for rung in known.video] + [track.key for track in known.audio]
    assert folders == {f"{key}/index.m3u8" for key in keys}


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9"])
@pytest.mark.parametrize("rate", ["24000/1001", "30", "60", "1/2"])
@pytest.mark.parametrize("sound", ["aac", "opus"])
def test_every_codec_is_named_as_players_ask_for_it(codec: Any, rate: str, sound: Any) -> None:
    profile = Profile(name="p", video=Video(codec=codec, rungs=LADDER), audio=Audio(codec=sound))
    picture = samples.video_stream(width=3840, height=2160, frame_rate=rate)
    found = read(made(profile, picture, samples.audio_stream()))
    assert len(found.variants) == 5
    assert float(found.variants[0].said["FRAME-RATE"]) == pytest.approx(float(Fraction(rate)), abs=0.0005)


def text(index: int, **more: Any) -> Stream:
    return Stream(index=index, kind="subtitle", codec="subrip", **more)


def test_text_tracks_go_with_every_size() -> None:
    streams = [
        samples.video_stream(),
        text(2, language="eng", is_default=True),
        text(3, language="eng", title="Comments", is_default=True),
        text(4, language="ger", is_forced=True),
    ]
    medium = Medium.of(samples.probed(streams=streams))
    found = hls_rules.master(playlists.master(renditions(medium, BUILT_IN["web"]), texts(medium)))
    said = [(t["NAME"], t["LANGUAGE"], t["DEFAULT"], t["AUTOSELECT"], t["FORCED"]) for t in found.tracks]
    assert said == [
        ("eng", "en", "YES", "YES", "NO"),
        ("Comments", "en", "NO", "NO", "NO"),
        ("ger", "de", "NO", "YES", "YES"),
    ]
    assert {variant.said["SUBTITLES"] for variant in found.variants} == {"text"}


@pytest.mark.parametrize("duration_ms", [1, 999, 10_000, 3_600_001])
def test_a_text_track_is_one_segment_as_long_as_the_film(duration_ms: int) -> None:
    (track,) = texts(Medium.of(samples.probed(streams=[text(2)])))
    said = hls_rules.media(playlists.text(track, duration_ms))
    assert len(said.segments) == 1
    assert "text.vtt" in playlists.text(track, duration_ms)


def test_without_sound_there_is_no_group_of_sound() -> None:
    found = read(made(BUILT_IN["web"], samples.video_stream()))
    assert found.tracks == ()
    assert all("AUDIO" not in v.said and "," not in v.said["CODECS"] for v in found.variants)


@pytest.mark.parametrize("codec", ["aac", "opus"])
def test_sound_alone_is_one_variant(codec: str) -> None:
    found = read(with_tracks({}, {"language": "spa"}, picture=False, codec=codec), max_height=64)
    (variant,) = found.variants
    assert len(found.tracks) == 2
    assert variant.uri == found.tracks[0]["URI"]
    assert variant.said["CODECS"] in ("mp4a.40.2", "opus")


@pytest.mark.parametrize(
    ("limits", "heights"),
    [
        ({}, ["1080", "720", "480", "240"]),
        ({"max_height": 720}, ["720", "480", "240"]),
        ({"max_height": 719}, ["480", "240"]),
        ({"max_height": 100}, ["240"]),
        ({"max_bit_rate": 10_000}, ["240"]),
        ({"max_height": 480, "max_bit_rate": 1_000_000}, ["240"]),
        ({"max_bit_rate": 6_000_000}, ["720", "480", "240"]),
        # 720p with its sound takes just so many bits a second.
        ({"max_bit_rate": 5_403_600}, ["720", "480", "240"]),
        ({"max_bit_rate": 5_403_599}, ["480", "240"]),
    ],
)
def test_a_clients_limits_leave_what_it_can_take_or_else_the_smallest(
    limits: dict[str, int], heights: list[str]
) -> None:
    source = samples.video_stream(width=1920, height=1080)
    found = read(made(BUILT_IN["web"], source, samples.audio_stream()), **limits)
    assert [v.said["RESOLUTION"].partition("x")[2] for v in found.variants] == heights


def names(*tracks: dict[str, Any]) -> list[str]:
    return [track["NAME"] for track in read(with_tracks(*tracks)).tracks]


@pytest.mark.parametrize("title", HOSTILE)
def test_whatever_a_track_is_called_its_name_is_one_line_and_not_empty(title: str) -> None:
    (name, other) = names({"title": title, "language": None}, {"title": title, "language": None})
    assert name.strip() == name != ""
    assert other != name
    assert len(name) <= 100


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ([{"title": "Main"}, {"title": "Main"}, {"title": "Main"}], ["Main", "Main 2", "Main 3"]),
        ([{"title": "A"}, {"title": "A 2"}, {"title": "A"}], ["A", "A 2", "A 3"]),
        ([{"title": 'A"'}, {"title": "A"}], ["A", "A 2"]),
        ([{"title": "A\n\tB\u00a0C"}], ["A B C"]),
        ([{"title": '""', "language": "spa"}, {"title": " ", "language": None}], ["spa", "Track 2"]),
        ([{"title": "x" * 200}, {"title": "x" * 200}], ["x" * 100, "x" * 100 + " 2"]),
        ([{"title": "e\u0301"}], ["\u00e9"]),
    ],
)
def test_tracks_are_told_apart_by_their_names(tracks: list[dict[str, Any]], expected: list[str]) -> None:
    assert names(*tracks) == expected


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("eng", "en"),
        ("deu", "de"),
        ("ger", "de"),
        ("pt-BR", "pt-BR"),
        ("jpn", "jpn"),
        ("en_US", None),
        ("英語", None),
        ('"', None),
        ("english (main)", None),
        (None, None),
    ],
)
def test_a_language_is_said_where_it_is_one(said: str | None, tag: str | None) -> None:
    (track,) = read(with_tracks({"language": said})).tracks
    assert track.get("LANGUAGE") == tag


def test_of_two_tracks_in_one_language_a_player_takes_the_default_by_itself() -> None:
    tracks = [
        {"language": "eng", "title": "Comments", "is_default": False},
        {"language": "eng", "title": "Main", "is_default": True},
        {"language": "spa", "is_default": False},
        {"language": "spa", "title": "Otro", "is_default": False},
    ]
    found = read(with_tracks(*tracks)).tracks
    assert [track["DEFAULT"] for track in found] == ["NO", "YES", "NO", "NO"]
    chosen = [track["NAME"] for track in found if track["AUTOSELECT"] == "YES"]
    assert chosen[0] == "Main"
    assert len(chosen) == 2


TEXT = st.none() | st.sampled_from(HOSTILE) | st.text(max_size=30)
TRACK = st.fixed_dictionaries(
    {
        "title": TEXT,
        "language": TEXT,
        "channels": st.sampled_from([1, 2, 6, 8]),
        "sample_rate": st.sampled_from([8000, 44100, 48000]),
    }
)


@given(
    tracks=st.lists(TRACK, max_size=6),
    default=st.integers(0, 5),
    picture=st.booleans(),
    limits=st.fixed_dictionaries(
        {"max_height": st.none() | st.integers(64, 3000), "max_bit_rate": st.none() | st.integers(1, 10**7)}
    ),
)
@settings(max_examples=60, deadline=None)
def test_master_playlists_keep_the_rules(
    tracks: list[dict[str, Any]], default: int, picture: bool, limits: dict[str, int | None]
) -> None:
    if not tracks and not picture:
        return
    known = with_tracks(
        *({**track, "is_default": number == default} for number, track in enumerate(tracks)), picture=picture
    )
    found = read(known, **limits)
    assert len(found.tracks) == len(tracks)
    bound = limits["max_bit_rate"]
    assert len(found.variants) == 1 or all(
        int(v.said["BANDWIDTH"]) <= (bound or 10**9) for v in found.variants
    )


RATES = st.builds(Fraction, st.integers(1, 240_000), st.sampled_from([1, 1000, 1001])).filter(
    lambda r: r <= 240
)
GRIDS = st.builds(picture_grid, RATES, st.integers(0, 20 * 60 * 10**6)) | st.builds(
    sound_grid,
    st.sampled_from(["aac", "opus"]),
    st.sampled_from([44100, 48000]),
    st.integers(0, 20 * 60 * 1000),
)


@given(grid=GRIDS)
@settings(max_examples=60, deadline=None)
def test_media_playlists_keep_the_rules_and_say_how_long_each_segment_is(grid: Grid) -> None:
    found = hls_rules.media(playlists.media(grid))
    assert [segment.uri for segment in found.segments] == [f"{n:06d}.m4s" for n in range(grid.segments)]
    assert found.init == "init.mp4"
    assert found.target_s == max(1, *(-(-grid.duration(n) // 1) for n in range(grid.segments)))
    for number, segment in enumerate(found.segments):
        assert abs(segment.length_s - grid.duration(number)) <= HALF_A_MICROSECOND
    total = sum(segment.length_s for segment in found.segments)
    assert abs(total - grid.units / grid.rate) <= grid.segments * HALF_A_MICROSECOND


@pytest.mark.parametrize(
    ("grid", "lengths"),
    [
        (picture_grid(Fraction(24000, 1001), 60_500_000), ["4.004000"] * 15 + ["0.458792"]),
        (picture_grid(Fraction(30), 8_000_000), ["4.000000"] * 2),
        (picture_grid(Fraction(25), 0), ["0.040000"]),
        (sound_grid("aac", 48_000, 8_100), ["4.010667", "4.010667", "0.085333"]),
    ],
)
def test_lengths_are_exact_to_a_microsecond(grid: Grid, lengths: list[str]) -> None:
    said = [line for line in playlists.media(grid).splitlines() if line.startswith("#EXTINF")]
    assert said == [f"#EXTINF:{length}," for length in lengths]
