"""What a medium becomes in a profile, segment by segment: known before anything is encoded, and the same
wherever it is worked out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cached_property

from schemas.events import Stream
from schemas.medium import Medium, is_hdr
from schemas.profiles import Audio, Profile, Rung, Video
from schemas.segments import SEGMENT_S, Grid, store_key

_LEVELS = (
    (30, 40_500, 1_620),
    (31, 108_000, 3_600),
    (32, 216_000, 5_120),
    (40, 245_760, 8_192),
    (42, 522_240, 8_704),
    (50, 589_824, 22_080),
    (51, 983_040, 36_864),
    (52, 2_073_600, 36_864),
    (60, 4_177_920, 139_264),
)
"""Levels with the most macroblocks a second and in a picture."""
BUFFER_S = 2
"""How much an encoder with a capped rate may save up, in seconds of that rate."""
_SOUND_PEAK = 1.2
"""How far a segment of sound may go above the rate that is asked for."""
_SAMPLES = {"aac": 1024, "opus": 960}
"""Samples in a packet."""
_RATES = {"aac": (48000, 44100), "opus": (48000,)}
_CHANNELS = {"mono": 1, "stereo": 2, "surround": 6}


class CannotRender(ValueError):
    """This medium cannot be given that form: `code` for programs, the message for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What the pictures of a source become, whatever their size: what its rungs have in common."""

    stream: int
    rate: str
    """Pictures a second, as an exact fraction."""
    deinterlace: bool
    tone_map: bool
    burn: int | None = None
    """The subtitle stream that is drawn in."""


@dataclass(frozen=True, kw_only=True)
class VideoRendition:
    """One size of the picture."""

    source: str
    picture: Picture
    grid: Grid
    codec: str
    width: int
    height: int
    crf: int | None
    max_bit_rate: int | None
    bit_rate: int | None
    speed: str
    ten_bit: bool
    variant: str = "software"
    """`hardware`: made by whatever a worker has, so that its segments may come from different encoders."""

    @cached_property
    def key(self) -> str:
        """What names it in the store."""
        said = {name: value for name, value in vars(self).items() if name not in ("grid", "key")}
        return store_key({**said, "picture": asdict(self.picture), "per_segment": self.grid.per_segment})

    @property
    def self_contained(self) -> bool:
        """Whether each segment brings its encoder's parameter sets, and needs none of the first piece's."""
        return self.variant == "hardware"

    @property
    def group(self) -> str:
        """What its segments are encoded together with: the other sizes of the same picture."""
        shared = {"picture": asdict(self.picture), "per_segment": self.grid.per_segment}
        return f"{self.source}/{store_key(shared)}"

    @property
    def frame_rate(self) -> Fraction:
        """Pictures a second."""
        return self.grid.rate

    @property
    def level(self) -> int:
        """The level of H.264 or HEVC that holds it, as H.264 counts."""
        blocks = -(-self.width // 16) * -(-self.height // 16)
        speed = blocks * self.grid.rate
        return next((level for level, most, size in _LEVELS if speed <= most and blocks <= size), 62)

    @property
    def even_level(self) -> int:
        """The same as HEVC, AV1 and VP9 count, which have no level between some of these."""
        return {32: 40, 42: 41}.get(self.level, self.level)

    @property
    def codec_string(self) -> str:
        """What players ask by (RFC 6381)."""
        depth = "10" if self.ten_bit else "08"
        h264, hevc = ("avc3", "hev1") if self.self_contained else ("avc1", "hvc1")
        return {
            "h264": f"{h264}.6400{self.level:02x}",
            "hevc": f"{hevc}.{'2.4' if self.ten_bit else '1.6'}.L{self.even_level * 3}.90",
            "av1": f"av01.0.{(self.even_level // 10 - 2) * 4 + self.even_level % 10:02d}M.{depth}",
            "vp9": f"vp09.{'02' if self.ten_bit else '00'}.{self.even_level}.{depth}",
        }[self.codec]

    @property
    def bandwidth(self) -> int:
        """Bits a second that a player must be able to take, as far as can be said beforehand: a segment may
        hold what its rate allows, and an encoder's full buffer.
        """
        if self.bit_rate or self.max_bit_rate:
            return round((1 + BUFFER_S / SEGMENT_S) * (self.bit_rate or self.max_bit_rate or 0))
        return max(100_000, round(self.width * self.height * float(self.grid.rate) * 0.15))


@dataclass(frozen=True, kw_only=True)
class AudioRendition:
    """One track of the sound."""

    source: str
    stream: int
    grid: Grid
    codec: str
    bit_rate: int
    channels: int
    sample_rate: int
    language: str | None = None
    title: str | None = None
    is_default: bool = False

    @cached_property
    def key(self) -> str:
        """What names it in the store."""
        shown = ("grid", "key", "language", "title", "is_default")
        said = {name: value for name, value in vars(self).items() if name not in shown}
        return store_key({**said, "per_segment": self.grid.per_segment})

    @property
    def bandwidth(self) -> int:
        """Bits a second that a player must be able to take, with the container."""
        return round(_SOUND_PEAK * self.bit_rate)

    @property
    def group(self) -> str:
        """What its segments are encoded together with: nothing else."""
        return f"{self.source}/{self.key}"

    @property
    def codec_string(self) -> str:
        """What players ask by (RFC 6381)."""
        return {"aac": "mp4a.40.2", "opus": "opus"}[self.codec]

    @property
    def samples(self) -> int:
        """Samples in a packet."""
        return _SAMPLES[self.codec]


@dataclass(frozen=True, slots=True, kw_only=True)
class Renditions:
    """All that a medium becomes in a profile, largest picture first."""

    source: str
    video: tuple[VideoRendition, ...] = ()
    audio: tuple[AudioRendition, ...] = ()

    def by_key(self, key: str) -> VideoRendition | AudioRendition | None:
        """The rendition with that key."""
        every: tuple[VideoRendition | AudioRendition, ...] = (*self.video, *self.audio)
        return next((each for each in every if each.key == key), None)


def renditions(medium: Medium, profile: Profile) -> Renditions:
    """What a medium becomes in a profile. Raises CannotRender."""
    video, audio = medium.main("video"), medium.main("audio")
    pictures = _video(medium, profile, video) if profile.video and video else ()
    sounds = _audio(medium, profile.audio) if profile.audio and audio else ()
    if not pictures and not sounds:
        wanted = (
            "picture" if profile.video and not profile.audio else "sound" if not profile.video else "either"
        )
        raise CannotRender("nothing_to_play", f"it holds nothing of what the profile keeps ({wanted})")
    return Renditions(source=medium.source, video=tuple(pictures), audio=tuple(sounds))


def _video(medium: Medium, profile: Profile, stream: Stream) -> Iterator[VideoRendition]:
    video = profile.video
    assert video is not None
    picture = _picture(medium, profile, video, stream)
    grid = picture_grid(Fraction(picture.rate), _end(medium, stream))
    # Of the rungs that are taller than the source, the lowest stands for all.
    sizes = {shown_size(stream, rung.height): rung for rung in video.rungs}
    for size, rung in sizes.items():
        yield _rung(medium, picture, grid, video, rung, stream, size)


def _rung(
    medium: Medium,
    picture: Picture,
    grid: Grid,
    video: Video,
    rung: Rung,
    stream: Stream,
    size: tuple[int, int],
) -> VideoRendition:
    ten_bit = is_hdr(stream) and not picture.tone_map and video.codec != "h264"
    return VideoRendition(
        source=medium.source,
        picture=picture,
        grid=grid,
        codec=video.codec,
        width=size[0],
        height=size[1],
        crf=rung.crf,
        max_bit_rate=rung.max_bit_rate,
        bit_rate=rung.bit_rate,
        speed=video.speed,
        ten_bit=ten_bit,
        variant="hardware" if video.hardware and not ten_bit else "software",
    )


def _picture(medium: Medium, profile: Profile, video: Video, stream: Stream) -> Picture:
    keeps_hdr = not video.tone_map and video.codec != "h264"
    return Picture(
        stream=stream.index,
        rate=str(_bounded(Fraction(stream.frame_rate or "25"), video.max_frame_rate)),
        deinterlace=video.deinterlace and stream.interlaced,
        tone_map=is_hdr(stream) and not keeps_hdr,
        burn=burnt(medium, profile),
    )


def burnt(medium: Medium, profile: Profile) -> int | None:
    """The subtitles that are drawn into the picture. Raises CannotRender."""
    if profile.subtitles != "burn":
        return None
    tracks = [*medium.texts, *medium.drawn_texts]
    chosen = min(tracks, key=lambda stream: (not stream.is_default, stream.index), default=None)
    if chosen is None and (others := medium.of_kind("subtitle")):
        kinds = ", ".join(sorted({stream.codec for stream in others}))
        raise CannotRender("subtitles_undrawable", f"its subtitles can't be drawn: {kinds}")
    return chosen.index if chosen else None


def picture_grid(rate: Fraction, end_us: int) -> Grid:
    """The segments of so many microseconds of pictures."""
    units = max(1, round(end_us * rate / 1_000_000))
    return Grid(rate=rate, units=units, per_segment=max(1, round(SEGMENT_S * rate)))


def shown_size(stream: Stream, max_height: int) -> tuple[int, int]:
    """Width and height of the result: as it is shown, never scaled up, and even."""
    width, height = Fraction(stream.width or 2), stream.height or 2
    width *= Fraction(stream.aspect or 1)
    if stream.rotation in (90, 270):
        turned = Fraction(height), round(width)
        width, height = turned
    scale = min(Fraction(1), Fraction(max_height, height))
    return _even(width * scale), _even(height * scale)


def _even(length: Fraction) -> int:
    return max(2, round(length / 2) * 2)


def _bounded(rate: Fraction, most: int) -> Fraction:
    """Every second, third, … picture where there are too many."""
    return rate / max(1, -(-rate // most))


def _end(medium: Medium, stream: Stream) -> int:
    return stream.end_us or medium.duration_ms * 1000


def _audio(medium: Medium, audio: Audio) -> Iterator[AudioRendition]:
    main = medium.main("audio")
    for stream in medium.of_kind("audio") if audio.tracks == "all" else [main]:
        if stream is not None:
            yield encoded_track(medium, audio, stream, is_default=stream is main)


def encoded_track(medium: Medium, audio: Audio, stream: Stream, *, is_default: bool) -> AudioRendition:
    """What one track of sound becomes where it is encoded."""
    codec = audio.codec if audio.codec in _SAMPLES else "aac"
    channels = min(_CHANNELS[audio.channels], stream.channels or 2)
    channels = channels if channels in (1, 2, 6) else 2
    rate = next((r for r in _RATES[codec] if r == stream.sample_rate), _RATES[codec][0])
    return AudioRendition(
        source=medium.source,
        stream=stream.index,
        grid=sound_grid(codec, rate, medium.duration_ms),
        codec=codec,
        bit_rate=round(audio.bit_rate * max(1.0, channels / 2)),
        channels=channels,
        sample_rate=rate,
        language=stream.language,
        title=stream.title,
        is_default=is_default,
    )


def sound_grid(codec: str, sample_rate: int, duration_ms: int) -> Grid:
    """The segments of so many milliseconds of sound."""
    rate = Fraction(sample_rate, _SAMPLES[codec])
    units = max(1, -(-duration_ms * rate.numerator // (1000 * rate.denominator)))
    return Grid(rate=rate, units=int(units), per_segment=round(SEGMENT_S * rate))
