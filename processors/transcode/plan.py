"""Which tasks a transcode needs and what each is told to do; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import orjson

from schemas.events import TaskPlan
from schemas.profiles import PROFILES, Profile

KIND = "transcode"
_ATTEMPTS = 3
_BASE_MEMORY_MB = 300
_BYTES_PER_PIXEL_HELD = 100
"""About what the decoder, the filters and x264's look-ahead hold for each pixel of the source."""


class CannotPlan(ValueError):
    """This medium cannot be given that form: `code` for programs, the message for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeOrder:
    """What a worker is told to do."""

    location: str
    demuxer: str
    profile: str
    name: str
    video_stream: int | None
    audio_stream: int | None
    height: int
    frames_total: int
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscodeOutcome:
    """What a worker has made."""

    location: str
    name: str
    size_bytes: int


def plan(job: Mapping[str, Any], owner_id: str, media_id: str, probe: Mapping[str, Any]) -> list[TaskPlan]:
    """The tasks of one run, from the job's request and the medium's probe. Raises CannotPlan."""
    profile = PROFILES.get(job["profile"])
    if profile is None:
        raise CannotPlan("unknown_profile", f"there is no profile {job['profile']!r}")
    order = _order(job["name"], profile, probe)
    video = _stream(probe, order.video_stream)
    pixels = (video.get("width") or 0) * (video.get("height") or 0)
    return [
        TaskPlan(
            index=0,
            media_id=media_id,
            owner_id=owner_id,
            priority=job["priority"],
            cpu=1.0,
            memory_mb=_BASE_MEMORY_MB + (pixels * _BYTES_PER_PIXEL_HELD >> 20),
            tools=["ffmpeg"],
            max_attempts=_ATTEMPTS,
            order=orjson.dumps(asdict(order)).decode(),
        )
    ]


def _order(name: str, profile: Profile, probe: Mapping[str, Any]) -> TranscodeOrder:
    video = _best(probe["streams"], "video")
    audio = _best(probe["streams"], "audio")
    if video is None and audio is None:
        raise CannotPlan("nothing_to_play", "it holds no video and no audio")
    return TranscodeOrder(
        location=probe["location"],
        demuxer=probe["container"],
        profile=profile.name,
        name=f"{name}.{profile.name}{profile.suffix}",
        video_stream=video["index"] if video else None,
        audio_stream=audio["index"] if audio else None,
        height=_height(video, profile) if video else 0,
        frames_total=_frames(video, probe["duration_ms"]),
        duration_ms=probe["duration_ms"],
    )


def _best(streams: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any] | None:
    """The default stream of a kind, else the first; never a cover picture."""
    suitable = [s for s in streams if s["kind"] == kind and not s["is_attached_picture"]]
    return min(suitable, key=lambda s: (not s["is_default"], s["index"]), default=None)


def _stream(probe: Mapping[str, Any], index: int | None) -> Mapping[str, Any]:
    return next((s for s in probe["streams"] if s["index"] == index), {})


def _height(video: Mapping[str, Any], profile: Profile) -> int:
    """The result's height as shown: never more than the source's, and even."""
    turned = video.get("rotation", 0) in (90, 270)
    shown = video.get("width" if turned else "height") or profile.max_height
    return max(2, min(shown, profile.max_height) // 2 * 2)


def _frames(video: Mapping[str, Any] | None, duration_ms: int) -> int:
    """How many pictures the result will have; for sound alone, one for each 40 ms."""
    if video is None:
        return max(1, duration_ms // 40)
    if video.get("frames"):
        return int(video["frames"])
    rate = Fraction(video.get("frame_rate") or "25/1")
    return max(1, round(duration_ms * rate / 1000))
