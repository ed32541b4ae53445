"""Subtitles that are pictures, as on a Blu-ray disc (PGS): a white bar, shown from time to time."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

_TICKS = 90_000
_COMPOSITION, _WINDOW, _PALETTE, _OBJECT, _END = 0x16, 0x17, 0x14, 0x15, 0x80
_EPOCH_BEGINS = 0x80
_WHITE = bytes((0, 0, 1, 235, 128, 128, 255))
"""Palette 0, version 0: colour 1 is white and opaque."""
CANVAS = (1920, 1080)
BAR = (600, 900, 720, 100)
"""Where it is on the canvas: left, top, width, height."""


def pgs(cues: Sequence[tuple[float, float]]) -> bytes:
    """The track that shows the bar at these times, in seconds."""
    return b"".join(b"".join(_cue(2 * number, *times)) for number, times in enumerate(cues))


def _cue(number: int, begin: float, end: float) -> Iterator[bytes]:
    left, top, width, height = BAR
    window = struct.pack(">BBHHHH", 1, 0, left, top, width, height)
    line = bytes((0, 0xC0 | width >> 8, width & 0xFF, 1, 0, 0))
    drawn = struct.pack(">HH", width, height) + line * height
    shown = struct.pack(">HBBHH", 0, 0, 0, left, top)
    yield _segment(begin, _COMPOSITION, _composed(number, _EPOCH_BEGINS, 1) + shown)
    yield _segment(begin, _WINDOW, window)
    yield _segment(begin, _PALETTE, _WHITE)
    yield _segment(begin, _OBJECT, struct.pack(">HBB", 0, 0, 0xC0) + len(drawn).to_bytes(3, "big") + drawn)
    yield _segment(begin, _END, b"")
    yield _segment(end, _COMPOSITION, _composed(number + 1, 0, 0))
    yield _segment(end, _WINDOW, window)
    yield _segment(end, _END, b"")


def _composed(number: int, state: int, objects: int) -> bytes:
    return struct.pack(">HHBHBBBB", *CANVAS, 0x10, number, state, 0, 0, objects)


def _segment(at: float, kind: int, content: bytes) -> bytes:
    return b"PG" + struct.pack(">IIBH", round(at * _TICKS), 0, kind, len(content)) + content
