"""What a medium becomes where it is copied and not encoded: its own bytes, cut at its own key frames.

Where the cuts are is known only once the packets were read. Whoever copies keeps a list of them beside the
segments; until it is there, the segments themselves say how long they are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import get_args

from schemas.events import Stream
from schemas.medium import Medium
from schemas.profiles import Audio, KeptCodec, Profile, Video
from schemas.renditions import AudioRendition, CannotRender, encoded_track, shown_size
from schemas.segments import store_key

NOT_COPYABLE = "not_copyable"
"""The code of a job whose source cannot be copied."""
LONGEST_S = 30
"""No segment is longer: a seek into it would wait for all of it."""
SHORTEST_S = 4

_REMUX = "remux"
_VERSION = "1"
"""Raised by hand when what comes out changes."""
_PICTURES = frozenset({"h264", "hevc", "av1", "vp9"})
_SOUNDS: frozenset[str] = frozenset(get_args(KeptCodec))
_RARE_AAC = frozenset({"Main", "SSR", "LTP"})
"""Kinds of AAC that hardly any player decodes."""
_CONTAINERS = frozenset({"mov", "matroska", "mpegts", "flv"})
"""Those whose packets say when they are shown."""
_COLOURS = frozenset({"yuv420p", "yuvj420p", "yuv420p10le", None})
_LATE_US = 40_000
"""Sound that begins later than this needs silence before it, and so is encoded."""


@dataclass(frozen=True, kw_only=True)
class CopiedTrack:
    """One stream, copied."""

    source: str
    stream: int
    codec: str
    together: tuple[int, ...]
    """The streams that are copied by the same task."""

    @cached_property
    def key(self) -> str:
        """What names it in the store."""
        return store_key({"copy": _VERSION, "source": self.source, "stream": self.stream})

    @property
    def group(self) -> str:
        """What its segments are copied together with."""
        return f"{self.source}/{store_key({'copy': _VERSION, 'streams': self.together})}"


@dataclass(frozen=True, kw_only=True)
class CopiedPicture(CopiedTrack):
    """A picture, copied."""

    width: int
    height: int
    frame_rate: Fraction


@dataclass(frozen=True, kw_only=True)
class CopiedSound(CopiedTrack):
    """A track of sound, copied."""

    channels: int
    language: str | None = None
    title: str | None = None
    is_default: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """All that a medium becomes when its picture is copied, and its sound as far as that goes."""

    source: str
    video: tuple[CopiedPicture, ...] = ()
    audio: tuple[CopiedSound | AudioRendition, ...] = ()

    @property
    def tracks(self) -> tuple[CopiedPicture | CopiedSound, ...]:
        """What is copied."""
        return (*self.video, *(sound for sound in self.audio if isinstance(sound, CopiedSound)))

    def by_key(self, key: str) -> CopiedPicture | CopiedSound | AudioRendition | None:
        """The track with that key."""
        return next((each for each in (*self.video, *self.audio) if each.key == key), None)


def copies(medium: Medium, profile: Profile) -> Copies:
    """What a medium becomes in a profile that copies. Raises CannotRender."""
    if (obstacle := next(obstacles(medium), None)) is not None:
        raise CannotRender(NOT_COPYABLE, obstacle)
    picture, audio = medium.main("video"), profile.audio
    sounds = _wanted(medium, audio) if audio else []
    keep = frozenset(audio.keep) if audio else frozenset[str]()
    kept = [sound for sound in sounds if is_kept(sound, keep)]
    together = tuple(stream.index for stream in (*([picture] if picture else []), *kept))
    if not together:
        raise CannotRender(NOT_COPYABLE, "there is nothing in it that can be copied")
    return Copies(
        source=medium.source,
        video=(_picture(medium, picture, together),) if picture else (),
        audio=tuple(_track(medium, audio, sound, together) for sound in sounds) if audio else (),
    )


def remux(keep: Collection[str]) -> Profile:
    """The profile of a remux for players of these codecs of sound; its name says all of it."""
    kept = [codec for codec in sorted(set(keep)) if codec in _SOUNDS]
    audio = Audio(codec="aac", tracks="all", keep=tuple(kept))  # type: ignore[arg-type]
    about = "The picture as it is, and sound as far as players know it"
    name = "-".join([_REMUX, *kept])
    return Profile(name=name, about=about, container="hls", video=Video(codec="copy"), audio=audio)


def remux_named(name: str) -> Profile | None:
    """The remux of that name; None where it is another profile's."""
    first, *keep = name.split("-")
    made = remux(keep) if first == _REMUX else None
    return made if made is not None and made.name == name else None


def kept_codecs(medium: Medium, playable: Collection[str], max_channels: int) -> frozenset[str]:
    """The codecs of a medium's sound that are copied for a player of these."""
    sounds = medium.of_kind("audio")
    too_wide = {sound.codec for sound in sounds if (sound.channels or 0) > max_channels}
    return frozenset({sound.codec for sound in sounds} & set(playable) & _SOUNDS) - too_wide


def is_kept(sound: Stream, keep: Collection[str]) -> bool:
    """Whether a track is copied where these codecs are kept."""
    begins_late = (sound.start_us or 0) > _LATE_US
    return sound.codec in keep and sound.profile not in _RARE_AAC and not begins_late


def obstacles(medium: Medium) -> Iterator[str]:
    """Why a medium's picture cannot be copied, as far as its headers say."""
    if medium.container not in _CONTAINERS:
        yield f"its container, {medium.container}, does not say when each packet is shown"
    picture = medium.main("video")
    if picture is None:
        return
    if picture.codec not in _PICTURES:
        yield f"fragmented MP4 does not hold {picture.codec}"
    if picture.pixel_format not in _COLOURS:
        yield f"its colours are kept as {picture.pixel_format}, which few players show"
    if picture.rotation:
        yield f"it is turned by {picture.rotation} degrees, which not all players heed in a stream"


def _wanted(medium: Medium, audio: Audio) -> list[Stream]:
    main = medium.main("audio")
    return medium.of_kind("audio") if audio.tracks == "all" else [main] if main else []


def _picture(medium: Medium, stream: Stream, together: tuple[int, ...]) -> CopiedPicture:
    width, height = shown_size(stream, 1 << 16)
    return CopiedPicture(
        source=medium.source,
        stream=stream.index,
        codec=stream.codec,
        together=together,
        width=width,
        height=height,
        frame_rate=Fraction(stream.frame_rate or "25"),
    )


def _track(
    medium: Medium, audio: Audio, stream: Stream, together: tuple[int, ...]
) -> CopiedSound | AudioRendition:
    is_default = stream is medium.main("audio")
    if stream.index not in together:
        return encoded_track(medium, audio, stream, is_default=is_default)
    return CopiedSound(
        source=medium.source,
        stream=stream.index,
        codec=stream.codec,
        together=together,
        channels=stream.channels or 2,
        language=stream.language,
        title=stream.title,
        is_default=is_default,
    )
