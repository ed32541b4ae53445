"""The one place that reads time."""

from __future__ import annotations

from datetime import UTC, datetime

from schemas.events import to_millis


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """See ports.Clock."""
        return to_millis(datetime.now(UTC))
