"""The forms that a medium can be asked for: typed, so that no string of a user's reaches a command line.

A profile that people make comes through `parse`, which checks every value and that they go together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, TypeAdapter, ValidationError

Container = Literal["mp4", "mkv", "webm", "hls", "m4a", "ogg", "mp3", "flac"]
VideoCodec = Literal["h264", "hevc", "av1", "vp9", "copy"]
AudioCodec = Literal["aac", "opus", "mp3", "flac", "copy"]
KeptCodec = Literal["aac", "ac3", "eac3", "opus"]
"""Not MP3 and FLAC: browsers play them, but not in the segments of a stream (Chrome, hls.js 1.4)."""
Speed = Literal["fastest", "fast", "balanced", "slow"]
Channels = Literal["mono", "stereo", "surround"]

SUFFIXES: dict[str, str] = {"hls": ".m3u8"} | {
    name: f".{name}" for name in ("mp4", "mkv", "webm", "m4a", "ogg", "mp3", "flac")
}
SOUND_ONLY = frozenset({"m4a", "ogg", "mp3", "flac"})

_VIDEO_IN: dict[str, frozenset[str]] = {
    "mp4": frozenset({"h264", "hevc", "av1", "vp9", "copy"}),
    "mkv": frozenset({"h264", "hevc", "av1", "vp9", "copy"}),
    "webm": frozenset({"vp9", "av1"}),
    "hls": frozenset({"h264", "hevc", "av1", "vp9", "copy"}),
}
_AUDIO_IN: dict[str, frozenset[str]] = {
    "mp4": frozenset({"aac", "opus", "mp3", "flac", "copy"}),
    "mkv": frozenset({"aac", "opus", "mp3", "flac", "copy"}),
    "webm": frozenset({"opus"}),
    "hls": frozenset({"aac", "opus"}),
    "m4a": frozenset({"aac"}),
    "ogg": frozenset({"opus"}),
    "mp3": frozenset({"mp3"}),
    "flac": frozenset({"flac"}),
}

_WORST_CRF = {"h264": 51, "hevc": 51, "av1": 63, "vp9": 63}

_STRICT = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One size of the picture."""

    __pydantic_config__ = _STRICT

    height: Annotated[int, Field(ge=64, le=4320, multiple_of=2)]
    """At most so high; a source that is smaller is never scaled up."""
    crf: Annotated[int, Field(ge=0, le=63)] | None = None
    """Constant quality: lower is better and larger."""
    max_bit_rate: Annotated[int, Field(ge=50_000, le=200_000_000)] | None = None
    """With `crf`: quality is given up where it would take more bits a second than this."""
    bit_rate: Annotated[int, Field(ge=50_000, le=200_000_000)] | None = None
    """Instead of `crf`: so many bits a second, in two passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """What is made of the picture."""

    __pydantic_config__ = _STRICT

    codec: VideoCodec
    rungs: Annotated[tuple[Rung, ...], Field(max_length=8)] = ()
    """The ladder, largest first; empty with `copy` alone."""
    speed: Speed = "fast"
    """Time for size."""
    max_frame_rate: Annotated[int, Field(ge=1, le=240)] = 60
    tone_map: StrictBool = True
    """HDR becomes SDR; without it HDR stays what it is, where the codec can hold it."""
    deinterlace: StrictBool = True
    hardware: StrictBool = False
    """Encode in hardware on workers where that works, and in software elsewhere and after a failure."""

    @property
    def two_pass(self) -> bool:
        """Whether the whole file is looked at before it is encoded."""
        return any(rung.bit_rate is not None for rung in self.rungs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """What is made of the sound."""

    __pydantic_config__ = _STRICT

    codec: AudioCodec
    bit_rate: Annotated[int, Field(ge=16_000, le=1_536_000)] = 128_000
    """Bits a second for two channels; nothing to FLAC and copy."""
    channels: Channels = "stereo"
    """At most these; a source with fewer keeps its own."""
    tracks: Literal["default", "all"] = "default"
    keep: Annotated[tuple[KeptCodec, ...], Field(max_length=6)] = ()
    """Beside a picture that is copied into HLS: sound in these codecs is copied too, and not encoded."""
    loudness_lufs: Annotated[float, Field(ge=-36, le=-9)] | None = None
    """Brought to this loudness by EBU R128."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One form."""

    __pydantic_config__ = _STRICT

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    about: Annotated[str, Field(max_length=200)] = ""
    version: Annotated[int, Field(ge=1)] = 1
    container: Container = "mp4"
    video: Video | None = None
    audio: Audio | None = None
    subtitles: Literal["none", "carry", "burn"] = "none"
    """Text tracks: left out, carried along, or drawn into the picture (the default track)."""
    keep_chapters: StrictBool = True
    keep_metadata: StrictBool = True
    engine: Literal["ffmpeg", "handbrake"] = "ffmpeg"
    handbrake_preset: Annotated[str, Field(max_length=100)] | None = None
    """With the engine handbrake: the name of one of its presets, which says the rest."""

    @property
    def is_remux(self) -> bool:
        """Whether the picture is cut at its own key frames, and not encoded."""
        return self.container == "hls" and self.video is not None and self.video.codec == "copy"

    @property
    def suffix(self) -> str:
        """How the result's name ends."""
        return SUFFIXES[self.container]


class BadProfile(ValueError):
    """This is no profile; each problem is a line."""


_ADAPTER = TypeAdapter(Profile)


def parse(text: str | bytes) -> Profile:
    """A profile from JSON. Raises BadProfile."""
    try:
        profile = _ADAPTER.validate_json(text)
    except ValidationError as error:
        said = (f"{'.'.join(map(str, each['loc'])) or 'profile'}: {each['msg']}" for each in error.errors())
        raise BadProfile("\n".join(said)) from error
    return checked(profile)


def checked(profile: Profile, **changes: Any) -> Profile:
    """A profile with these changes, all of whose parts go together. Raises BadProfile."""
    changed = replace(profile, **changes)
    if problems := list(disagreements(changed)):
        raise BadProfile("\n".join(problems))
    return changed


def written(profile: Profile) -> str:
    """A profile as JSON."""
    return _ADAPTER.dump_json(profile).decode()


def disagreements(profile: Profile) -> Iterator[str]:
    """What in a profile does not go together."""
    if profile.engine == "handbrake":
        if profile.handbrake_preset is None:
            yield "handbrake_preset: name the preset that HandBrake is to use"
        if profile.container not in ("mp4", "mkv", "webm"):
            yield f"container: HandBrake does not make {profile.container}"
        return
    if profile.handbrake_preset is not None:
        yield "handbrake_preset: this is for the engine handbrake alone"
    if profile.video is None and profile.audio is None:
        yield "profile: it keeps neither picture nor sound"
    yield from _video_problems(profile)
    yield from _audio_problems(profile)


def _video_problems(profile: Profile) -> Iterator[str]:
    video = profile.video
    if video is None:
        if profile.subtitles == "burn":
            yield "subtitles: without a picture there is nothing to burn them into"
    elif profile.container in SOUND_ONLY:
        yield f"container: {profile.container} holds no picture"
    elif video.codec not in _VIDEO_IN[profile.container]:
        yield f"video.codec: {profile.container} does not hold {video.codec}"
    elif video.codec != "copy":
        yield from _ladder_problems(video)
        if video.two_pass and profile.container == "hls":
            yield "video.rungs: HLS is made in segments, two passes need the whole; use crf with max_bit_rate"
    elif video.rungs or profile.subtitles == "burn":
        yield "video.codec: what is copied is neither scaled nor drawn on"


def _ladder_problems(video: Video) -> Iterator[str]:
    if not video.rungs:
        yield "video.rungs: say at least one height"
    heights = [rung.height for rung in video.rungs]
    if heights != sorted(set(heights), reverse=True):
        yield "video.rungs: each height once, the largest first"
    for number, rung in enumerate(video.rungs):
        if (rung.crf is None) == (rung.bit_rate is None):
            yield f"video.rungs.{number}: give either crf or bit_rate"
        if rung.max_bit_rate is not None and rung.crf is None:
            yield f"video.rungs.{number}: max_bit_rate goes with crf"
        if rung.bit_rate is not None and video.codec == "av1":
            yield f"video.rungs.{number}.bit_rate: AV1 is not made in two passes; use crf with max_bit_rate"
        if rung.crf is not None and rung.crf > _WORST_CRF[video.codec]:
            yield f"video.rungs.{number}.crf: {video.codec} knows 0 to {_WORST_CRF[video.codec]}"


def _audio_problems(profile: Profile) -> Iterator[str]:
    audio = profile.audio
    if audio is None:
        if profile.container in SOUND_ONLY:
            yield f"container: {profile.container} without sound is nothing"
        return
    if audio.codec not in _AUDIO_IN[profile.container]:
        yield f"audio.codec: {profile.container} does not hold {audio.codec}"
    if audio.keep and not profile.is_remux:
        yield "audio.keep: sound is kept beside a picture that is copied into HLS alone"
    if audio.loudness_lufs is not None:
        if audio.codec == "copy":
            yield "audio.loudness_lufs: what is copied keeps its loudness"
        if profile.container == "hls":
            yield "audio.loudness_lufs: HLS is made in segments, and loudness is measured over the whole"


def _ladder(crf: int, *rungs: tuple[int, int]) -> tuple[Rung, ...]:
    return tuple(Rung(height=height, crf=crf, max_bit_rate=bits) for height, bits in rungs)


BUILT_IN: dict[str, Profile] = {
    profile.name: profile
    for profile in (
        Profile(
            name="web",
            about="H.264 and AAC in sizes up to 1080p, for any browser",
            video=Video(
                codec="h264",
                rungs=_ladder(23, (1080, 6_000_000), (720, 3_500_000), (480, 1_600_000), (240, 500_000)),
            ),
            audio=Audio(codec="aac"),
        ),
        Profile(
            name="phone",
            about="H.264 and AAC up to 480p, small",
            video=Video(codec="h264", rungs=(Rung(height=480, crf=25),)),
            audio=Audio(codec="aac", bit_rate=96_000),
        ),
        Profile(
            name="archive",
            about="HEVC in full size, the sound as it is, all tracks, subtitles and chapters",
            container="mkv",
            video=Video(
                codec="hevc",
                rungs=(Rung(height=4320, crf=20),),
                speed="balanced",
                max_frame_rate=240,
                tone_map=False,
            ),
            audio=Audio(codec="copy", channels="surround", tracks="all"),
            subtitles="carry",
        ),
        Profile(
            name="preview",
            about="H.264 and AAC up to 240p, quickly",
            video=Video(codec="h264", rungs=(Rung(height=240, crf=30),), speed="fastest"),
            audio=Audio(codec="aac", bit_rate=64_000),
        ),
        Profile(
            name="sound",
            about="The sound alone, AAC at an even loudness",
            container="m4a",
            audio=Audio(codec="aac", bit_rate=160_000, loudness_lufs=-16.0),
        ),
    )
}
"""Those that are always there; people add their own, and cannot take these away."""

PRIORITIES = ("high", "normal", "low")
"""What people may ask for; what a viewer waits for goes before all of them."""
