"""Files that break their promise: headers that claim more than there is, and files that end too early."""

from __future__ import annotations

from typing import Any

from tests.sources.source import PLAIN_ORDER, Source, film
from tests.sources.steps import boasting, torn_after

_BOASTING: dict[str, Any] = {
    "frames": 90,
    "then": boasting(100),
    "claimed_s": 300.0,
    "tags": "claims_too_much",
}
_TORN: dict[str, Any] = {
    "drawn": 180,
    "frames": 120,
    "video": PLAIN_ORDER,
    "duration_s": 4.0,
    "then": torn_after(120),
}

SOURCES: tuple[Source, ...] = (
    film("boasting_mkv", ".mkv", **_BOASTING),
    film("boasting_flv", ".flv", **_BOASTING),
    film("torn_mp4", output=("-movflags", "faststart"), claimed_s=6.0, tags="claims_too_much torn", **_TORN),
    film("torn_mkv", ".mkv", claimed_s=6.0, tags="claims_too_much", **_TORN),
    film("torn_ts", ".ts", tags="late_start torn", **{**_TORN, "frames": 121}),
)
