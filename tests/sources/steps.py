"""Second steps: what is done to a file that ffmpeg has made, so that it becomes an odd one."""

from __future__ import annotations

import struct
from itertools import islice
from pathlib import Path

import av

from tests.clips import run
from tests.sources.source import Step

_DURATIONS = {".mkv": b"\x44\x89\x88", ".flv": b"duration\x00"}
"""What stands before the header's duration, which is a big-endian double in both."""


def copied(*arguments: str, before: tuple[str, ...] = ()) -> Step:
    """Copies every stream, with arguments before the input and after it."""

    def step(whole: Path, path: Path) -> Path:
        return run(*before, "-i", str(whole), "-map", "0", "-c", "copy", *arguments, to=path)

    return step


def with_text(name: str, text: str, *arguments: str) -> Step:
    """Copies the streams and takes a text file as the second input."""

    def step(whole: Path, path: Path) -> Path:
        file = path.with_name(name)
        file.write_text(text, encoding="utf-8")
        inputs = ("-i", str(whole), "-i", str(file))
        return run(*inputs, "-map", "0:v", "-map", "0:a", "-c", "copy", *arguments, to=path)

    return step


def boasting(times: int) -> Step:
    """Makes the header claim a duration so many times the real one."""

    def step(whole: Path, path: Path) -> Path:
        file = bytearray(whole.read_bytes())
        mark = _DURATIONS[path.suffix]
        at = file.index(mark) + len(mark)
        struct.pack_into(">d", file, at, times * struct.unpack_from(">d", file, at)[0])
        path.write_bytes(file)
        return path

    return step


def torn_after(frames: int) -> Step:
    """Cuts the file off in the middle of the picture that comes after so many."""

    def step(whole: Path, path: Path) -> Path:
        with av.open(str(whole)) as container:
            packet = next(islice(container.demux(video=0), frames, None))
            assert packet.pos is not None
            kept = packet.pos + packet.size // 2
        path.write_bytes(whole.read_bytes()[:kept])
        return path

    return step
