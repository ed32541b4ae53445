"""Which processes there are, from their beats: a table in memory that any gateway fills for itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.ports import Clock, Tail
from gateway.system.schemas import Service
from schemas.events import ServiceBeat

DOWN = "down"
LOOK_BACK = timedelta(seconds=60)
"""How far back the beats are read at start."""

_MISSED_BEATS = 3
_FORGOTTEN_AFTER = timedelta(minutes=5)


class Presence:
    """The last beat of each process."""

    def __init__(self, tail: Tail, clock: Clock) -> None:
        self._tail = tail
        self._clock = clock
        self._beats: dict[str, ServiceBeat] = {}

    async def run(self) -> None:
        """Reads beats for as long as the process lives."""
        async for delivery in self._tail.deliveries():
            if isinstance(delivery.event, ServiceBeat):
                self.hear(delivery.event)

    def hear(self, beat: ServiceBeat) -> None:
        """Takes a beat in; a later one of the same process stays."""
        known = self._beats.get(beat.instance)
        if known is None or known.meta.occurred_at <= beat.meta.occurred_at:
            self._beats[beat.instance] = beat

    def services(self) -> list[Service]:
        """The processes heard of lately, by name; silent ones are down, long silent ones are forgotten."""
        now = self._clock.now()
        self._beats = {
            name: beat
            for name, beat in self._beats.items()
            if now - beat.meta.occurred_at <= _FORGOTTEN_AFTER
        }
        return [_service(beat, now) for _, beat in sorted(self._beats.items())]


def _service(beat: ServiceBeat, now: datetime) -> Service:
    patience = timedelta(milliseconds=beat.interval_ms) * _MISSED_BEATS
    silent = now - beat.meta.occurred_at > patience
    return Service(
        service=beat.service,
        instance=beat.instance,
        host=beat.host,
        pid=beat.pid,
        version=beat.version,
        state=DOWN if silent else beat.state,
        started_at=beat.started_at,
        last_beat_at=beat.meta.occurred_at,
        details=beat.details,
    )
