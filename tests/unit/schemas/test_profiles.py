"""Profiles that people make are checked whole before they are used."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from schemas.profiles import BUILT_IN, BadProfile, parse, written

VIDEO: dict[str, Any] = {"codec": "h264", "rungs": [{"height": 480, "crf": 23}]}


def text(**said: Any) -> bytes:
    return orjson.dumps({"name": "mine", "video": VIDEO, **said})


@pytest.mark.parametrize("profile", BUILT_IN.values(), ids=lambda profile: profile.name)
def test_a_profile_is_read_as_it_was_written(profile: Any) -> None:
    assert parse(written(profile)) == profile


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"name": "../x"}, "name: "),
        ({"name": "x" * 41}, "name: "),
        ({"extra": 1}, "extra: "),
        ({"container": "exe"}, "container: "),
        ({"video": {**VIDEO, "codec": "divx"}}, "video.codec: "),
        ({"video": {**VIDEO, "rungs": []}}, "video.rungs: say at least one"),
        ({"video": {**VIDEO, "rungs": [{"height": 481, "crf": 23}]}}, "video.rungs.0.height: "),
        ({"video": {**VIDEO, "rungs": [{"height": 99999, "crf": 23}]}}, "video.rungs.0.height: "),
        ({"video": {**VIDEO, "rungs": [{"height": 480}]}}, "give either crf or bit_rate"),
        ({"video": {**VIDEO, "rungs": [{"height": 480, "crf": 1, "bit_rate": 90000}]}}, "give either"),
        ({"video": {**VIDEO, "rungs": [{"height": 480, "crf": 60}]}}, "h264 knows 0 to 51"),
        (
            {"video": {**VIDEO, "rungs": [{"height": 480, "bit_rate": 90000, "max_bit_rate": 90000}]}},
            "goes with",
        ),
        (
            {"video": {**VIDEO, "rungs": [{"height": 240, "crf": 1}, {"height": 480, "crf": 1}]}},
            "the largest first",
        ),
        ({"video": {"codec": "copy", "rungs": [{"height": 240, "crf": 1}]}}, "what is copied"),
        ({"video": {"codec": "copy"}, "container": "webm"}, "webm does not hold copy"),
        (
            {"video": {"codec": "av1", "rungs": [{"height": 240, "bit_rate": 90000}]}},
            "not made in two passes",
        ),
        (
            {"container": "hls", "video": {**VIDEO, "rungs": [{"height": 480, "bit_rate": 90000}]}},
            "two passes",
        ),
        ({"container": "mp3", "audio": {"codec": "mp3"}}, "mp3 holds no picture"),
        ({"container": "m4a", "video": None}, "keeps neither"),
        ({"container": "webm", "audio": {"codec": "aac"}}, "webm does not hold"),
        ({"audio": {"codec": "aac", "bit_rate": 1}}, "audio.bit_rate: "),
        ({"audio": {"codec": "aac", "loudness_lufs": 3}}, "audio.loudness_lufs: "),
        ({"audio": {"codec": "copy", "loudness_lufs": -16}}, "keeps its loudness"),
        ({"container": "hls", "audio": {"codec": "aac", "loudness_lufs": -16}}, "measured over the whole"),
        ({"video": None, "audio": {"codec": "aac"}, "subtitles": "burn"}, "nothing to burn them into"),
        ({"engine": "handbrake"}, "name the preset"),
        ({"handbrake_preset": "Fast 480p30"}, "for the engine handbrake alone"),
        ({"engine": "handbrake", "handbrake_preset": "x", "container": "hls"}, "HandBrake does not make hls"),
    ],
)
def test_what_does_not_go_together_is_said(said: dict[str, Any], problem: str) -> None:
    with pytest.raises(BadProfile, match=problem.replace("(", r"\(")):
        parse(text(**said))


@pytest.mark.parametrize("junk", [b"", b"null", b"[]", b'"web"', b"{", b'{"name": 5}'])
def test_junk_is_no_profile(junk: bytes) -> None:
    with pytest.raises(BadProfile):
        parse(junk)


def test_every_problem_is_said_at_once() -> None:
    with pytest.raises(BadProfile) as caught:
        parse(text(container="webm", audio={"codec": "aac"}))
    assert len(str(caught.value).splitlines()) == 2
