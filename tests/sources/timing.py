"""Timestamps: beats to measure sync by, late starts, clocks that jump, the long and the short."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from tests.clips import run
from tests.sources.rates import FILM
from tests.sources.source import OPUS, PLAIN_ORDER, SAMPLE_RATE, Source, film, graphs, picture, tone
from tests.sources.steps import copied

_PCM = ("-c:a", "pcm_s16le")
_MP3 = ("-c:a", "libmp3lame")
_TINY = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "35", "-g", "60", "-pix_fmt", "yuv420p")
_SIZE = (64, 36)
_PACKET_MS = 120
_WRAP_S = 95_440
"""Less than four seconds before a 33-bit clock of 90 kHz is back at zero."""
_LATE = "trim=start=0.5"
"""On the way out: what an input begins with is always moved to zero."""
_BELOW_ZERO = ("-avoid_negative_ts", "disabled")


def _clock_restarts(path: Path) -> Path:
    """Two recordings, one file after the other: the second's clock begins again where the first's began."""
    arguments = (*graphs(picture(60, 30), tone(Fraction(2))), *PLAIN_ORDER, "-c:a", "mp2")
    once = run(*arguments, to=path.with_name("once.ts")).read_bytes()
    path.write_bytes(once * 2)
    return path


def _with_looped_tone(whole: Path, path: Path) -> Path:
    """Adds a minute of a tone again and again: encoding an hour of it would take long."""
    opus = (*OPUS, "-b:a", "3k", "-vbr", "off", "-frame_duration", str(_PACKET_MS))
    longer = run(*graphs(tone(Fraction(61), layout="mono")), *opus, to=path.with_name("longer.mka"))
    minute = run("-i", str(longer), "-c", "copy", "-frames:a", "500", to=path.with_name("minute.mka"))
    inputs = ("-i", str(whole), "-stream_loop", "-1", "-i", str(minute))
    copy = ("-c", "copy", "-bsf:a", f"setts=ts=N*{_PACKET_MS}", "-frames:a", str(3_600_000 // _PACKET_MS))
    return run(*inputs, "-map", "0", "-map", "1", *copy, to=path)


SOURCES: tuple[Source, ...] = (
    film("flash_beep", ".mov", frames=360, has_beat=True, audio=_PCM),
    film("flash_beep_24", ".mov", frames=288, rate=FILM, has_beat=True, audio=_PCM),
    film("flash_beep_aac", frames=360, has_beat=True),
    film("no_pts", ".avi", frames=90, audio=_MP3, tags="missing_pts"),
    film(
        "some_pts",
        ".avi",
        frames=90,
        video=("-c:v", "mpeg4", "-q:v", "4", "-bf", "2"),
        audio=_MP3,
        tags="missing_pts",
    ),
    film(
        "cut_by_edit_list",
        drawn=150,
        frames=111,
        has_beat=True,
        output=("-g", "60"),
        then=copied(*_BELOW_ZERO, before=("-ss", "1.3")),
        duration_s=3.7,
        tags="negative_start",
    ),
    film(
        "before_zero",
        drawn=90,
        frames=75,
        has_beat=True,
        then=copied(*_BELOW_ZERO, before=("-itsoffset", "-0.5")),
        duration_s=2.5,
        tags="negative_start",
    ),
    film(
        "clock_wraps",
        ".ts",
        frames=180,
        has_beat=True,
        output=("-output_ts_offset", str(_WRAP_S)),
        tags="negative_start",
    ),
    film(
        "hour_late", ".ts", frames=90, has_beat=True, output=("-output_ts_offset", "3600"), tags="late_start"
    ),
    film(
        "clock_restarts",
        ".ts",
        frames=120,
        make=_clock_restarts,
        constant_rate=False,
        tags="late_start restarts",
    ),
    film("video_late", drawn=90, frames=75, has_beat=True, output=("-vf", _LATE), tags="video_late"),
    film(
        "video_late_mkv", ".mkv", drawn=90, frames=75, has_beat=True, output=("-vf", _LATE), tags="video_late"
    ),
    film("audio_late", frames=90, has_beat=True, output=("-af", f"a{_LATE}"), tags="audio_late"),
    film("audio_late_mkv", ".mkv", frames=90, has_beat=True, output=("-af", f"a{_LATE}"), tags="audio_late"),
    film(
        "sound_gap",
        frames=90,
        sounds=(f"{tone(Fraction(3))},aselect='not(between(t,1,1.5))'",),
        tags="sound_gap",
    ),
    film("sound_longer", frames=60, sounds=(tone(Fraction(3)),), duration_s=3, tags="sound_longer"),
    film("picture_longer", frames=90, sounds=(tone(Fraction(2)),), tags="picture_longer"),
    film("one_picture", frames=1, audio=(), tags="short one_picture"),
    film("under_a_second", frames=12, tags="short"),
    film("twelve_hours", frames=21_600, rate=Fraction(1, 2), size=_SIZE, video=_TINY, audio=(), tags="long"),
    film(
        "hour_with_sound",
        ".mkv",
        frames=720,
        rate=Fraction(1, 5),
        size=_SIZE,
        video=_TINY,
        audio=(),
        then=_with_looped_tone,
        has_audio=True,
        channels=1,
        sample_rate=SAMPLE_RATE,
        tags="long",
    ),
)
