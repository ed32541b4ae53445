"""Direct play, else remux, else transcode, each with its reasons: as tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway.playback.decide import Decision, container_of, decide, mime_type
from gateway.playback.schemas import Abilities, Method
from gateway.playback.streamable import comes_in_segments
from processors.transcode.plan import whole_file_reason
from schemas.copies import remux
from schemas.events import Stream
from schemas.medium import Medium
from schemas.profiles import BUILT_IN, Audio, Profile, Rung, Video
from tests import samples

COVER = samples.video_stream(
    index=5, codec="mjpeg", width=3000, height=3000, bits=12, is_default=False, is_attached_picture=True
)
HDR = {"transfer": "smpte2084", "bits": 10}
NO_MKV = "the container mkv is not among the client's"
NO_AC3 = "the sound is ac3, which is not among the client's codecs"
NO_HEVC = "the picture is hevc, which is not among the client's codecs"
NO_MP4 = "the client does not play MP4, which segments come in"
NO_VORBIS = "the sound is vorbis, which is not among the client's codecs"


def video(**more: Any) -> Stream:
    return samples.video_stream(**more)


def audio(**more: Any) -> Stream:
    return samples.audio_stream(**more)


def medium(*streams: Stream, container: str = "mov") -> Medium:
    return Medium.of(samples.probed(container=container, streams=list(streams)))


@pytest.mark.parametrize(
    ("streams", "container", "abilities", "method", "reasons"),
    [
        ([video(), audio()], "mov", {}, "direct", []),
        ([video()], "mov", {}, "direct", []),
        ([audio(codec="mp3")], "mp3", {}, "direct", []),
        ([audio(codec="flac"), COVER], "flac", {}, "direct", []),
        ([audio(codec="pcm_s16le")], "wav", {}, "direct", []),
        (
            [video(pixel_format="yuv444p"), audio()],
            "mov",
            {},
            "transcode",
            ["its colours are kept as yuv444p, which few players show"],
        ),
        ([video(pixel_format="yuvj420p"), audio()], "mov", {}, "direct", []),
        ([video(), audio()], "matroska", {}, "remux", [NO_MKV]),
        ([video(), audio()], "matroska", {"containers": ["mkv"]}, "direct", []),
        ([video(codec="vp9"), audio(codec="opus")], "matroska", {}, "direct", []),
        (
            [video(codec="vp9"), audio(codec="opus")],
            "matroska",
            {"containers": ["mp4"]},
            "remux",
            ["the container webm is not among the client's"],
        ),
        ([video(codec="vp9"), audio()], "matroska", {}, "remux", [NO_MKV]),
        ([video(), audio(codec="vorbis")], "matroska", {}, "remux", [NO_MKV]),
        ([video(), audio()], "matroska", {"containers": ["webm"]}, "transcode", [NO_MKV, NO_MP4]),
        ([video(), audio()], "mpegts", {}, "remux", ["the container ts is not among the client's"]),
        ([video(), audio(codec="ac3")], "matroska", {}, "remux", [NO_AC3, NO_MKV]),
        ([video(), audio(codec="ac3")], "mov", {}, "remux", [NO_AC3]),
        ([video(), audio(codec="dts", channels=6)], "mov", {"audio_codecs": ["dts"]}, "direct", []),
        (
            [video(), audio(channels=6)],
            "mov",
            {"max_channels": 2},
            "remux",
            ["it has 6 channels, the client takes 2"],
        ),
        ([audio()], "matroska", {}, "remux", [NO_MKV]),
        (
            [audio(codec="vorbis")],
            "matroska",
            {"containers": ["mp4"], "audio_codecs": ["aac"]},
            "transcode",
            [
                NO_VORBIS,
                "the container webm is not among the client's",
                "its sound is not copied, and there is nothing else in it",
            ],
        ),
        (
            [video(), audio()],
            "avi",
            {},
            "transcode",
            [
                "the container avi is not among the client's",
                "its container, avi, does not say when each packet is shown",
            ],
        ),
        (
            [video(rotation=90), audio()],
            "matroska",
            {},
            "transcode",
            [NO_MKV, "it is turned by 90 degrees, which not all players heed in a stream"],
        ),
        (
            [video(pixel_format="yuv444p"), audio()],
            "matroska",
            {},
            "transcode",
            ["its colours are kept as yuv444p, which few players show"],
        ),
        (
            [video(codec="vp8"), audio()],
            "matroska",
            {},
            "transcode",
            [NO_MKV, "fragmented MP4 does not hold vp8"],
        ),
    ],
)
def test_a_container_that_the_client_does_not_know_is_changed(
    streams: list[Stream], container: str, abilities: dict[str, Any], method: Method, reasons: list[str]
) -> None:
    found = decide(medium(*streams, container=container), Abilities(**abilities))
    assert (found.method, list(found.reasons)) == (method, reasons)


@pytest.mark.parametrize(
    ("streams", "abilities", "reasons"),
    [
        ([video(codec="hevc"), audio()], {}, [NO_HEVC]),
        ([video(codec="hevc"), audio()], {"video_codecs": ["hevc"]}, []),
        ([video(codec="hevc"), audio(codec="ac3")], {}, [NO_HEVC, NO_AC3]),
        ([audio(channels=2)], {"max_channels": 2}, []),
        ([video(height=1080)], {"max_height": 720}, ["the picture is 1080 high, the client takes 720"]),
        ([video(height=720)], {"max_height": 720}, []),
        (
            [video(width=1920, height=1080, rotation=90)],
            {"max_height": 1080},
            ["the picture is 1920 high, the client takes 1080"],
        ),
        ([video(width=1920, height=1080, rotation=270)], {"max_height": 1920}, []),
        ([video(width=1080, height=1920, rotation=90)], {"max_height": 1080}, []),
        ([video(width=1920, height=1080, rotation=180)], {"max_height": 1080}, []),
        ([video(bits=10)], {}, ["it has 10 bits a colour, the client takes 8"]),
        ([video(bits=10)], {"ten_bit": True}, []),
        ([video(bits=8)], {}, []),
        ([video(**HDR)], {"ten_bit": True}, ["it is HDR, which the client does not show"]),
        ([video(transfer="arib-std-b67")], {}, ["it is HDR, which the client does not show"]),
        ([video(**HDR)], {"ten_bit": True, "hdr": True}, []),
        ([video(transfer="bt709")], {}, []),
        ([video(interlaced=True)], {}, ["it is interlaced"]),
        (
            [video(bit_rate=900_000), audio(bit_rate=100_001)],
            {"max_bit_rate": 1_000_000},
            ["it takes 1000001 bits a second, the client's line bears 1000000"],
        ),
        ([video(bit_rate=900_000), audio(bit_rate=100_000)], {"max_bit_rate": 1_000_000}, []),
        (
            [video(bit_rate=900_000), audio(bit_rate=None)],
            {"max_bit_rate": 10_000},
            ["it takes 800000 bits a second, the client's line bears 10000"],
        ),
        ([video(bit_rate=900_000), audio(bit_rate=None)], {"max_bit_rate": 800_000}, []),
        (
            [video(bit_rate=900_000), audio(bit_rate=100_000), audio(index=2, bit_rate=9**9)],
            {"max_bit_rate": 1_000_000},
            [],
        ),
    ],
)
def test_streams_that_the_client_cannot_take_are_transcoded(
    streams: list[Stream], abilities: dict[str, Any], reasons: list[str]
) -> None:
    found = decide(medium(*streams), Abilities(**abilities))
    assert (found.method, list(found.reasons)) == ("transcode" if reasons else "direct", reasons)


def test_every_reason_is_said_at_once_and_the_container_only_where_the_streams_are_fine() -> None:
    worst = medium(
        video(codec="mpeg2video", height=1080, interlaced=True, bit_rate=10**7, **HDR),
        audio(codec="dts", channels=8, bit_rate=10**6),
        container="mpegts",
    )
    found = decide(worst, Abilities(max_height=720, max_bit_rate=10**6, max_channels=2))
    assert [reason.split(" which")[0].split(", the client")[0] for reason in found.reasons] == [
        "the picture is mpeg2video,",
        "the picture is 1080 high",
        "it has 10 bits a colour",
        "it is HDR,",
        "it is interlaced",
        "the sound is dts,",
        "it has 8 channels",
        "it takes 11000000 bits a second",
    ]


def test_what_was_found_out_is_heeded_where_it_would_be_copied_alone() -> None:
    found = "it has no key frame for more than 30 s"
    assert decide(medium(video(), audio()), Abilities(), found) == Decision("direct", ())
    copied = medium(video(), audio(), container="matroska")
    assert decide(copied, Abilities(), found) == Decision("transcode", (NO_MKV, found))


def test_a_stream_is_copied_where_the_file_as_it_is_would_not_do() -> None:
    assert decide(medium(video(), audio()), Abilities(), in_pieces=True) == Decision("remux", ())
    no_pieces = decide(medium(video(rotation=90), audio()), Abilities(), in_pieces=True)
    assert no_pieces.method == "transcode"


def test_the_default_streams_decide_and_covers_never_do() -> None:
    hevc, h264 = video(codec="hevc", is_default=False), video(index=2)
    dts, aac = audio(index=3, codec="dts", is_default=False), audio(index=4)
    assert decide(medium(hevc, h264, dts, aac, COVER), Abilities()).method == "direct"
    assert decide(medium(h264, dts, replace(aac, is_default=False)), Abilities()).method == "remux"
    swapped = [replace(stream, is_default=not stream.is_default) for stream in (hevc, h264, dts, aac)]
    assert len(decide(medium(*swapped, COVER), Abilities()).reasons) == 2


@pytest.mark.parametrize(
    ("streams", "container", "name", "kind"),
    [
        ([video(), audio()], "mov", "mp4", "video/mp4"),
        ([audio()], "mov", "mp4", "audio/mp4"),
        ([audio(), COVER], "mov", "mp4", "audio/mp4"),
        ([video(), audio()], "matroska", "mkv", "video/x-matroska"),
        ([audio(codec="flac")], "matroska", "mkv", "audio/x-matroska"),
        ([video(codec="vp8"), audio(codec="vorbis")], "matroska", "webm", "video/webm"),
        ([video(codec="av1"), audio(kind="subtitle", codec="subrip")], "matroska", "webm", "video/webm"),
        ([audio(codec="opus")], "matroska", "webm", "audio/webm"),
        (
            [video(codec="vp9"), audio(codec="opus"), audio(codec="ac3")],
            "matroska",
            "mkv",
            "video/x-matroska",
        ),
        ([video(codec="theora"), audio(codec="vorbis")], "ogg", "ogg", "video/ogg"),
        ([audio(codec="opus")], "ogg", "ogg", "audio/ogg"),
        ([audio(codec="mp3"), COVER], "mp3", "mp3", "audio/mpeg"),
        ([COVER, audio()], "mov", "mp4", "audio/mp4"),
        ([video()], "mpegts", "ts", "video/mp2t"),
        ([video()], "avi", "avi", "application/octet-stream"),
    ],
)
def test_a_file_has_the_type_of_what_is_in_it(
    streams: list[Stream], container: str, name: str, kind: str
) -> None:
    known = medium(*streams, container=container)
    assert (container_of(known), mime_type(known)) == (name, kind)


LADDER = (Rung(height=480, crf=23),)


@pytest.mark.parametrize(
    ("profile", "streams"),
    [
        *[(profile, profile.name in ("web", "phone", "preview")) for profile in BUILT_IN.values()],
        (Profile(name="a", container="webm", audio=Audio(codec="opus")), True),
        (Profile(name="a", video=Video(codec="h264", rungs=LADDER)), True),
        (Profile(name="a", container="m4a", audio=Audio(codec="aac")), True),
        (Profile(name="a", audio=Audio(codec="mp3")), False),
        (Profile(name="a", audio=Audio(codec="aac", loudness_lufs=-16)), False),
        (Profile(name="a", video=Video(codec="copy"), audio=Audio(codec="aac")), False),
        (remux({"aac"}), True),
        (Profile(name="a", video=Video(codec="h264", rungs=(Rung(height=480, bit_rate=90_000),))), False),
        (Profile(name="a", engine="handbrake", handbrake_preset="Fast 480p30"), False),
    ],
)
def test_what_workers_make_whole_is_not_offered_piece_by_piece(profile: Profile, streams: bool) -> None:
    assert comes_in_segments(profile) is streams is (whole_file_reason(profile) is None)
