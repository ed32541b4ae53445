"""Activity as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class Activity(BaseModel):
    """Something that someone did."""

    id: str
    at: datetime
    user: str = Field(description="An account's id, admin, or share:<id>.")
    action: str = Field(examples=["media.played"])
    kind: str | None = Field(description="What kind of thing it was done with.", examples=["media"])
    target: str | None = Field(description="Which one.")
    count: int = Field(description="How many alike, within a minute, it stands for.")
    details: dict[str, str]


class Activities(BaseModel):
    """What was done in a month, the newest first."""

    items: list[Activity]
    next: str | None = Field(None, description="The cursor of the next page; null at the month's beginning.")
    month: str = Field(examples=["2026-05"])
    earlier: str | None = Field(description="The last month before it that there is anything of.")
