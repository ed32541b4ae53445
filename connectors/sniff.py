"""What a file is, from its first bytes: the demuxer is chosen from this list, never left to guessing.

Left to itself ffmpeg would also read playlists, concat scripts and image sequences, which open other files.
"""

from __future__ import annotations

from pathlib import Path

_HEAD_BYTES = 4096
_TS_PACKET = 188

_AT_START: tuple[tuple[bytes, str], ...] = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"FLV\x01", "flv"),
    (b"OggS", "ogg"),
    (b"fLaC", "flac"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"ID3", "mp3"),
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01", "mxf"),
    (b"DKIF", "ivf"),
    (b"YUV4MPEG2", "yuv4mpegpipe"),
)
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})
_RIFF = {b"AVI ": "avi", b"WAVE": "wav"}


def sniff(path: Path) -> str | None:
    """The demuxer for a file, or None for what is not on the list."""
    with path.open("rb") as file:
        return sniff_head(file.read(_HEAD_BYTES))


def sniff_head(head: bytes) -> str | None:
    """The demuxer for a file that begins like this."""
    for signature, demuxer in _AT_START:
        if head.startswith(signature):
            return demuxer
    if head[4:8] in _BOXES:
        return "mov"
    if head[:4] in (b"RIFF", b"RF64"):
        return _RIFF.get(head[8:12])
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "aiff"
    return _by_rhythm(head)


def _by_rhythm(head: bytes) -> str | None:
    """Formats with no signature but a pattern that repeats."""
    for start, step in ((0, _TS_PACKET), (4, _TS_PACKET + 4)):
        marks = head[start::step]
        if len(marks) > 4 and set(marks[:5]) == {0x47}:
            return "mpegts"
    if len(head) > 1 and head[0] == 0xFF:
        if head[1] & 0xF6 == 0xF0:
            return "aac"
        if head[1] & 0xE0 == 0xE0 and head[1] & 0x06:
            return "mp3"
    return None
