"""Direct play, else remux, else transcode: which, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.playback.schemas import Abilities, Method
from schemas.copies import is_kept, kept_codecs, obstacles
from schemas.events import Stream
from schemas.medium import Medium, is_hdr
from schemas.renditions import shown_size

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
_HALVED = frozenset({"h264", "hevc"})
"""Codecs that players know with colours at half the size, as they nearly always are."""
_IN_WEBM = frozenset({"vp8", "vp9", "av1", "opus", "vorbis"})


@dataclass(frozen=True, slots=True)
class Decision:
    """How a medium is played, and why not in a simpler way."""

    method: Method
    reasons: tuple[str, ...]


def decide(
    medium: Medium, abilities: Abilities, uncopyable: str | None = None, *, in_pieces: bool = False
) -> Decision:
    """The simplest way that a client can play a medium.

    `uncopyable` is why it cannot be copied, where that was found out; with `in_pieces` the file as it is
    would not do.
    """
    picture, sound = list(picture_reasons(medium, abilities)), list(sound_reasons(medium, abilities))
    rate = list(_rate_reasons(medium, abilities))
    if picture or rate:
        return Decision("transcode", (*picture, *sound, *rate))
    if not sound and not in_pieces and container_of(medium) in abilities.containers:
        return Decision("direct", ())
    reasons = (*sound, *_container_reasons(medium, abilities))
    against = tuple(_copy_reasons(medium, abilities)) + ((uncopyable,) if uncopyable else ())
    return Decision("transcode" if against else "remux", reasons + against)


def _container_reasons(medium: Medium, abilities: Abilities) -> Iterator[str]:
    container = container_of(medium)
    if container not in abilities.containers:
        yield f"the container {container} is not among the client's"


def _copy_reasons(medium: Medium, abilities: Abilities) -> Iterator[str]:
    """Why a medium cannot be cut into segments as it is, as far as its headers say."""
    if "mp4" not in abilities.containers:
        yield "the client does not play MP4, which segments come in"
    yield from obstacles(medium)
    main = medium.main("audio")
    kept = kept_codecs(medium, abilities.audio_codecs, abilities.max_channels)
    if medium.main("video") is None and (main is None or not is_kept(main, kept)):
        yield "its sound is not copied, and there is nothing else in it"


def container_of(medium: Medium) -> str:
    """What a client calls the container: WebM where Matroska holds nothing else."""
    name = _CONTAINERS.get(medium.container, medium.container)
    codecs = {stream.codec for stream in medium.streams if stream.kind in ("video", "audio")}
    return "webm" if name == "mkv" and codecs <= _IN_WEBM else name


def mime_type(medium: Medium) -> str:
    """The type of the file as it is."""
    kind = _TYPES.get(container_of(medium), "application/octet-stream")
    return kind if medium.main("video") else kind.replace("video/", "audio/")


def sound_reasons(medium: Medium, abilities: Abilities) -> Iterator[str]:
    """Why a client cannot take the sound as it is."""
    audio = medium.main("audio")
    if audio is None:
        return
    bare = audio.codec.startswith("pcm_") and container_of(medium) == "wav"  # who plays WAV plays that
    if audio.codec not in abilities.audio_codecs and not bare:
        yield f"the sound is {audio.codec}, which is not among the client's codecs"
    if (audio.channels or 0) > abilities.max_channels:
        yield f"it has {audio.channels} channels, the client takes {abilities.max_channels}"


def _rate_reasons(medium: Medium, abilities: Abilities) -> Iterator[str]:
    rate = _bit_rate(medium)
    if abilities.max_bit_rate is not None and rate is not None and rate > abilities.max_bit_rate:
        yield f"it takes {rate} bits a second, the client's line bears {abilities.max_bit_rate}"


def picture_reasons(medium: Medium, abilities: Abilities) -> Iterator[str]:
    """Why a client cannot take the picture as it is."""
    video = medium.main("video")
    if video is None:
        return
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
    if video.codec in _HALVED and any(kind in (video.pixel_format or "") for kind in ("422", "444")):
        yield f"its colours are kept as {video.pixel_format}, which few players show"


def _bit_rate(medium: Medium) -> int | None:
    """Of what is played; where its streams do not say, of the whole file."""
    rates = [stream.bit_rate for stream in _played(medium)]
    known = [rate for rate in rates if rate]
    return sum(known) if known and len(known) == len(rates) else medium.bit_rate


def _played(medium: Medium) -> list[Stream]:
    return [stream for stream in (medium.main("video"), medium.main("audio")) if stream is not None]
