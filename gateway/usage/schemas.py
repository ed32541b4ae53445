"""What is stored, as JSON."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ConfigDict, Field


class DayUsage(BaseModel):
    """What one of them had on a day."""

    day: dt.date
    files: int
    size_bytes: int


class Usage(BaseModel):
    """What one of them has in the store."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "by": "type",
                    "key": "video",
                    "files": 12,
                    "size_bytes": 73_400_320,
                    "at": "2026-05-01T12:00:00Z",
                    "days": [{"day": "2026-05-01", "files": 12, "size_bytes": 73_400_320}],
                }
            ]
        }
    )

    by: str
    key: str = Field(
        description="An account's id; video, audio or unknown; a library's id or none; an area of the store, "
        "or raw/ and the class of storage for what is archived of it."
    )
    files: int
    size_bytes: int = Field(description="The same bytes counted once.")
    at: dt.datetime = Field(description="When it was counted.")
    days: list[DayUsage] = Field(description="The days that were asked for and counted, the oldest first.")
