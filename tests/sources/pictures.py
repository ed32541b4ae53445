"""Pictures: how they are coded, in how many bits and which colours, how they are turned and stretched."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.clips import run
from tests.sources.rates import FILM
from tests.sources.source import AAC, H264, OPUS, PLAIN_ORDER, VP9, X264, Source, film, graphs, picture, tone
from tests.sources.steps import copied

_OPEN_GOP = "keyint=15:open-gop=1:bframes=3:b-adapt=0:b-pyramid=none:scenecut=0"
_PYRAMID = "b-pyramid=normal:bframes=7:b-adapt=0:ref=4:scenecut=0"
_TO_HDR = "zscale=pin=709:tin=709:min=709:rin=limited:p=2020:t={}:m=2020_ncl:r=limited:npl=203"
_PQ = f"{_TO_HDR.format('smpte2084')},format=yuv420p10le"
_HLG = f"{_TO_HDR.format('arib-std-b67')},format=yuv420p10le"
_MASTERED = ":".join(
    (
        "log-level=error",
        "hdr10=1",
        "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)",
        "max-cll=1000,400",
    )
)
_HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-tag:v", "hvc1")
_ODD: dict[str, Any] = {"size": (321, 181), "filters": "format=yuv444p,scale=321:181"}
"""Scaled to, since the drawing itself rounds to even numbers."""
_FIELDS: dict[str, Any] = {
    "drawn": 150,
    "frames": 75,
    "rate": 50,
    "filters": "scroll=horizontal=0.01,interlace=scan=tff:lowpass=off",
    "frame_rate": Fraction(25),
}


def _size_changes(path: Path) -> Path:
    """One H.264 stream after another of another size, as broadcasters send them, under one unbroken sound."""
    small = run(*graphs(picture(60, 30)), *PLAIN_ORDER, to=path.with_name("small.ts"))
    later = ("-output_ts_offset", "2")
    large = run(*graphs(picture(60, 30, (480, 270))), *PLAIN_ORDER, *later, to=path.with_name("large.ts"))
    joined = path.with_name("joined.ts")
    joined.write_bytes(small.read_bytes() + large.read_bytes())
    heard = ("-f", "lavfi", "-i", tone(Fraction(4)))
    return run("-i", str(joined), *heard, "-map", "0", "-map", "1", "-c:v", "copy", *AAC, to=path)


def _turned(degrees: int) -> Source:
    turn = copied(before=("-display_rotation", str(degrees)))
    return film(f"rotated_{degrees}", then=turn, rotation=degrees, tags="rotated")


SOURCES: tuple[Source, ...] = (
    film("size_change", ".ts", frames=120, make=_size_changes, tags="size_change late_start"),
    film("open_gop", video=(*X264, "-x264-params", _OPEN_GOP), tags="open_gop"),
    film("open_gop_mkv", ".mkv", video=(*X264, "-x264-params", _OPEN_GOP), tags="open_gop"),
    film("b_pyramid", video=(*X264, "-x264-params", _PYRAMID), tags="b_pyramid"),
    film(
        "interlaced",
        ".mkv",
        video=(*H264, "-flags", "+ildct+ilme", "-x264-params", "tff=1"),
        tags="interlaced",
        **_FIELDS,
    ),
    film(
        "interlaced_mpeg2",
        ".mpg",
        video=("-c:v", "mpeg2video", "-q:v", "4", "-flags", "+ildct+ilme"),
        audio=("-c:a", "mp2", "-f", "vob"),
        tags="interlaced",
        **_FIELDS,
    ),
    film("ten_bit", video=(*H264, "-pix_fmt", "yuv420p10le"), tags="ten_bit"),
    film(
        "hdr10",
        frames=48,
        rate=FILM,
        filters=_PQ,
        video=(*_HEVC, "-x265-params", _MASTERED),
        tags="ten_bit hdr mastered b_pyramid",
    ),
    film(
        "hlg",
        ".mkv",
        frames=50,
        rate=25,
        filters=_HLG,
        video=(*_HEVC, "-x265-params", "log-level=error"),
        tags="ten_bit hdr b_pyramid",
    ),
    _turned(90),
    _turned(180),
    _turned(270),
    film(
        "anamorphic", size=(240, 180), filters="setsar=4/3", sample_aspect=Fraction(4, 3), tags="anamorphic"
    ),
    film("odd_size", video=(*H264, "-pix_fmt", "yuv444p"), tags="odd_size", **_ODD),
    film("odd_size_vp9", ".webm", video=(*VP9, "-pix_fmt", "yuv420p"), audio=OPUS, tags="odd_size", **_ODD),
)
