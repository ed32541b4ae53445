"""What players are sent while it is encoded: lawful playlists, and segments that are what they promise."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from connectors.fragment_shape import timescale
from tests.client import Client
from tests.clips import run
from tests.watching import Fetched, watched

SECONDS, RATE = 13, "30000/1001"
ONE_PICTURE = 1001 / 30000
SIZES: dict[str, list[Any]] = {
    "h264": [{"height": 240, "crf": 28}, {"height": 144, "max_bit_rate": 300_000, "crf": 28}],
    "hevc": [{"height": 144, "max_bit_rate": 300_000, "crf": 32}],
    "vp9": [{"height": 144, "crf": 45}],
    "av1": [{"height": 144, "crf": 45}],
}


@pytest.fixture(scope="module")
def film(client: Client, clips: Path) -> str:
    """A film with two sounds and a text track, cut short in the middle of a segment."""
    (clips / "said.srt").write_text("1\n00:00:01,000 --> 00:00:12,000\nWords\n")
    picture = f"testsrc2=size=426x240:rate={RATE}:duration={SECONDS}"
    tones = ("-f", "lavfi", "-i", f"sine=440:sample_rate=44100:d={SECONDS}")
    maps = ("-map", "0", "-map", "1", "-map", "2", "-map", "3")
    told = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=spa")
    path = run(
        *("-f", "lavfi", "-i", picture, *tones, *tones, "-i", str(clips / "said.srt"), *maps, *told),
        *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-c:s", "srt"),
        to=clips / "lawful.mkv",
    )
    media_id = client.upload(path)["media"]["id"]
    client.until_media(media_id, "ready")
    return str(media_id)


@pytest.mark.parametrize("sound", ["aac", "opus"])
@pytest.mark.parametrize("codec", list(SIZES))
def test_what_is_promised_is_sent(codec: str, sound: str, client: Client, film: str) -> None:
    name = f"lawful-{codec}-{sound}"
    video = {"codec": codec, "rungs": SIZES[codec], "speed": "fastest"}
    audio = {"codec": sound, "tracks": "all"}
    client.make_profile({"name": name, "container": "hls", "video": video, "audio": audio})
    viewer = watched(client, film, method="transcode", profile=name)
    master = viewer.master()
    assert len(master.variants) == len(SIZES[codec])
    assert [track.get("LANGUAGE") for track in master.tracks if track["TYPE"] == "AUDIO"] == ["en", "es"]
    tracks = [viewer.fetch(track["URI"]) for track in master.tracks if track["TYPE"] == "AUDIO"]
    pictures = [viewer.fetch(variant.uri) for variant in master.variants]
    for each in (*tracks, *pictures):
        assert_kept(each)
    for each in pictures:
        assert abs(sum(each.lengths) - SECONDS) < ONE_PICTURE
    heard = max(map(fastest, tracks))
    for rung, variant, each in zip(SIZES[codec], master.variants, pictures, strict=True):
        if "max_bit_rate" in rung:
            assert fastest(each) + heard <= int(variant.said["BANDWIDTH"])


def assert_kept(track: Fetched) -> None:
    """Every segment begins where those before it end, and is as long as the playlist says."""
    ticks, at = timescale(track.init), Fraction(0)
    for found, length in zip(track.shapes, track.lengths, strict=True):
        assert abs(Fraction(found.begin, ticks) - at) < Fraction(1, 1000)
        assert abs(float(Fraction(found.ticks, ticks)) - length) < 0.001
        at += Fraction(found.ticks, ticks)


def fastest(track: Fetched) -> float:
    """The peak segment bit rate, as RFC 8216 counts it: over any neighbours that together take between half
    and one and a half times the target duration.
    """
    pieces = [
        (len(content) * 8, length) for content, length in zip(track.segments, track.lengths, strict=True)
    ]
    target = max(map(round, track.lengths))
    spans = [pieces[i:j] for i in range(len(pieces)) for j in range(i + 1, i + 4)]
    sums = [tuple(map(sum, zip(*span, strict=True))) for span in spans]
    return max(bits / length for bits, length in sums if 0.5 <= length / target <= 1.5)


def test_the_subtitles_of_a_playback_are_lawful_too(client: Client, film: str) -> None:
    viewer = watched(client, film, method="transcode", profile="preview")
    (track,) = (track for track in viewer.master().tracks if track["TYPE"] == "SUBTITLES")
    found = viewer.media(track["URI"])
    assert found.init is None
    folder = f"{viewer.base}/{track['URI'].rpartition('/')[0]}"
    words = [viewer.text(f"{folder}/{segment.uri}") for segment in found.segments]
    assert all(text.startswith("WEBVTT") for text in words)
    assert sum("Words" in text for text in words) >= 1
