"""Which tasks a transcode needs, and what each is told to do; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from processors.transcode.orders import (
    AUDIO,
    FILE,
    JOIN,
    REMUX,
    TEXT,
    VIDEO,
    AudioOrder,
    CopyOrder,
    FileOrder,
    JoinOrder,
    TextOrder,
    VideoOrder,
    written,
)
from schemas.copies import Copies, copies
from schemas.events import TaskPlan
from schemas.medium import Medium
from schemas.profiles import Profile
from schemas.renditions import AudioRendition, CannotRender, Renditions, burnt, picture_grid, renditions
from schemas.segments import Made
from schemas.texts import TextRendition, drawn_text, texts

_ATTEMPTS = 3
_BASE_MEMORY_MB = 300
_AUDIO_MEMORY_MB = 200
_BYTES_PER_PIXEL_HELD = 100
"""About what the decoder, the filters and x264's look-ahead hold for each pixel of source and results."""
_VIDEO_RUN = 8
"""Segments in a video task: what a crash may lose, against what a start costs."""
_AUDIO_RUN = 75
_MOST_TASKS = 400
"""Of a very long medium the tasks get longer rather than more."""
_UNCOUNTED = 1_000_000
"""More segments than any source is cut into."""
_UNEVEN_PREROLL_S = 2.0
_NO_INDEX = frozenset({"mpegts", "mpeg", "avi", "asf", "flv"})
"""Containers in which a seek may come out behind the picture that was asked for."""
_NO_INDEX_PREROLL_S = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What someone asked for, and of what."""

    medium: Medium
    profile: Profile
    media_id: str
    owner_id: str
    priority: str
    name: str

    @property
    def file_name(self) -> str:
        """What the result is called."""
        return f"{self.name}.{self.profile.name}{self.profile.suffix}"


@dataclass(frozen=True, slots=True)
class Planned:
    """A task's kind and plan."""

    kind: str
    plan: TaskPlan


def plan(asked: Asked) -> list[Planned]:
    """The first tasks of one run of a job. Raises CannotRender."""
    reason = whole_file_reason(asked.profile)
    if reason is not None:
        return [_file(asked, reason)]
    if asked.profile.is_remux:
        return list(_remux(asked, copies(asked.medium, asked.profile)))
    return list(_runs(asked, renditions(asked.medium, asked.profile)))


def join(asked: Asked) -> Planned | None:
    """The task that makes a file of the segments; None where the segments are the result."""
    if asked.profile.container == "hls":
        return None
    made = renditions(asked.medium, asked.profile)
    order = JoinOrder(
        medium=asked.medium,
        profile=asked.profile,
        name=asked.file_name,
        video=made.video[0] if made.video else None,
        audio=made.audio,
    )
    return Planned(JOIN, _plan(asked, 0, cpu=0.5, memory_mb=_AUDIO_MEMORY_MB, order=written(order)))


def whole_file_reason(profile: Profile) -> str | None:
    """Why a medium is not encoded in segments; None where it is."""
    video, audio = profile.video, profile.audio
    if profile.is_remux:
        return None
    if profile.engine == "handbrake":
        return "HandBrake encodes whole files alone"
    if video and video.codec == "copy":
        return "what is copied keeps its own cuts"
    if video and video.two_pass:
        return "the second pass needs the first one's look at the whole"
    if audio and audio.codec not in ("aac", "opus"):
        return f"{audio.codec} is not cut without a seam"
    if audio and audio.loudness_lufs is not None:
        return "loudness is measured over the whole"
    return None


def _runs(asked: Asked, made: Renditions) -> Iterator[Planned]:
    """Video first: its pictures are what is waited for."""
    video = list(_video_runs(asked, made))
    yield from video
    for number, rendition in enumerate(made.audio):
        total = made.video[0].grid.units if made.video else rendition.grid.units
        yield from _audio_runs(asked, rendition, number, total, counts=not made.video and number == 0)
    yield from _texts(asked, (made.video or made.audio)[0].grid.units)


def _remux(asked: Asked, made: Copies) -> Iterator[Planned]:
    """One task copies what can be copied; sound that cannot is encoded in runs, as ever."""
    medium = asked.medium
    order = CopyOrder(
        location=medium.location,
        demuxer=medium.container,
        start_us=medium.start_us,
        tracks=made.tracks,
        ends_s={s.index: s.end_us / 1_000_000 for s in medium.streams if s.end_us is not None},
        duration_s=medium.duration_ms / 1000,
        total=_units(medium),
    )
    makes = str(Made(made.tracks[0].group, 0, _UNCOUNTED))
    memory = _BASE_MEMORY_MB + _AUDIO_MEMORY_MB
    yield Planned(REMUX, _plan(asked, 0, cpu=0.5, memory_mb=memory, order=written(order), makes=makes))
    for number, sound in enumerate(made.audio):
        if isinstance(sound, AudioRendition):
            yield from _audio_runs(asked, sound, number, order.total, counts=False)
    yield from _texts(asked, order.total)


def _video_runs(asked: Asked, made: Renditions) -> Iterator[Planned]:
    if not made.video:
        return
    grid = made.video[0].grid
    length = max(_VIDEO_RUN, -(-grid.segments // _MOST_TASKS))
    for index, first in enumerate(range(0, grid.segments, length)):
        order = VideoOrder(
            location=asked.medium.location,
            demuxer=asked.medium.container,
            start_us=asked.medium.start_us,
            rungs=made.video,
            first=first,
            count=min(length, grid.segments - first),
            preroll_s=preroll_s(asked.medium),
            text=_drawn(asked),
            total=grid.units,
        )
        makes = str(Made(made.video[0].group, first, order.count))
        yield Planned(
            VIDEO,
            _plan(asked, index, cpu=1.0, memory_mb=_memory(asked, made), order=written(order), makes=makes),
        )


def _audio_runs(
    asked: Asked, rendition: AudioRendition, number: int, total: int, *, counts: bool
) -> Iterator[Planned]:
    grid = rendition.grid
    length = max(_AUDIO_RUN, -(-grid.segments // _MOST_TASKS))
    source = next(s for s in asked.medium.streams if s.index == rendition.stream)
    for index, first in enumerate(range(0, grid.segments, length)):
        order = AudioOrder(
            location=asked.medium.location,
            demuxer=asked.medium.container,
            start_us=asked.medium.start_us,
            rendition=rendition,
            source_rate=source.sample_rate or rendition.sample_rate,
            first=first,
            count=min(length, grid.segments - first),
            total=total,
            counts=counts,
        )
        makes = str(Made(rendition.group, first, order.count))
        yield Planned(
            AUDIO,
            _plan(
                asked,
                number * _MOST_TASKS + index,
                cpu=0.5,
                memory_mb=_AUDIO_MEMORY_MB,
                order=written(order),
                makes=makes,
            ),
        )


def _texts(asked: Asked, total: int) -> Iterator[Planned]:
    tracks = texts(asked.medium)
    if not tracks:
        return
    order = TextOrder(
        location=asked.medium.location, demuxer=asked.medium.container, tracks=tracks, total=total
    )
    said = {"order": written(order), "makes": str(Made(tracks[0].group, 0, 1))}
    yield Planned(TEXT, _plan(asked, 0, cpu=0.5, memory_mb=_AUDIO_MEMORY_MB, **said))


def _file(asked: Asked, reason: str) -> Planned:
    video = asked.medium.main("video") if asked.profile.video or asked.profile.engine == "handbrake" else None
    if video is None and (asked.profile.audio is None or asked.medium.main("audio") is None):
        raise CannotRender("nothing_to_play", "it holds nothing of what the profile keeps")
    order = FileOrder(
        medium=asked.medium,
        profile=asked.profile,
        name=asked.file_name,
        reason=reason,
        text=_drawn(asked),
        total=_units(asked.medium),
    )
    tools = ["handbrake"] if asked.profile.engine == "handbrake" else ["ffmpeg"]
    memory = _BASE_MEMORY_MB + _held_mb(video.width or 0, video.height or 0) if video else _AUDIO_MEMORY_MB
    return Planned(FILE, _plan(asked, 0, cpu=1.0, memory_mb=memory, order=written(order), tools=tools))


def _drawn(asked: Asked) -> TextRendition | None:
    stream = burnt(asked.medium, asked.profile)
    return drawn_text(asked.medium, stream) if stream is not None else None


def _units(medium: Medium) -> int:
    """How many pictures a medium has; for sound alone, one for each 40 ms."""
    video = medium.main("video")
    rate = Fraction(video.frame_rate or "25") if video else Fraction(25)
    return picture_grid(rate, (video.end_us if video else None) or medium.duration_ms * 1000).units


def preroll_s(medium: Medium) -> float:
    """How much earlier than a run its source is read."""
    video = medium.main("video")
    uneven = _UNEVEN_PREROLL_S if video and video.variable_rate else 0.0
    return max(uneven, _NO_INDEX_PREROLL_S if medium.container in _NO_INDEX else 0.0)


def _memory(asked: Asked, made: Renditions) -> int:
    video = asked.medium.main("video")
    source = (video.width or 0, video.height or 0) if video else (0, 0)
    sizes = [source, *((rung.width, rung.height) for rung in made.video)]
    return _BASE_MEMORY_MB + sum(_held_mb(width, height) for width, height in sizes)


def _held_mb(width: int, height: int) -> int:
    return width * height * _BYTES_PER_PIXEL_HELD >> 20


def _plan(asked: Asked, index: int, *, cpu: float, memory_mb: int, order: str, **more: Any) -> TaskPlan:
    said: dict[str, Any] = {"tools": ["ffmpeg"], **more}
    return TaskPlan(
        index=index,
        media_id=asked.media_id,
        owner_id=asked.owner_id,
        priority=asked.priority,
        cpu=cpu,
        memory_mb=memory_mb,
        max_attempts=_ATTEMPTS,
        order=order,
        **said,
    )
