"""Reads a medium's streams with PyAV and prints them as JSON: run as a script, behind the sandbox's walls.

It ends with status 3 and `{"code", "reason"}` for a medium that cannot be taken.
"""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from itertools import islice, pairwise
from typing import Any

import av
from av.error import FFmpegError

_MAX_STREAMS = 100
_EXIT_REJECTED = 3
_TRIED_PACKETS = 2000
_RATE_PACKETS = 90
"""So many packets show whether the rate is constant."""
_REORDERED = 8
_RATE_TOLERANCE = Fraction(1, 100)
_TAIL_US = 5_000_000
_TAIL_PACKETS = 5_000_000
_WITHOUT_INDEX = frozenset({"mpegts", "mpeg"})
_LOOKS, _LOOK_PACKETS = 64, 2000
_WRAP = 1 << 32
"""Ticks: a clock of 33 bits that begins anew goes back by more."""
_DEFAULT, _FORCED, _ATTACHED = 0x1, 0x40, 0x400
_STANDARD_RATES = tuple(
    Fraction(rate) for rate in ("24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60")
)
_TRANSFERS = {
    1: "bt709",
    6: "smpte170m",
    13: "iec61966-2-1",
    14: "bt2020-10",
    16: "smpte2084",
    18: "arib-std-b67",
}
"""ISO 23091-2's numbers, as ffmpeg calls them."""


class Rejected(Exception):
    """The medium cannot be taken."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def main(path: str, demuxer: str, most_pixels: str) -> None:
    """Prints what the medium holds, or why it cannot be taken."""
    try:
        print(json.dumps(probe(path, demuxer, int(most_pixels))))
    except Rejected as error:
        print(json.dumps({"code": error.code, "reason": str(error)}))
        raise SystemExit(_EXIT_REJECTED) from None


def probe(path: str, demuxer: str, most_pixels: int) -> dict[str, Any]:
    """The container and its streams. No picture of more pixels is decoded. Raises Rejected."""
    options = {
        "protocol_whitelist": "file",
        "max_streams": str(_MAX_STREAMS + 1),
        "max_pixels": str(most_pixels),
    }
    try:
        with av.open(path, format=demuxer, options=options, metadata_errors="replace") as container:
            return _describe(container, most_pixels)
    except (FFmpegError, ValueError) as error:
        raise Rejected(
            "corrupt", f"it cannot be read as {demuxer}: {getattr(error, 'strerror', error)}"
        ) from error


def _describe(container: Any, most_pixels: int) -> dict[str, Any]:
    if len(container.streams) > _MAX_STREAMS:
        raise Rejected("too_many_streams", f"it has more than {_MAX_STREAMS} streams")
    streams = [_stream(stream) for stream in container.streams]
    _refuse_huge(streams, most_pixels)
    head = _Head(container, most_pixels)
    for stream in streams:
        if stream["kind"] == "video" and not stream["is_attached_picture"]:
            stream["rotation"] = head.rotation
    if head.main.type == "video":
        streams[head.main.index] |= head.picture()
    duration = container.duration or max((_duration(s) or 0 for s in container.streams), default=0)
    for index, end_us in _ends(container, duration).items():
        streams[index]["end_us"] = end_us
    ends = [s["end_us"] for s in streams if s["kind"] in ("video", "audio") and s["end_us"]]
    restarts = _restarts(container, head.main)
    return {
        "duration_ms": round(max(ends, default=duration) / 1000),
        "start_us": container.start_time or 0,
        "bit_rate": container.bit_rate or None,
        "streams": streams,
        "clock_restarts": restarts,
        "tags": {str(k)[:100]: str(v)[:1000] for k, v in list(container.metadata.items())[:100]},
    }


def _refuse_huge(streams: list[dict[str, Any]], most_pixels: int) -> None:
    """Raises Rejected for pictures of a size that only an attack has, be it a cover."""
    for stream in streams:
        width, height = stream.get("width") or 0, stream.get("height") or 0
        if width * height > most_pixels:
            said = f"stream {stream['index']} has pictures of {width}x{height}"
            raise Rejected("too_many_pixels", f"{said}; up to {most_pixels} pixels are taken")


class _Head:
    """What the first packets and the first picture or sound say. Raises Rejected."""

    def __init__(self, container: Any, most_pixels: int) -> None:
        playable = [s for s in container.streams if s.type in ("video", "audio") and not _attached(s)]
        if not playable:
            raise Rejected("nothing_to_play", "it holds no video and no audio")
        self.main = min(playable, key=lambda s: s.type != "video")
        self.main.codec_context.options = {"max_pixels": str(most_pixels)}
        self.first: Any = None
        self._shown: list[int] = []
        for count, packet in enumerate(container.demux(self.main)):
            if count > _TRIED_PACKETS or (self.first is not None and count > _RATE_PACKETS):
                break
            if packet.pts is not None:
                self._shown.append(packet.pts)
            if self.first is None:
                self.first = _first_of(packet)
        if self.first is None:
            why = f"no sound and no picture of it, of up to {most_pixels} pixels, can be decoded"
            raise Rejected("nothing_to_play", why)

    @property
    def rotation(self) -> int:
        """How far the picture is turned, in degrees."""
        return int(getattr(self.first, "rotation", 0)) % 360

    def picture(self) -> dict[str, Any]:
        """What is known of a picture once it is decoded, and of when the next ones come."""
        rate, variable = self._rate()
        return {
            "interlaced": bool(self.first.interlaced_frame),
            "frame_rate": f"{rate.numerator}/{rate.denominator}" if rate else None,
            "variable_rate": variable,
        }

    def _rate(self) -> tuple[Fraction | None, bool]:
        """Pictures a second, and whether that is only the nearest constant rate."""
        average, guessed = self.main.average_rate, self.main.guessed_rate
        rate = guessed or average
        if not rate:
            return None, False
        steps = self._steps()
        tick = max(float(self.main.time_base), 0.001)
        even = all(abs(step - 1 / float(rate)) <= 1.5 * tick for step in steps)
        if even and (not average or abs(average / rate - 1) < _RATE_TOLERANCE):
            return rate, False
        if steps and average and max(steps) - min(steps) <= 2 * tick:
            return average, False
        wanted = rate if rate <= _STANDARD_RATES[-1] else average or rate
        return min(_STANDARD_RATES, key=lambda standard: abs(standard - wanted)), True

    def _steps(self) -> list[float]:
        """The seconds between pictures in the order they are shown; the last ones may lack a neighbour."""
        shown = sorted(self._shown)[:-_REORDERED]
        return [float((b - a) * self.main.time_base) for a, b in pairwise(shown)]


def _first_of(packet: Any) -> Any:
    try:
        return next(iter(packet.decode()), None)
    except FFmpegError:
        return None


def _ends(container: Any, duration: int) -> dict[int, int]:
    """When each stream really ends, in microseconds from the container's start: headers may lie.

    Read from the last packets; where nothing can be found near the end, from all of them.
    """
    start = container.start_time or 0
    for offset in (max(0, duration - _TAIL_US), 0):
        try:
            container.seek(start + offset)
            if ends := _ends_from_here(container, start):
                return ends
        except (FFmpegError, ValueError):
            continue
    return {}


def _ends_from_here(container: Any, start: int) -> dict[int, int]:
    ends: dict[int, int] = {}
    for count, packet in enumerate(container.demux()):
        if count > _TAIL_PACKETS:
            break
        if packet.pts is not None and packet.time_base is not None:
            length = packet.duration or _one(packet.stream)
            end = round((packet.pts + length) * packet.time_base * 1_000_000) - start
            ends[packet.stream.index] = max(ends.get(packet.stream.index, 0), end)
    return ends


def _restarts(container: Any, main: Any) -> bool:
    """Whether the clock goes back on the way, as where one recording was put after another; looked at in
    places that are spread over the file.
    """
    if container.format.name not in _WITHOUT_INDEX:
        return False
    before = None
    for look in range(_LOOKS):
        try:
            container.seek(container.size * look // _LOOKS, any_frame=True, unsupported_byte_offset=True)
            packets = islice(container.demux(), _LOOK_PACKETS)
            at = next((p.dts for p in packets if p.stream is main and p.dts is not None), None)
        except (FFmpegError, ValueError):
            continue
        if before is not None and at is not None and 0 < before - at < _WRAP:
            return True
        before = at if at is not None else before
    return False


def _one(stream: Any) -> float:
    """How long a picture is, in the stream's own ticks, where its packets do not say."""
    rate = getattr(stream, "guessed_rate", None)
    return float(1 / rate / stream.time_base) if rate else 0.0


def _stream(stream: Any) -> dict[str, Any]:
    codec = stream.codec_context
    video, audio = stream.type == "video", stream.type == "audio"
    duration = _duration(stream)
    disposition = int(stream.disposition)
    return {
        "index": stream.index,
        "kind": stream.type or "data",
        "codec": codec.codec.canonical_name if codec else "unknown",
        "frames": stream.frames or None,
        "duration_ms": round(duration / 1000) if duration else None,
        "language": _language(stream),
        "title": stream.metadata.get("title"),
        "is_default": bool(disposition & _DEFAULT),
        "is_forced": bool(disposition & _FORCED),
        "is_attached_picture": _attached(stream),
        "bit_rate": (codec.bit_rate if codec else None) or None,
        "profile": (codec.profile if codec else None) or None,
        "start_us": _start(stream),
        "end_us": None,
        **(_video(stream, codec) if video else _audio(codec) if audio else {}),
    }


def _language(stream: Any) -> str | None:
    said = stream.metadata.get("language")
    return None if said in (None, "", "und") else str(said)[:35]


def _video(stream: Any, codec: Any) -> dict[str, Any]:
    rate: Fraction | None = stream.average_rate or stream.guessed_rate
    aspect: Fraction | None = stream.sample_aspect_ratio
    return {
        "width": codec.width,
        "height": codec.height,
        "pixel_format": codec.pix_fmt,
        "frame_rate": f"{rate.numerator}/{rate.denominator}" if rate else None,
        "aspect": f"{aspect.numerator}/{aspect.denominator}" if aspect and aspect != 1 else None,
        "bits": codec.format.components[0].bits if codec.format else None,
        "transfer": _TRANSFERS.get(codec.color_trc),
    }


def _audio(codec: Any) -> dict[str, Any]:
    return {
        "sample_rate": codec.sample_rate,
        "channels": codec.channels,
        "layout": codec.layout.name if codec.layout else None,
    }


def _start(stream: Any) -> Any:
    if stream.start_time is None or stream.time_base is None:
        return None
    offset = stream.container.start_time or 0
    return round(stream.start_time * stream.time_base * 1_000_000) - offset


def _attached(stream: Any) -> bool:
    return bool(int(stream.disposition) & _ATTACHED)


def _duration(stream: Any) -> int | None:
    """Microseconds."""
    if stream.duration is None or stream.time_base is None:
        return None
    return int(stream.duration * stream.time_base * 1_000_000)


if __name__ == "__main__":
    main(*sys.argv[1:4])
