"""What viewers wait for, and what they will want next, as `playback.changed` tells. Pure but for the event
that says that something changed.

Nothing here is kept: a viewer asks again, and who falls silent for 30 s waits for nothing any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from schemas.events import PlaybackChanged
from schemas.segments import SEGMENT_S, Made

_SILENT_AFTER = timedelta(seconds=30)
_AHEAD = 30
"""Segments before a playhead that are made before anything that nobody watches."""
WAITING, PLAYING, STOPPED = "waiting", "playing", "stopped"


@dataclass(frozen=True, slots=True)
class Head:
    """Where one viewer is in one group of renditions."""

    group: str
    rendition: str | None
    segment: int
    """The first one that the viewer lacks."""
    at: datetime
    """When it is needed."""
    waiting: bool
    heard_at: datetime

    def deadline(self, segment: int) -> datetime | None:
        """When a segment is needed; None where it is not, or not soon."""
        ahead = segment - self.segment
        return self.at + timedelta(seconds=SEGMENT_S * ahead) if 0 <= ahead < _AHEAD else None


@dataclass(frozen=True, slots=True)
class Want:
    """The most pressing segment of a run."""

    deadline: datetime
    segment: int
    rendition: str | None
    """Which of the sizes."""
    waiting: bool
    """Whether someone sees nothing until it is there."""


@dataclass(slots=True)
class Demands:
    """Every viewer heard of."""

    _heads: dict[tuple[str, str], Head] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by the next piece of news; after that there is another one here."""

    def hear(self, event: PlaybackChanged) -> None:
        """Takes in where a viewer is."""
        if event.state == STOPPED:
            for key in [key for key in self._heads if key[0] == event.session_id]:
                del self._heads[key]
        elif event.makes is not None and event.segment is not None:
            waiting = event.state == WAITING
            at = event.meta.occurred_at
            segment = event.segment if waiting else event.segment + 1
            known = self._heads.get((event.session_id, event.makes))
            if known is not None and known.segment == segment and known.waiting == waiting:
                at = known.at
            head = Head(event.makes, event.rendition, segment, at, waiting, event.meta.occurred_at)
            self._heads[event.session_id, event.makes] = head
        self._tell()

    def stored(self, rendition: str, segment: int) -> None:
        """Nobody waits for that one any more."""
        for key, head in self._heads.items():
            if head.waiting and (head.rendition, head.segment) == (rendition, segment):
                at = head.heard_at + timedelta(seconds=SEGMENT_S)
                self._heads[key] = replace(head, segment=segment + 1, at=at, waiting=False)
        self._tell()

    def want(self, made: Made | None, now: datetime, without: Iterable[int] = ()) -> Want | None:
        """What is most pressing of a run, leaving out segments that are there; None where nobody watches."""
        if made is None:
            return None
        there = frozenset(without)
        wants = [want for head in self._live(made.group, now) for want in _wants(head, made, there)]
        return min(wants, key=lambda want: (not want.waiting, want.deadline, want.segment), default=None)

    def waited_for(self, now: datetime) -> list[Head]:
        """Those who see nothing just now."""
        return [head for head in self._heads.values() if head.waiting and now - head.heard_at < _SILENT_AFTER]

    def watched(self, group: str, now: datetime) -> bool:
        """Whether anybody watches one of these renditions."""
        return bool(self._live(group, now))

    def _tell(self) -> None:
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def _live(self, group: str, now: datetime) -> list[Head]:
        heads = self._heads.values()
        return [head for head in heads if head.group == group and now - head.heard_at < _SILENT_AFTER]


def _wants(head: Head, made: Made, there: frozenset[int]) -> Iterator[Want]:
    for segment in range(max(head.segment, made.first), made.first + made.count):
        if segment in there:
            continue
        deadline = head.deadline(segment)
        if deadline is not None:
            yield Want(deadline, segment, head.rendition, head.waiting and segment == head.segment)
        return
