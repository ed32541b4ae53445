"""Direct play, else remux, else transcode: which, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.playback.schemas import Abilities, Method
from schemas.events import Stream
from schemas.renditions import Medium, is_hdr, shown_size

_CONTAINERS = {
    "mov": "mp4",
    "matroska": "mkv",
    "mpegts": "ts",
    "ogg": "ogg",
    "mp3": "mp3",
    "flac": "flac",
    "wav": "wav",
    "aac": "aac",
    "avi": "avi",
    "flv": "flv",
}
_TYPES = {
    "mp4": "video/mp4",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "ts": "video/mp2t",
    "ogg": "video/ogg",
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "aac": "audio/aac",
}
_IN_WEBM = frozenset({"vp8", "vp9", "av1", "opus", "vorbis"})
_IN_MP4 = frozenset({"h264", "hevc", "av1", "vp9", "aac", "mp3", "opus", "flac", "ac3", "eac3"})


@dataclass(frozen=True, slots=True)
class Decision:
    """How a medium is played, and why not in a simpler way."""

    method: Method
    reasons: tuple[str, ...]


def decide(medium: Medium, abilities: Abilities) -> Decision:
    """The simplest way that a client can play a medium."""
    streams = list(stream_reasons(medium, abilities))
    if streams:
        return Decision("transcode", tuple(streams))
    container = container_of(medium)
    if container in abilities.containers:
        return Decision("direct", ())
    reason = f"the container {container} is not among the client's"
    codecs = {stream.codec for stream in _played(medium)}
    if "mp4" in abilities.containers and codecs <= _IN_MP4:
        return Decision("remux", (reason,))
    return Decision("transcode", (reason, "its streams fit no container that the client plays"))


def container_of(medium: Medium) -> str:
    """What a client calls the container: WebM where Matroska holds nothing else."""
    name = _CONTAINERS.get(medium.container, medium.container)
    codecs = {stream.codec for stream in medium.streams if stream.kind in ("video", "audio")}
    return "webm" if name == "mkv" and codecs <= _IN_WEBM else name


def mime_type(medium: Medium) -> str:
    """The type of the file as it is."""
    kind = _TYPES.get(container_of(medium), "application/octet-stream")
    return kind if medium.main("video") else kind.replace("video/", "audio/")


def stream_reasons(medium: Medium, abilities: Abilities) -> Iterator[str]:
    """Why a client cannot take pictures or sound as they are."""
    video, audio = medium.main("video"), medium.main("audio")
    if video is not None:
        yield from _picture_reasons(video, abilities)
    if audio is not None:
        if audio.codec not in abilities.audio_codecs:
            yield f"the sound is {audio.codec}, which is not among the client's codecs"
        if (audio.channels or 0) > abilities.max_channels:
            yield f"it has {audio.channels} channels, the client takes {abilities.max_channels}"
    rate = _bit_rate(medium)
    if abilities.max_bit_rate is not None and rate is not None and rate > abilities.max_bit_rate:
        yield f"it takes {rate} bits a second, the client's line bears {abilities.max_bit_rate}"


def _picture_reasons(video: Stream, abilities: Abilities) -> Iterator[str]:
    if video.codec not in abilities.video_codecs:
        yield f"the picture is {video.codec}, which is not among the client's codecs"
    height = shown_size(video, 1 << 16)[1]
    if abilities.max_height is not None and height > abilities.max_height:
        yield f"the picture is {height} high, the client takes {abilities.max_height}"
    if (video.bits or 8) > 8 and not abilities.ten_bit:
        yield f"it has {video.bits} bits a colour, the client takes 8"
    if is_hdr(video) and not abilities.hdr:
        yield "it is HDR, which the client does not show"
    if video.interlaced:
        yield "it is interlaced"


def _bit_rate(medium: Medium) -> int | None:
    rates = [stream.bit_rate for stream in _played(medium)]
    known = [rate for rate in rates if rate]
    return sum(known) if known and len(known) == len(rates) else None


def _played(medium: Medium) -> list[Stream]:
    return [stream for stream in (medium.main("video"), medium.main("audio")) if stream is not None]
