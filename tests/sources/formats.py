"""Containers and codecs: one source at least for each demuxer that is taken."""

from __future__ import annotations

from tests.sources.rates import FILM
from tests.sources.source import OPUS, VP9, Source, film

_MPEG2 = ("-c:v", "mpeg2video", "-q:v", "4", "-bf", "2")
_FRAGMENTED = ("-movflags", "frag_keyframe+empty_moov+default_base_moof", "-g", "30")

SOURCES: tuple[Source, ...] = (
    film("mpeg2_ts", ".ts", video=_MPEG2, audio=("-c:a", "mp2"), tags="late_start open_gop"),
    film("mpeg2_ps", ".mpg", video=_MPEG2, audio=("-c:a", "mp2", "-f", "vob"), tags="open_gop"),
    film("vp9_opus", ".webm", video=VP9, audio=OPUS),
    film("av1", video=("-c:v", "libsvtav1", "-preset", "11", "-pix_fmt", "yuv420p")),
    film("flv", ".flv"),
    film("theora", ".ogv", rate=FILM, video=("-c:v", "libtheora", "-q:v", "8"), audio=("-c:a", "libvorbis")),
    film("wmv", ".wmv", video=("-c:v", "wmv2", "-q:v", "4"), audio=("-c:a", "wmav2")),
    film(
        "mxf",
        ".mxf",
        rate=25,
        frames=50,
        video=("-c:v", "mpeg2video", "-q:v", "4"),
        audio=("-c:a", "pcm_s16le"),
    ),
    film("ivf", ".ivf", video=VP9, audio=()),
    film("y4m", ".y4m", frames=20, video=("-pix_fmt", "yuv420p"), audio=(), tags="short"),
    film("fragmented", output=_FRAGMENTED, tags="fragmented"),
    film("unknown_length", ".mkv", output=("-live", "1"), tags="unknown_length"),
)
