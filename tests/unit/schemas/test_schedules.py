"""When schedules are due, as a table: daylight-saving jumps, outages, and what is no schedule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from schemas.schedules import MOST_MISSED, BadSchedule, Due, due, next_due, refuse_bad_times

BERLIN, UTC_ZONE = "Europe/Berlin", "UTC"
"""In Berlin 02:00 to 03:00 is leapt over on 2026-03-29, and shown twice on 2026-10-25."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        ("0 3 * * *", UTC_ZONE, "2026-01-01T03:00", "2026-01-02T03:00"),
        ("0 3 * * *", UTC_ZONE, "2026-01-01T02:59:59.999", "2026-01-01T03:00"),
        ("@daily", BERLIN, "2026-07-01T12:00", "2026-07-01T22:00"),
        ("@weekly", UTC_ZONE, "2026-01-01T00:00", "2026-01-04T00:00"),
        ("0 9 * * MON-FRI", UTC_ZONE, "2026-01-02T09:00", "2026-01-05T09:00"),
        ("30 2 * * *", BERLIN, "2026-03-28T12:00", "2026-03-29T01:00"),  # it does not exist: 03:00
        ("30 2 * * *", BERLIN, "2026-03-29T01:00", "2026-03-30T00:30"),
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", "2026-10-25T00:30"),  # it exists twice: the first
        ("30 2 * * *", BERLIN, "2026-10-25T00:30", "2026-10-26T01:30"),
        ("*/30 * * * *", BERLIN, "2026-03-29T00:30", "2026-03-29T01:00"),
        ("*/30 * * * *", BERLIN, "2026-10-25T00:30", "2026-10-25T01:00"),
        ("0 0 29 2 *", UTC_ZONE, "2026-01-01T00:00", "2028-02-29T00:00"),
    ],
)
def test_the_next_moment(cron: str, zone: str, after: str, expected: str) -> None:
    assert next_due(cron, zone, at(after)) == at(expected)


@pytest.mark.parametrize(
    ("cron", "zone", "since", "now", "expected"),
    [
        ("0 3 * * *", UTC_ZONE, "2026-01-01T03:00", "2026-01-02T02:59:59.999", None),
        ("0 3 * * *", UTC_ZONE, "2026-01-01T03:00", "2026-01-02T03:00", ("2026-01-02T03:00", 0)),
        ("0 3 * * *", UTC_ZONE, "2026-01-02T03:00", "2026-01-02T03:00:01", None),
        ("0 3 * * *", UTC_ZONE, "2026-01-01T03:00", "2026-01-05T01:00", ("2026-01-04T03:00", 2)),
        ("* * * * *", UTC_ZONE, "2026-01-01T00:00", "2026-01-01T05:00:30", ("2026-01-01T05:00", 299)),
        ("* * * * *", UTC_ZONE, "2025-01-01T00:00", "2026-01-01T00:00", ("2026-01-01T00:00", MOST_MISSED)),
        ("30 2 * * *", BERLIN, "2026-03-28T01:30", "2026-03-29T00:59", None),
        ("30 2 * * *", BERLIN, "2026-03-28T01:30", "2026-03-29T01:00", ("2026-03-29T01:00", 0)),
        ("30 2 * * *", BERLIN, "2026-03-29T01:00", "2026-03-29T01:45", None),
        ("30 2 * * *", BERLIN, "2026-10-24T00:30", "2026-10-25T00:30", ("2026-10-25T00:30", 0)),
        ("30 2 * * *", BERLIN, "2026-10-25T00:30", "2026-10-25T01:30", None),  # shown for the second time
        ("30 2 * * *", BERLIN, "2026-10-25T00:30", "2026-10-25T12:00", None),
    ],
)
def test_what_has_come_due(
    cron: str, zone: str, since: str, now: str, expected: tuple[str, int] | None
) -> None:
    found = due(cron, zone, at(since), at(now))
    assert found == (Due(at(expected[0]), expected[1]) if expected else None)


def test_every_minute_over_a_day_of_a_jump_comes_once_for_each_minute() -> None:
    for day in (at("2026-03-28T22:00"), at("2026-10-24T22:00")):
        seen = []
        now = day
        for _ in range(300):
            found = next_due("* * * * *", BERLIN, now)
            assert found is not None
            seen.append((found - now).total_seconds())
            now = found
        assert set(seen) == {60.0}


@pytest.mark.parametrize(
    ("cron", "zone", "said"),
    [
        ("every day", UTC_ZONE, "is no cron expression"),
        ("61 * * * *", UTC_ZONE, "Bad minute"),
        ("* * * * * *", UTC_ZONE, "is no cron expression"),
        ("@reboot", UTC_ZONE, "@daily"),
        ("0 0 30 2 *", UTC_ZONE, "is n"),
        ("0 3 * * *", "Mars/Olympus", "is no time zone"),
        ("0 3 * * *", "../etc/passwd", "is no time zone"),
        ("", UTC_ZONE, "is no cron expression"),
    ],
)
def test_what_is_no_schedule_is_refused_with_words(cron: str, zone: str, said: str) -> None:
    with pytest.raises(BadSchedule, match=said):
        refuse_bad_times(cron, zone)
