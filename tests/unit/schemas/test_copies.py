"""What is copied of which source for which player, as tables."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from schemas import cuts as cutting
from schemas.copies import CopiedPicture, CopiedSound, copies, kept_codecs, remux, remux_named
from schemas.cuts import Cuts
from schemas.events import Stream
from schemas.medium import Medium
from schemas.profiles import BUILT_IN, BadProfile, checked, parse, written
from schemas.renditions import AudioRendition, CannotRender
from tests import samples


def medium(*streams: Stream, container: str = "matroska", **more: Any) -> Medium:
    return Medium.of(samples.probed(container=container, streams=list(streams), **more))


VIDEO, AAC = samples.video_stream(), samples.audio_stream()
AC3 = samples.audio_stream(index=2, codec="ac3", channels=6, is_default=False, language="deu")


def test_the_picture_is_copied_and_each_track_that_the_player_knows() -> None:
    made = copies(medium(VIDEO, AAC, AC3), remux({"aac"}))
    (picture,), (kept, coded) = made.video, made.audio
    assert isinstance(picture, CopiedPicture)
    assert (picture.width, picture.height, picture.frame_rate) == (1280, 720, Fraction(30))
    assert isinstance(kept, CopiedSound)
    assert (kept.channels, kept.language, kept.is_default) == (2, "eng", True)
    assert isinstance(coded, AudioRendition)
    assert (coded.codec, coded.channels, coded.language, coded.is_default) == ("aac", 2, "deu", False)
    assert made.tracks == (picture, kept)
    assert made.by_key(coded.key) is coded
    assert made.by_key("nope") is None


def test_what_is_copied_for_one_player_is_there_for_others() -> None:
    """Keys say nothing of what else is copied; what is copied together does."""
    few, many = (copies(medium(VIDEO, AAC, AC3), remux(keep)) for keep in ({"aac"}, {"aac", "ac3"}))
    assert [track.key for track in few.tracks] == [track.key for track in many.tracks[:2]]
    assert few.video[0].group != many.video[0].group
    assert {track.group for track in many.tracks} == {many.video[0].group}
    other = copies(medium(VIDEO, AAC, sha256="cd" * 32), remux({"aac"}))
    assert not {track.key for track in other.tracks} & {track.key for track in few.tracks}


@pytest.mark.parametrize(
    ("sound", "is_copied"),
    [
        ({}, True),
        ({"codec": "ac3"}, False),
        ({"codec": "aac", "profile": "HE-AAC"}, True),
        ({"codec": "aac", "profile": "Main"}, False),
        ({"start_us": 40_000}, True),
        ({"start_us": 500_000}, False),
    ],
)
def test_sound_is_copied_where_it_plays_from_the_start(sound: dict[str, Any], is_copied: bool) -> None:
    made = copies(medium(VIDEO, samples.audio_stream(**sound)), remux({"aac"}))
    assert isinstance(made.audio[0], CopiedSound) is is_copied


@pytest.mark.parametrize(
    ("sounds", "playable", "max_channels", "kept"),
    [
        ([AAC, AC3], ["aac", "ac3", "opus"], 8, {"aac", "ac3"}),
        ([AAC, AC3], ["aac"], 8, {"aac"}),
        ([AAC, AC3], ["aac", "ac3"], 2, {"aac"}),
        ([samples.audio_stream(codec="mp3")], ["mp3", "flac", "vorbis"], 8, set()),
        ([], ["aac"], 8, set()),
    ],
)
def test_what_is_kept_depends_on_the_player(
    sounds: list[Stream], playable: list[str], max_channels: int, kept: set[str]
) -> None:
    assert kept_codecs(medium(VIDEO, *sounds), playable, max_channels) == kept


@pytest.mark.parametrize(
    ("known", "why"),
    [
        (medium(VIDEO, AAC, container="avi"), "its container, avi"),
        (medium(samples.video_stream(codec="mpeg2video")), "does not hold mpeg2video"),
        (medium(samples.video_stream(rotation=270)), "turned by 270 degrees"),
        (medium(samples.video_stream(pixel_format="yuv422p")), "kept as yuv422p"),
        (medium(AC3), "nothing in it that can be copied"),
    ],
)
def test_what_its_headers_speak_against_is_not_copied(known: Medium, why: str) -> None:
    with pytest.raises(CannotRender, match=why) as refused:
        copies(known, remux({"aac"}))
    assert refused.value.code == "not_copyable"


@pytest.mark.parametrize("keep", [set(), {"aac"}, {"opus", "aac"}, {"aac", "ac3", "eac3", "opus"}])
def test_the_name_of_a_remux_says_all_of_it(keep: set[str]) -> None:
    profile = remux(keep)
    assert remux_named(profile.name) == profile == parse(written(profile))
    assert checked(profile).is_remux


@pytest.mark.parametrize(
    "name", ["web", "remux-", "remux-mp3", "remux-opus-aac", "remux-aac-aac", "remux2", ""]
)
def test_other_names_are_other_profiles(name: str) -> None:
    assert remux_named(name) is None


def test_sound_is_kept_beside_a_copied_picture_alone() -> None:
    web = written(BUILT_IN["web"]).replace('"keep":[]', '"keep":["aac"]', 1)
    with pytest.raises(BadProfile, match=r"audio.keep"):
        parse(web)


def test_cuts_grow_until_they_are_whole() -> None:
    some = Cuts(timescale=1000).then(4000, 500_000).then(5000, 2_500_000)
    assert (some.segments, some.lengths, some.duration_s) == (2, [Fraction(4), Fraction(5)], 9.0)
    assert some.bandwidth == 4_000_000
    assert some.then(10, 10_000).bandwidth == 4_000_000
    assert not some.whole
    assert cutting.read(cutting.written(some.ended())) == some.ended()
    assert Cuts(timescale=1000).bandwidth == 0
