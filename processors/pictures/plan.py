"""Which pictures a medium gets, and what workers are told and answer; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import TypeAdapter

from schemas.events import Stream, TaskPlan
from schemas.medium import Medium
from schemas.pictures import POSTER, THUMBNAILS, WAVEFORM, Drawn, folder, recipe_key

RUN = 1
_ATTEMPTS = 2
_BASE_MEMORY_MB = 100
_BYTES_PER_PIXEL_HELD = 60
"""About what the decoder's frames and the tone mapping take for each pixel of the source."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureOrder:
    """What a worker is told; the kind of the task says the rest."""

    medium: Medium


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureOutcome:
    """What it answers."""

    drawn: Drawn | None
    """None where the medium was deleted meanwhile."""
    made: int
    """How many files were not in the store before."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A task's kind and plan."""

    kind: str
    plan: TaskPlan


def shown(medium: Medium) -> Stream | None:
    """The stream that the poster shows: the video, else a cover."""
    covers = (s for s in medium.streams if s.kind == "video" and s.is_attached_picture)
    return medium.main("video") or next(covers, None)


def tasks(medium: Medium, media_id: str, owner_id: str) -> Iterator[Planned]:
    """The tasks of a medium that was accepted.

    A poster is soon seen and soon drawn. The rest may wait: it lives on what others leave of the processor.
    """

    def planned(kind: str, *, cpu: float, priority: str, stream: Stream) -> Planned:
        plan = TaskPlan(
            index=0,
            media_id=media_id,
            owner_id=owner_id,
            priority=priority,
            cpu=cpu,
            memory_mb=_BASE_MEMORY_MB + _held_mb(stream),
            tools=["ffmpeg"],
            max_attempts=_ATTEMPTS,
            order=written(PictureOrder(medium=medium)),
            makes=folder(medium.source, recipe_key(kind)),
        )
        return Planned(kind, plan)

    if (picture := shown(medium)) is not None:
        yield planned(POSTER, cpu=0.5, priority="normal", stream=picture)
    if (video := medium.main("video")) is not None:
        yield planned(THUMBNAILS, cpu=0.0, priority="low", stream=video)
    if (audio := medium.main("audio")) is not None:
        yield planned(WAVEFORM, cpu=0.0, priority="low", stream=audio)


def _held_mb(stream: Stream) -> int:
    return (stream.width or 0) * (stream.height or 0) * _BYTES_PER_PIXEL_HELD >> 20


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {
    kind: TypeAdapter(kind) for kind in (PictureOrder, PictureOutcome)
}


def written(value: PictureOrder | PictureOutcome) -> str:
    """An order or an outcome as JSON."""
    return _ADAPTERS[type(value)].dump_json(value).decode()


def read(kind: type[T], text: str) -> T:
    """The order or outcome in JSON. Raises ValueError for what is none."""
    made: T = _ADAPTERS[kind].validate_json(text)
    return made
