"""What a file really holds: every packet is read, and the main streams' pictures and sound are decoded."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter

_GENERATE_PTS = 1
_ATTACHED, _DEFAULT = 0x400, 1
_DECODED = 600
"""Pictures of a long file that are decoded; the rest is only counted."""
_THUMBNAIL = (32, 18)
_COMBED = 20
"""The picture whose combing is measured: by then everything moves."""
_LOUD = 0.1
"""Of full scale: above what an encoder smears over the silence before a beep."""
_SAMPLES = {"s16": ("h", 1 << 15), "s32": ("i", 1 << 31), "flt": ("f", 1)}
"""How each format of samples is read, and what is full scale in it."""


@dataclass(frozen=True, slots=True)
class Packet:
    """Times in seconds; None where the file gives none."""

    shown: Fraction | None
    stored: Fraction | None
    duration: Fraction
    is_key: bool
    is_discarded: bool
    is_corrupt: bool


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One stream: its header, and its packets in the order in which they are stored."""

    kind: str
    codec: str
    language: str | None
    is_default: bool
    is_cover: bool
    channels: int
    sample_rate: int
    sample_aspect: Fraction
    tick: Fraction
    frames: int
    packets: list[Packet] = field(default_factory=list)

    def kept(self) -> list[Packet]:
        """The packets that are not only there to be decoded and thrown away."""
        return [packet for packet in self.packets if not packet.is_discarded]

    def times(self) -> list[Fraction]:
        """When the kept packets are shown, in that order; when decoded, where the file says no more."""
        shown = [packet.shown for packet in self.kept() if packet.shown is not None]
        if len(shown) == len(self.kept()):
            return sorted(shown)
        return [packet.stored for packet in self.kept() if packet.stored is not None]

    def end(self) -> Fraction:
        """When the last kept packet ends."""
        return self.times()[-1] + self.kept()[-1].duration


@dataclass(frozen=True, slots=True)
class Picture:
    """One decoded picture, with what there is to it but most of its pixels."""

    size: tuple[int, int]
    pixel_format: str
    rotation: int
    transfer: int
    is_interlaced: bool
    is_corrupt: bool
    side_data: frozenset[str]
    thumbnail: bytes
    """Its brightness, small."""

    @property
    def brightness(self) -> float:
        """From 0 to 255."""
        return sum(self.thumbnail) / len(self.thumbnail)


@dataclass(frozen=True, slots=True)
class Sound:
    """One decoded stretch of sound."""

    start: Fraction
    end: Fraction
    loudest: float
    """Of full scale, in the first channel."""
    rises: Fraction | None
    """When it first is loud, if it is."""


@dataclass(slots=True, eq=False)
class Seen:
    """What a file really holds."""

    path: Path
    claimed_s: float | None
    starts_s: float | None
    chapters: list[tuple[float, float, str]]
    streams: list[Stream]
    pictures: list[Picture] = field(default_factory=list)
    sounds: list[Sound] = field(default_factory=list)
    combing: float = 0.0
    """How much more two neighbouring lines differ than two of one field, in one interlaced picture."""
    broken: int = 0
    """Packets that the decoder would not have."""

    @property
    def video(self) -> Stream | None:
        """The moving pictures."""
        return next((s for s in self.streams if s.kind == "video" and not s.is_cover), None)

    @property
    def audio(self) -> Stream | None:
        """The sound that plays by default."""
        heard = [stream for stream in self.streams if stream.kind == "audio"]
        return min(heard, key=lambda stream: not stream.is_default, default=None)

    def of_kind(self, kind: str) -> list[Stream]:
        """The streams of a kind."""
        return [stream for stream in self.streams if stream.kind == kind]

    def frames(self) -> int:
        """How many pictures there are to show: decoded, or counted where there are too many for that."""
        if self.video is not None and len(self.pictures) >= _DECODED:
            return len(self.video.kept())
        return len(self.pictures)


def seen(path: Path, demuxer: str) -> Seen:
    """Reads a file. Raises FFmpegError where that demuxer cannot open it."""
    with av.open(str(path), format=demuxer) as container:
        container.flags &= ~_GENERATE_PTS
        found = Seen(
            path=path,
            claimed_s=None if container.duration is None else container.duration / av.time_base,
            starts_s=None if container.start_time is None else container.start_time / av.time_base,
            chapters=[_chapter(each) for each in container.chapters()],
            streams=[_stream(stream) for stream in container.streams],
        )
        shrink = VideoReformatter()
        for packet in container.demux():
            _take(found, packet, shrink)
    return found


def _take(found: Seen, packet: Any, shrink: VideoReformatter) -> None:
    stream = found.streams[packet.stream.index]
    if packet.size:
        stream.packets.append(_packet(packet))
    try:
        if stream is found.video and len(found.pictures) < _DECODED:
            for frame in packet.decode():
                _take_picture(found, frame, shrink)
        elif stream is found.audio and len(found.sounds) < _DECODED * 2:
            for frame in packet.decode():
                found.sounds.append(_sound(frame, found.sounds[-1].end if found.sounds else Fraction(0)))
    except FFmpegError:
        found.broken += 1


def _take_picture(found: Seen, frame: Any, shrink: VideoReformatter) -> None:
    found.pictures.append(_picture(frame, shrink))
    if frame.interlaced_frame and len(found.pictures) == _COMBED:
        found.combing = _combing(_lines(frame))


def _combing(lines: list[bytes]) -> float:
    neighbours = sum(_difference(*pair) for pair in pairwise(lines))
    of_one_field = sum(_difference(*pair) for pair in zip(lines, lines[2:], strict=False))
    return neighbours / max(1, of_one_field)


def _difference(one: bytes, other: bytes) -> int:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


def _lines(frame: Any) -> list[bytes]:
    """Its brightness, without what pads the lines."""
    plane = frame.planes[0]
    data, step = bytes(plane), plane.line_size
    return [data[at : at + frame.width] for at in range(0, step * frame.height, step)]


def _chapter(chapter: Any) -> tuple[float, float, str]:
    start, end = (float(chapter[side] * chapter["time_base"]) for side in ("start", "end"))
    return start, end, chapter["metadata"].get("title", "")


def _stream(stream: Any) -> Stream:
    codec, is_audio = stream.codec_context, stream.type == "audio"
    aspect = stream.sample_aspect_ratio if stream.type == "video" else None
    return Stream(
        kind=stream.type or "data",
        codec=codec.name if codec else "",
        language=stream.metadata.get("language"),
        is_default=bool(int(stream.disposition) & _DEFAULT),
        is_cover=bool(int(stream.disposition) & _ATTACHED),
        channels=codec.channels if is_audio else 0,
        sample_rate=codec.sample_rate if is_audio else 0,
        sample_aspect=aspect or Fraction(1),
        tick=stream.time_base,
        frames=stream.frames,
    )


def _packet(packet: Any) -> Packet:
    tick = packet.time_base
    return Packet(
        shown=None if packet.pts is None else packet.pts * tick,
        stored=None if packet.dts is None else packet.dts * tick,
        duration=(packet.duration or 0) * tick,
        is_key=packet.is_keyframe,
        is_discarded=packet.is_discard,
        is_corrupt=packet.is_corrupt,
    )


def _picture(frame: Any, shrink: VideoReformatter) -> Picture:
    small = shrink.reformat(frame, *_THUMBNAIL, format="gray", threads=1)
    return Picture(
        size=(frame.width, frame.height),
        pixel_format=frame.format.name,
        rotation=frame.rotation % 360,
        transfer=frame.color_trc,
        is_interlaced=frame.interlaced_frame,
        is_corrupt=frame.is_corrupt,
        side_data=frozenset(each.type.name for each in frame.side_data),
        thumbnail=b"".join(_lines(small)),
    )


def _sound(frame: Any, last_end: Fraction) -> Sound:
    samples, full = _samples(frame)
    start = last_end if frame.pts is None else frame.pts * frame.time_base
    loudest = max(max(samples), -min(samples)) / full
    rises = None
    if loudest > _LOUD:
        rises = next(at for at, sample in enumerate(samples) if abs(sample) > _LOUD * full)
    return Sound(
        start=start,
        end=start + Fraction(frame.samples, frame.sample_rate),
        loudest=loudest,
        rises=None if rises is None else start + Fraction(rises, frame.sample_rate),
    )


def _samples(frame: Any) -> tuple[array[Any], int]:
    """The first channel's samples, and how much is full scale."""
    code, full = _SAMPLES[frame.format.name.removesuffix("p")]
    samples = array(code)
    samples.frombytes(bytes(frame.planes[0]))
    step = 1 if frame.format.is_planar else len(frame.layout.channels)
    return samples[: frame.samples * step : step], full
