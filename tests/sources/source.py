"""What a source is, and how most of them are drawn, sounded and encoded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.clips import run

Step = Callable[[Path, Path], Path]
"""Makes a file, the second path, out of another, the first; gives the second back."""

X264 = ("-c:v", "libx264", "-preset", "superfast", "-pix_fmt", "yuv420p")
H264 = (*X264, "-bf", "2", "-b-pyramid", "none")
PLAIN_ORDER = (*X264, "-bf", "0")
"""Pictures are stored in the order in which they are shown."""
VP9 = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8")
AAC = ("-c:a", "aac")
OPUS = ("-c:a", "libopus")

SAMPLE_RATE = 48_000
BEEP_SAMPLES = 960
DEMUXERS = {
    ".aac": "aac",
    ".aiff": "aiff",
    ".avi": "avi",
    ".flac": "flac",
    ".flv": "flv",
    ".ivf": "ivf",
    ".m4a": "mov",
    ".mkv": "matroska",
    ".mov": "mov",
    ".mp3": "mp3",
    ".mp4": "mov",
    ".mpg": "mpeg",
    ".mxf": "mxf",
    ".ogg": "ogg",
    ".ogv": "ogg",
    ".ts": "mpegts",
    ".wav": "wav",
    ".webm": "matroska",
    ".wmv": "asf",
    ".y4m": "yuv4mpegpipe",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file with an odd property, and what is true of it whatever its headers say."""

    name: str
    make: Callable[[Path], Path]
    """Writes it to a path of the right suffix, leaves what it needed for that beside it, gives the path."""
    suffix: str
    demuxer: str
    frame_rate: Fraction | None
    """Pictures a second; None where that varies, or where there is no picture."""
    constant_rate: bool
    """All pictures are equally far apart, by their timestamps."""
    frames: int | None
    """How many pictures can be decoded and are to be shown; None where there is no picture."""
    duration_s: float
    """From the first picture or sound to the end of the last, give or take a tenth of a second."""
    has_video: bool
    """Moving pictures: a cover is none."""
    has_audio: bool
    size: tuple[int, int] | None = None
    """Of the first picture as it is stored, before it is turned or stretched."""
    sample_aspect: Fraction = Fraction(1)
    rotation: int = 0
    """By how many degrees, anticlockwise, it is to be turned for showing: 0, 90, 180 or 270."""
    channels: int = 0
    """Of the sound that plays by default."""
    sample_rate: int | None = None
    beat: Fraction | None = None
    """Seconds from one white picture to the next, each with a beep of 20 ms that begins with it.
    None where the sound is one long tone."""
    claimed_s: float | None = None
    """The duration that the header gives, where that is a lie."""
    tags: frozenset[str] = frozenset()
    """What is odd: a source has a tag exactly if it has the property (tests/unit/sources)."""


def picture(frames: int, rate: Fraction | int, size: tuple[int, int] = (320, 180), filters: str = "") -> str:
    """A graph that draws moving pictures, each of them different."""
    drawn = f"testsrc2=size={size[0]}x{size[1]}:rate={rate},trim=end_frame={frames}"
    return f"{drawn},{filters}" if filters else drawn


def tone(seconds: Fraction, hertz: int = 440, sample_rate: int = SAMPLE_RATE, layout: str = "stereo") -> str:
    """A graph that sounds without a gap."""
    sine = f"sine={hertz}:sample_rate={sample_rate}:duration={float(seconds)}"
    return f"{sine},aformat=channel_layouts={layout}"


def flash(every: int) -> str:
    """A filter that makes the first of so many pictures white."""
    return f"drawbox=color=white:t=fill:enable='not(mod(n,{every}))'"


def beep(seconds: Fraction, beat: Fraction) -> str:
    """A graph that beeps for 20 ms at the start of each beat, exact to the sample."""
    at = f"mod(n,{beat * SAMPLE_RATE})"
    wave = f"if(lt({at},{BEEP_SAMPLES}),sin(2*PI*1000*{at}/{SAMPLE_RATE})/2,0)"
    return f"aevalsrc='{wave}':s={SAMPLE_RATE}:d={float(seconds)},aformat=channel_layouts=stereo"


def graphs(*which: str) -> tuple[str, ...]:
    """Arguments of ffmpeg: graphs as inputs, and all their streams in the output.

    Each is encoded by one thread, so that the number of cores does not show in the file.
    """
    inputs = [part for graph in which for part in ("-f", "lavfi", "-i", graph)]
    maps = [part for index in range(len(which)) for part in ("-map", str(index))]
    return (*inputs, *maps, "-threads", "1")


def making(arguments: tuple[str, ...], suffix: str, then: Step | None = None) -> Callable[[Path], Path]:
    """Runs ffmpeg, then the step on what it made."""

    def make(path: Path) -> Path:
        if then is None:
            return run(*arguments, to=path)
        return then(run(*arguments, to=path.with_name(f"whole{suffix}")), path)

    return make


def film(
    name: str,
    suffix: str = ".mp4",
    *,
    frames: int = 60,
    rate: Fraction | int = 30,
    size: tuple[int, int] = (320, 180),
    filters: str = "",
    drawn: int | None = None,
    has_beat: bool = False,
    sounds: tuple[str, ...] | None = None,
    video: tuple[str, ...] = H264,
    audio: tuple[str, ...] = AAC,
    output: tuple[str, ...] = (),
    then: Step | None = None,
    tags: str = "",
    **facts: Any,
) -> Source:
    """Pictures, with sound unless `audio` is empty.

    `drawn` says how many pictures are drawn where filters leave only `frames` of them; `has_beat` asks for a
    white picture and a beep, once in a second's worth of pictures, in place of the tone.
    """
    drawn = drawn or frames
    seconds = Fraction(drawn) / rate
    beat = round(rate) / Fraction(rate) if has_beat else None
    shown = ",".join(part for part in (flash(round(rate)) if beat else "", filters) if part)
    if sounds is None:
        sounds = (beep(seconds, beat) if beat else tone(seconds),) if audio else ()
    inputs = graphs(picture(drawn, rate, size, shown), *sounds)
    truth: dict[str, Any] = {
        "make": making((*inputs, *video, *audio, *output), suffix, then),
        "demuxer": DEMUXERS[suffix],
        "frame_rate": Fraction(rate),
        "constant_rate": True,
        "frames": frames,
        "duration_s": float(seconds),
        "has_video": True,
        "has_audio": bool(sounds),
        "size": size,
        "channels": 2 if sounds else 0,
        "sample_rate": SAMPLE_RATE if sounds else None,
        "beat": beat,
        "tags": frozenset(tags.split()) | ({"flash"} if beat else set()),
    }
    return Source(name=name, suffix=suffix, **{**truth, **facts})


def sound(
    name: str,
    suffix: str,
    *codec: str,
    sample_rate: int = SAMPLE_RATE,
    channels: int = 2,
    covers: tuple[str, ...] = (),
    tags: str = "",
    seconds: int = 3,
) -> Source:
    """A tone without moving pictures."""
    heard = tone(Fraction(seconds), sample_rate=sample_rate, layout="stereo" if channels == 2 else "mono")
    return Source(
        name=name,
        make=making((*graphs(heard, *covers), *codec), suffix),
        suffix=suffix,
        demuxer=DEMUXERS[suffix],
        frame_rate=None,
        constant_rate=True,
        frames=None,
        duration_s=seconds,
        has_video=False,
        has_audio=True,
        channels=channels,
        sample_rate=sample_rate,
        tags=frozenset(tags.split()),
    )
