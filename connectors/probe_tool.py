"""Reads a medium's streams with PyAV and prints them as JSON: run as a script, behind the sandbox's walls.

It ends with status 3 and `{"code", "reason"}` for a medium that cannot be taken.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from typing import Any

import av
from av.error import FFmpegError

_MAX_STREAMS = 100
_EXIT_REJECTED = 3
_TRIED_PACKETS = 2000


class Rejected(Exception):
    """The medium cannot be taken."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def main(path: str, demuxer: str) -> None:
    """Prints what the medium holds, or why it cannot be taken."""
    try:
        print(json.dumps(probe(path, demuxer)))
    except Rejected as error:
        print(json.dumps({"code": error.code, "reason": str(error)}))
        raise SystemExit(_EXIT_REJECTED) from None


def probe(path: str, demuxer: str) -> dict[str, Any]:
    """The container and its streams. Raises Rejected."""
    options = {"protocol_whitelist": "file", "max_streams": str(_MAX_STREAMS + 1)}
    try:
        with av.open(path, format=demuxer, options=options, metadata_errors="replace") as container:
            return _describe(container)
    except (FFmpegError, ValueError) as error:
        raise Rejected(
            "corrupt", f"it cannot be read as {demuxer}: {getattr(error, 'strerror', error)}"
        ) from error


def _describe(container: Any) -> dict[str, Any]:
    if len(container.streams) > _MAX_STREAMS:
        raise Rejected("too_many_streams", f"it has more than {_MAX_STREAMS} streams")
    streams = [_stream(stream) for stream in container.streams]
    rotation = _play_a_little(container)
    for stream in streams:
        if stream["kind"] == "video" and not stream["is_attached_picture"]:
            stream["rotation"] = rotation
    duration = container.duration or max((_duration(s) or 0 for s in container.streams), default=0)
    return {
        "duration_ms": round(duration / 1000),
        "bit_rate": container.bit_rate or None,
        "streams": streams,
        "tags": {str(k)[:100]: str(v)[:1000] for k, v in list(container.metadata.items())[:100]},
    }


def _play_a_little(container: Any) -> int:
    """Decodes up to the first picture or sound; gives the picture's rotation. Raises Rejected."""
    playable = [s for s in container.streams if s.type in ("video", "audio") and not _attached(s)]
    if not playable:
        raise Rejected("nothing_to_play", "it holds no video and no audio")
    main = min(playable, key=lambda s: s.type != "video")
    for count, packet in enumerate(container.demux(main)):
        if count > _TRIED_PACKETS:
            break
        try:
            frames = packet.decode()
        except FFmpegError:
            continue
        for frame in frames:
            return int(getattr(frame, "rotation", 0)) % 360
    raise Rejected("nothing_to_play", "not one picture or sound of it can be decoded")


def _stream(stream: Any) -> dict[str, Any]:
    codec = stream.codec_context
    rate: Fraction | None = getattr(stream, "average_rate", None) or getattr(stream, "guessed_rate", None)
    video, audio = stream.type == "video", stream.type == "audio"
    duration = _duration(stream)
    return {
        "index": stream.index,
        "kind": stream.type or "data",
        "codec": codec.name if codec else "unknown",
        "width": codec.width if video else None,
        "height": codec.height if video else None,
        "pixel_format": codec.pix_fmt if video else None,
        "frame_rate": f"{rate.numerator}/{rate.denominator}" if video and rate else None,
        "frames": stream.frames or None,
        "duration_ms": round(duration / 1000) if duration else None,
        "sample_rate": codec.sample_rate if audio else None,
        "channels": codec.channels if audio else None,
        "language": stream.metadata.get("language"),
        "is_default": bool(int(stream.disposition) & 1),
        "is_attached_picture": _attached(stream),
    }


def _attached(stream: Any) -> bool:
    return bool(int(stream.disposition) & 0x400)


def _duration(stream: Any) -> int | None:
    """Microseconds."""
    if stream.duration is None or stream.time_base is None:
        return None
    return int(stream.duration * stream.time_base * 1_000_000)


if __name__ == "__main__":
    main(*sys.argv[1:3])
