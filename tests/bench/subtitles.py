"""Reading, shifting and writing 10,000 cues, against pysubs2 doing the same: processor time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import pysubs2

from connectors.subtitles.document import read
from connectors.subtitles.editing import Shift, edited
from tests.bench.figures import Figure, alternating, figure

_CUES, _RUNS, _ALLOWED = 10_000, 7, 1.5
_SHIFT_MS = 1500
_SUNG = r"{\i1}Line{\i0}"
_ASS_HEAD = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, \
Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, \
MarginR, MarginV, Encoding
Style: Default,Arial,20,&H00FFFFFF,&H000000FF,&H00000000,&H00000000,0,0,0,0,100,100,0,0,1,2,2,2,10,10,10,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def run() -> Iterator[Figure]:
    """Each format that both read and write: as it is, and with all cues moved."""
    for name, raw in (("srt", srt()), ("vtt", vtt()), ("ass", ass())):
        ours, base = alternating(_RUNS, partial(ours_s, raw, 0), partial(theirs_s, raw, 0))
        goal, holds = f"at most {_ALLOWED} times", ours <= _ALLOWED * base
        yield figure(f"subtitles {name}", 1000 * ours, 1000 * base, "ms", goal, holds, _RUNS)
        ours, base = alternating(_RUNS, partial(ours_s, raw, _SHIFT_MS), partial(theirs_s, raw, _SHIFT_MS))
        yield figure(f"subtitles {name}, shifted", 1000 * ours, 1000 * base, "ms", "none", True, _RUNS)


def ours_s(raw: bytes, by_ms: int) -> float:
    """The encoding and the format are found out; what was changed is read again before it is given."""
    began = time.process_time()
    document = read(raw)
    _ = edited(document, [Shift(by_ms)]).raw if by_ms else document.raw
    return time.process_time() - began


def theirs_s(raw: bytes, by_ms: int) -> float:
    """The encoding is known."""
    began = time.process_time()
    subtitles = pysubs2.SSAFile.from_string(raw.decode())
    subtitles.shift(ms=by_ms)
    subtitles.to_string(subtitles.format or "srt").encode()
    return time.process_time() - began


def stamp(ms: int, point: str, digits: int) -> str:
    """A time with so many digits of its fraction."""
    seconds, rest = divmod(ms, 1000)
    clock = f"{seconds // 3600:0{1 if digits == 2 else 2}}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{clock}{point}{rest // 10 ** (3 - digits):0{digits}}"


def times() -> Iterator[tuple[int, int, int]]:
    """Number, start and end of each cue."""
    return ((n, n * 2500, n * 2500 + 2000) for n in range(1, _CUES + 1))


def srt() -> bytes:
    """A SubRip file."""
    return "".join(
        f"{n}\n{stamp(start, ',', 3)} --> {stamp(end, ',', 3)}\n<i>Line {n}</i> of a film,\nin two lines.\n\n"
        for n, start, end in times()
    ).encode()


def vtt() -> bytes:
    """A WebVTT file."""
    return b"WEBVTT\n\n" + srt().replace(b",", b".")


def ass() -> bytes:
    """A SubStation file."""
    events = (
        f"Dialogue: 0,{stamp(start, '.', 2)},{stamp(end, '.', 2)},Default,,0,0,0,,{_SUNG} {n} of\\Na film\n"
        for n, start, end in times()
    )
    return (_ASS_HEAD + "".join(events)).encode()
