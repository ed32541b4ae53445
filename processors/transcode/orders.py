"""What workers are told to do for a transcode, and what they answer: JSON in the task's plan and outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter

from schemas.copies import CopiedPicture, CopiedSound
from schemas.medium import Medium
from schemas.profiles import Profile
from schemas.renditions import AudioRendition, VideoRendition
from schemas.texts import TextRendition

JOB = "transcode"
"""The kind of job."""
VIDEO, AUDIO, TEXT, JOIN, FILE, REMUX = "video", "audio", "text", "join", "file", "remux"
"""The kinds of its tasks."""
RUNS = frozenset({VIDEO, AUDIO, TEXT, REMUX})
"""Those that make the pieces that viewers fetch."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoOrder:
    """Consecutive segments of all rungs."""

    location: str
    demuxer: str
    start_us: int
    rungs: tuple[VideoRendition, ...]
    first: int
    count: int
    preroll_s: float
    text: TextRendition | None = None
    """Drawn into the pictures."""
    total: int
    """Pictures in the whole job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioOrder:
    """Consecutive segments of one track."""

    location: str
    demuxer: str
    start_us: int
    rendition: AudioRendition
    source_rate: int
    first: int
    count: int
    total: int
    """Pictures in the whole job; its packets, where it is of sound alone."""
    counts: bool
    """Whether the job's progress is counted in these packets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOrder:
    """All text tracks that viewers can choose from."""

    location: str
    demuxer: str
    tracks: tuple[TextRendition, ...]
    total: int
    """Pictures in the whole job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOrder:
    """All segments of some tracks, copied."""

    location: str
    demuxer: str
    start_us: int
    tracks: tuple[CopiedPicture | CopiedSound, ...]
    ends_s: dict[int, float]
    """When each stream ends, as far as its probe knows."""
    duration_s: float
    total: int
    """Pictures in the whole job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinOrder:
    """One file out of segments that are all there."""

    medium: Medium
    profile: Profile
    name: str
    video: VideoRendition | None
    audio: tuple[AudioRendition, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOrder:
    """The whole file in one go."""

    medium: Medium
    profile: Profile
    name: str
    reason: str
    """Why not in segments."""
    text: TextRendition | None = None
    """Drawn into the pictures."""
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A segment that is in the store."""

    segment: int
    size_bytes: int
    sha256: str
    units: int
    """Pictures or packets in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """What a run left in the store, by rendition."""

    stored: dict[str, list[Stored]]
    encoded: int
    """How many of these segments were not there before."""
    took_s: float = 0.0
    """How long it worked."""
    made_s: float = 0.0
    """How much of the medium it encoded, in all sizes."""
    encoder: str = ""
    """What encoded it, and what failed before that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOutcome:
    """What copying left in the store; the list beside each track's segments says more."""

    segments: dict[str, int]
    """How many there are, by track."""
    copied: list[str]
    """The tracks that were not there before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOutcome:
    """The file that was made."""

    location: str
    name: str
    size_bytes: int
    took_s: float = 0.0
    """How long it was encoded; 0 where it was joined."""
    made_s: float = 0.0


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {
    kind: TypeAdapter(kind)
    for kind in (
        VideoOrder,
        AudioOrder,
        TextOrder,
        CopyOrder,
        JoinOrder,
        FileOrder,
        RunOutcome,
        CopyOutcome,
        FileOutcome,
    )
}


def written(value: Any) -> str:
    """An order or an outcome as JSON."""
    return _ADAPTERS[type(value)].dump_json(value).decode()


def read(kind: type[T], text: str) -> T:
    """The order or outcome in JSON. Raises ValueError for what is none."""
    made: T = _ADAPTERS[kind].validate_json(text)
    return made
