"""Schedules: which chore is due when. Pure; gateway and leader go by the same words.

What a daylight-saving jump does is as Debian's cron has it, and as `cronsim` counts it: a fixed time that the
clock leaps over is due at the first moment after the leap, one that the clock shows twice is due at the first
of the two; what is due every so many minutes or hours goes by time that passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import orjson
from cronsim import CronSim, CronSimError

KIND = "schedule"
"""The kind of resource."""

MOST_MISSED = 1000
"""More than this is not counted."""

_A_MOMENT = timedelta(milliseconds=1)
_FIELDS = 5
_SHORT = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

_HOW = "say minute hour day month weekday, as in '0 3 * * *', or one of " + ", ".join(_SHORT)


class BadSchedule(ValueError):
    """A schedule that cannot be; the message says what to change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A chore, and when it is due."""

    cron: str
    zone: str
    chore: str
    options: Mapping[str, Any]
    paused: bool
    owner_id: str

    def written(self) -> str:
        """As an event carries it."""
        return orjson.dumps(asdict(self)).decode()

    def said_options(self) -> str:
        """What the chore is told, as its event carries it."""
        return orjson.dumps(self.options).decode()


@dataclass(frozen=True, slots=True)
class Due:
    """A moment that has come, and how many before it went by unseen."""

    at: datetime
    missed: int


def read(value: str) -> Schedule:
    """What `written` wrote; members of a later version are passed over."""
    said = orjson.loads(value)
    return Schedule(**{name: said[name] for name in Schedule.__slots__})


def refuse_bad_times(cron: str, zone: str) -> None:
    """Raises BadSchedule for what is no cron expression, never due, or no time zone."""
    if zone not in _zones():
        raise BadSchedule(f"{zone!r} is no time zone; name one as in Europe/Berlin, or UTC")
    if cron not in _SHORT and len(cron.split()) != _FIELDS:
        raise BadSchedule(f"{cron!r} is no cron expression; {_HOW}")
    try:
        found = next_due(cron, zone, datetime(2024, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        raise BadSchedule(f"{cron!r} is no cron expression ({error}); {_HOW}") from error
    if found is None:
        raise BadSchedule(f"{cron!r} is never due")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def next_due(cron: str, zone: str, after: datetime) -> datetime | None:
    """The first moment after that one; None where there is none in fifty years."""
    found = next(CronSim(_SHORT.get(cron, cron), after.astimezone(ZoneInfo(zone))), None)
    return found.astimezone(UTC) if found else None


def due(cron: str, zone: str, since: datetime, now: datetime) -> Due | None:
    """The last moment after `since` that has come by now, for all of them; None where none has."""
    up_to = (now + _A_MOMENT).astimezone(ZoneInfo(zone))
    passed = takewhile(lambda at: at > since, _backwards(cron, up_to))
    found = list(islice(passed, MOST_MISSED + 1))
    return Due(found[0], len(found) - 1) if found else None


def _backwards(cron: str, before: datetime) -> Iterator[datetime]:
    for moment in CronSim(_SHORT.get(cron, cron), before, reverse=True):
        yield moment.astimezone(UTC)
