"""What counts as activity, and how its months are called."""

from __future__ import annotations

from datetime import UTC, datetime

MONTHS = "activity_months"
"""The read model of which months there are."""

ACTIONS = frozenset(
    {
        "media.uploaded",
        "media.replaced",
        "media.version_deleted",
        "media.downloaded",
        "media.deleted",
        "media.edited",
        "media.placed",
        "media.played",
        "media.unplayed",
        "media.favourited",
        "media.unfavourited",
        "playback.started",
        "job.ordered",
        "job.downloaded",
        "access.changed",
        "share.made",
    }
)
"""What of the audit log is something that someone did with a medium."""


def month_of(at: datetime) -> str:
    """The month that a moment is in, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m")


def months_before(month: str, number: int) -> str:
    """So many months earlier."""
    year, since_january = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - number, 12)
    return f"{year:04}-{since_january + 1:02}"


def of_month(month: str) -> str:
    """The read model that has a month's activity."""
    return f"activity_{month.replace('-', '_')}"
