"""Which encoders in hardware are worth a trial, which is used, and what each is told."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from connectors.encoders import video_settings
from connectors.hardware import Hardware, HardwareEncoder, candidates
from schemas.renditions import Picture, VideoRendition
from schemas.segments import Grid

NVENC, VAAPI = HardwareEncoder("h264", "nvenc"), HardwareEncoder("h264", "vaapi", "/dev/dri/renderD128")


def rung(**more: Any) -> VideoRendition:
    plain = VideoRendition(
        source="s",
        picture=Picture(stream=0, rate="30", deinterlace=False, tone_map=False),
        grid=Grid(rate=Fraction(30), units=600, per_segment=120),
        codec="h264",
        width=1280,
        height=720,
        crf=23,
        max_bit_rate=None,
        bit_rate=None,
        speed="fast",
        ten_bit=False,
        variant="hardware",
    )
    return replace(plain, **more)


def test_only_what_is_listed_is_tried_and_on_every_device() -> None:
    listed = ["libx264", "h264_nvenc", "vp9_vaapi", "av1_qsv", "h264_amf"]
    found = candidates(listed, ["/dev/dri/renderD128", "/dev/dri/renderD129"])
    assert [(each.name, each.device) for each in found] == [
        ("h264_nvenc", None),
        ("av1_qsv", "/dev/dri/renderD128"),
        ("av1_qsv", "/dev/dri/renderD129"),
        ("vp9_vaapi", "/dev/dri/renderD128"),
        ("vp9_vaapi", "/dev/dri/renderD129"),
    ]
    assert candidates(["h264_vaapi", "h264_qsv"], []) == []
    assert candidates(["libx264"], ["/dev/dri/renderD128"]) == []


def test_the_first_that_works_is_used_until_it_breaks() -> None:
    hardware = Hardware()
    assert hardware.details() == {"hardware_encoders": "untried"}
    hardware.tried = True
    assert hardware.details() == {"hardware_encoders": "none"}
    assert hardware.encoder([rung()]) is None
    hardware.works(NVENC)
    hardware.works(VAAPI)
    assert hardware.encoder([rung()]) == NVENC
    hardware.broke(NVENC, "the device is lost")
    assert hardware.encoder([rung()]) == VAAPI
    said = {"hardware_encoders": "h264_vaapi", "hardware_out_of_order": "h264_nvenc"}
    assert hardware.details() == said
    hardware.mended(NVENC)
    assert hardware.details() == {"hardware_encoders": "h264_nvenc,h264_vaapi"}


@pytest.mark.parametrize(
    ("changes", "suits"),
    [
        ({}, True),
        ({"variant": "software"}, False),
        ({"codec": "hevc"}, False),
        ({"width": 256, "height": 144}, False),
        ({"width": 7680, "height": 4320}, False),
        ({"width": 4096, "height": 2160}, True),
    ],
)
def test_it_makes_what_suits_it(changes: dict[str, Any], suits: bool) -> None:
    hardware = Hardware()
    hardware.works(NVENC)
    wanted = rung(**changes)
    assert (hardware.encoder([wanted]) is not None) is suits
    assert (video_settings(wanted, 120, NVENC)["c:v"] == "h264_nvenc") is suits


@pytest.mark.parametrize(
    ("encoder", "changes", "said"),
    [
        (NVENC, {}, {"preset": "p3", "rc": "vbr", "cq": 23, "b:v": 0, "g": 120, "bf": 0}),
        (NVENC, {"max_bit_rate": 2_000_000}, {"cq": 23, "b:v": 0, "maxrate": 2_000_000}),
        (NVENC, {"crf": None, "bit_rate": 2_000_000}, {"b:v": 2_000_000, "maxrate": 4_000_000}),
        (NVENC, {"crf": 0}, {"cq": 1}),
        (VAAPI, {}, {"rc_mode": "CQP", "global_quality": 23, "profile:v": "high"}),
        (VAAPI, {"max_bit_rate": 2_000_000}, {"rc_mode": "VBR", "b:v": 1_500_000, "maxrate": 2_000_000}),
        (HardwareEncoder("vp9", "vaapi", "x"), {"codec": "vp9", "crf": 63}, {"global_quality": 255}),
        (HardwareEncoder("av1", "qsv"), {"codec": "av1", "crf": 63, "speed": "slow"}, {"global_quality": 51}),
        (HardwareEncoder("av1", "qsv"), {"codec": "av1", "speed": "slow"}, {"preset": "slower"}),
        (HardwareEncoder("hevc", "videotoolbox"), {"codec": "hevc"}, {"q:v": 55, "allow_sw": 0}),
    ],
)
def test_quality_and_rate_are_said_in_its_own_words(
    encoder: HardwareEncoder, changes: dict[str, Any], said: dict[str, Any]
) -> None:
    settings = video_settings(rung(**changes), 120, encoder)
    assert {name: settings.get(name) for name in said} == said
    assert settings["c:v"] == encoder.name


@pytest.mark.parametrize("encoder", [None, NVENC])
def test_segments_bring_their_parameter_sets_whoever_makes_them(encoder: HardwareEncoder | None) -> None:
    settings = video_settings(rung(), 120, encoder)
    assert (settings["bsf:v"], settings["tag:v"]) == ("dump_extra=freq=keyframe", "avc3")
    assert "bsf:v" not in video_settings(rung(), None, encoder)
    assert "bsf:v" not in video_settings(rung(variant="software"), 120, encoder)


def test_players_are_told_that_segments_bring_them() -> None:
    assert rung().codec_string.startswith("avc3.")
    assert rung(codec="hevc").codec_string.startswith("hev1.")
    assert rung(variant="software").codec_string.startswith("avc1.")
    assert rung().key != rung(variant="software").key


def test_devices_are_named_where_a_family_wants_them_named() -> None:
    assert NVENC.flags == ()
    assert VAAPI.flags == ("-vaapi_device", "/dev/dri/renderD128")
    assert HardwareEncoder("av1", "qsv", "/dev/dri/renderD128").flags == (
        "-init_hw_device",
        "qsv=hw,child_device=/dev/dri/renderD128",
    )
