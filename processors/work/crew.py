"""The workers that take work, as their beats tell: how many places they have, and which tools. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from schemas.events import ServiceBeat

SERVICE = "worker"
_BEATS_MISSED = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker, and until when its last beat lets us believe that it is alive."""

    slots: int
    tools: frozenset[str]
    silent_at: datetime


@dataclass(slots=True)
class Crew:
    """Everyone heard of."""

    _seen: dict[str, Seen] = field(default_factory=dict)

    def hear(self, beat: ServiceBeat) -> None:
        """Takes in a worker's beat."""
        if beat.state != "up":
            self._seen.pop(beat.instance, None)
            return
        silence = timedelta(milliseconds=_BEATS_MISSED * beat.interval_ms)
        self._seen[beat.instance] = Seen(
            slots=int(beat.details.get("slots", "1")),
            tools=frozenset(filter(None, beat.details.get("tools", "").split(","))),
            silent_at=beat.meta.occurred_at + silence,
        )

    def slots(self, now: datetime) -> int:
        """The places of those alive."""
        return sum(seen.slots for seen in self._live(now))

    def tools(self, now: datetime) -> frozenset[str]:
        """The tools that someone alive has."""
        return frozenset().union(*(seen.tools for seen in self._live(now)))

    def _live(self, now: datetime) -> list[Seen]:
        return [seen for seen in self._seen.values() if seen.silent_at > now]
